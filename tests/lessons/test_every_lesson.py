"""What must hold of every lesson; a lesson is covered as soon as its file exists."""

import ast
import gc
import json
import math
import random
import re
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import fields, is_dataclass, replace
from functools import partial
from io import StringIO
from threading import Barrier
from typing import Any
from urllib.parse import parse_qsl

import pytest
import torch
from torch import Tensor, nn

from components import CHAPTERS
from explorable.params import choices, from_query, kind, not_in_a_link, read, to_query
from explorable.parsing import tree_of
from explorable.wire import plain
from tests.corners import (
    LESSONS,
    MODULES,
    at_every_corner,
    corners,
    extremes,
    few,
    figure_at,
    is_hidden,
    neighbours,
    quick,
    result_at,
    run_again,
    snippet_corners,
    some_corners,
)


def test_every_lesson_has_the_name_of_its_file():
    slugs = {m.__name__.removeprefix("lessons."): m.LESSON.slug for m in MODULES if hasattr(m, "LESSON")}
    assert all(stem == slug for stem, slug in slugs.items())
    assert slugs


# -- the snippet ------------------------------------------------------------------------------------------------------


@partial(at_every_corner, of=snippet_corners)
def test_the_snippet_recomputes_every_field_of_the_result(lesson, params):
    result, names = dict(vars(result_at(lesson.slug, params))), {"__name__": "__main__"}
    assert executed(lesson.snippet(params), names) == result.pop("error", None)
    for name, value in result.items():
        assert name in names or value is None, f"the snippet does not bind {name}"
        if name not in lesson.measured:
            assert_same(names.get(name), value, name, lesson.tolerance)


@pytest.mark.thorough
def test_the_snippet_needs_nothing_of_the_project(lesson):
    nodes = [node for params in some_corners(lesson) for node in ast.walk(tree_of(lesson.snippet(params)))]
    plain_imports = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    from_imports = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.split(".")[0] for name in plain_imports | from_imports}
    assert packages <= {"regex", "torch", "tqdm", "transformers"} | sys.stdlib_module_names


def executed(code: str, names: dict[str, Any]) -> str | None:
    """Runs a snippet as on a machine whose generator stands anywhere; returns the text of the error it raises."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(987654321)
        try:
            exec(code, names)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return None


def repeatable(lesson: Any, result: Any) -> dict[str, Any]:
    """The fields of a Result that are not measured: two runs agree on them."""
    return {name: value for name, value in vars(result).items() if name not in lesson.measured}


def assert_same(actual: Any, expected: Any, name: str, tolerance: float = 0.0) -> None:
    """Equal in type, dtype and shape, and in value to the last bit (NaN included) unless the lesson declares a tolerance."""
    assert type(actual).__name__ == type(expected).__name__, f"{name} is {actual!r}, not {expected!r}"
    if isinstance(expected, Tensor):
        equal = {"rtol": tolerance, "atol": tolerance, "equal_nan": True, "check_stride": True}
        torch.testing.assert_close(actual, expected, **equal, msg=lambda m: f"{name}: {m}")
    elif is_dataclass(expected):
        assert_same(vars(actual), vars(expected), name, tolerance)
    elif isinstance(expected, Mapping):
        assert list(actual) == list(expected), f"the keys of {name} differ"
        assert_same(list(actual.values()), list(expected.values()), name, tolerance)
    elif isinstance(expected, (list, tuple)):
        assert len(actual) == len(expected), f"{name} has {len(actual)} items, not {len(expected)}"
        for index, pair in enumerate(zip(actual, expected, strict=True)):
            assert_same(*pair, f"{name}[{index}]", tolerance)
    elif isinstance(expected, float) and tolerance:
        close = math.isclose(actual, expected, rel_tol=tolerance, abs_tol=tolerance)
        assert close, f"{name}: {actual} is not {expected}"
    else:
        assert actual == expected or actual != actual and expected != expected, (
            f"{name}: {actual!r} is not {expected!r}"
        )


# -- the link ---------------------------------------------------------------------------------------------------------


@at_every_corner
def test_a_link_reopens_its_params(lesson, params):
    query = dict(parse_qsl(to_query(lesson.slug, params), keep_blank_values=True))
    assert query.pop("lesson") == lesson.slug
    defaults = vars(lesson.Params())
    kept = replace(params, **{name: defaults[name] for name in not_in_a_link(params)})
    assert from_query(lesson.Params, query) == (kept, [])


def test_a_bad_link_opens_the_defaults_and_says_which_fields_fell(lesson):
    nonsense = {
        p.name: "x" * (p.metadata["max_length"] + 1) if kind(p) is str else "nan" for p in fields(lesson.Params)
    }
    params, notes = from_query(lesson.Params, nonsense)
    assert params == lesson.Params()
    assert [note.split()[0] for note in notes] == list(nonsense)


def test_every_default_is_in_range(lesson):
    assert read(lesson.Params, vars(lesson.Params())) == lesson.Params()


# -- the controls -----------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_every_control_moves_the_picture_and_is_heard_in_the_words(lesson):
    for param in fields(lesson.Params):
        groups = list(neighbours(lesson.Params, param.name))
        assert groups, f"{param.name} has only one value"
        pictures = [{json.dumps(figure_at(lesson.slug, params)) for params in group} for group in groups]
        captions = [{words_at(lesson, params) for params in group} for group in groups]
        assert max(map(len, pictures)) > 1, f"{param.name} changes no picture"
        assert max(map(len, captions)) > 1, f"{param.name} changes no word"


@pytest.mark.thorough
def test_a_hidden_control_changes_nothing(lesson):
    for param in fields(lesson.Params):
        for params in few(lesson, [params for params in corners(lesson.Params) if is_hidden(params, param)]):
            other = replace(params, **{param.name: extremes(param)[-1]})
            hidden = repeatable(lesson, lesson.run(other)), repeatable(lesson, result_at(lesson.slug, params))
            assert_same(*hidden, f"the Result under a hidden {param.name}", lesson.tolerance)


@at_every_corner
def test_the_caption_holds_numbers_of_the_result_or_its_error(lesson, params):
    result, caption = result_at(lesson.slug, params), caption_at(lesson, params)
    if getattr(result, "error", None):
        named = result.error.split(":")[0] in caption or result.error.split(": ", 1)[1] in caption
        assert named, f"a caption of what raises names the type of the error or quotes its text: {caption}"
    else:
        known = {number for value in vars(result).values() for number in numbers_of(value)}
        told = re.findall(r"-?\d+(?:\.\d+)?", caption.replace("\N{MINUS SIGN}", "-"))
        assert any(is_rounded(word, known) for word in told), caption


def caption_at(lesson: Any, params: Any) -> str:
    return lesson.caption(params, result_at(lesson.slug, params))


def words_at(lesson: Any, params: Any) -> str:
    """All that the lesson says: the caption, and what it leaves to the fold."""
    more = lesson.details(params, result_at(lesson.slug, params)) if lesson.details else ""
    return caption_at(lesson, params) + more


@at_every_corner
def test_a_caption_is_one_sentence_with_at_most_three_numbers(lesson, params):
    caption = caption_at(lesson, params)
    assert re.search(r"[.?!]$", caption) and not re.search(r"[.?!] ", caption), caption
    told = re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", caption)
    assert len(told) <= 3, f"a caption has at most three numbers, and this has {len(told)}: {caption}"


def numbers_of(value: Any) -> list[float]:
    """The numbers in a field, its sizes, and for integers and booleans how many there are."""
    if isinstance(value, Tensor):
        total = [] if value.is_floating_point() else [float(value.sum())]
        return [*value.detach().flatten().tolist(), *value.shape, *total]
    if isinstance(value, Mapping):
        return [len(value), *(number for item in value.values() for number in numbers_of(item))]
    if isinstance(value, (list, tuple)):
        return [len(value), *(number for item in value for number in numbers_of(item))]
    return [value] if isinstance(value, (int, float)) else []


def is_rounded(word: str, known: set[float]) -> bool:
    digits = len(word.partition(".")[2])
    return any(f"{number:.{digits}f}" == word for number in known)


# -- threads and generators -------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_run_leaves_the_global_generators_alone(lesson):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(12345)
        before, python = torch.get_rng_state(), random.getstate()
        for params in run_again(lesson, 8):
            lesson.run(params)
            assert torch.equal(torch.get_rng_state(), before), f"torch's generator moved at {params}"
            assert random.getstate() == python, f"Python's generator moved at {params}"


def test_two_threads_with_one_seed_agree(lesson):
    together, params = Barrier(2), quick(lesson)
    expected = result_at(lesson.slug, params)

    def visitor(params: Any) -> list[Any]:
        together.wait()
        return [lesson.run(params) for _ in range(1 if lesson.button else 3)]

    with ThreadPoolExecutor(2) as pool:
        for results in pool.map(visitor, [params] * 2):
            for result in results:
                assert_same(repeatable(lesson, result), repeatable(lesson, expected), lesson.slug, lesson.tolerance)


@at_every_corner
def test_the_answer_of_the_api_is_json(lesson, params):
    json.dumps(plain(result_at(lesson.slug, params)), allow_nan=False)


def test_a_run_leaves_no_tensor_behind(lesson):
    def alive() -> int:
        gc.collect()
        return sum(type(found) in (Tensor, nn.Parameter) for found in gc.get_objects())

    first = run_again(lesson, 3)[:3]
    for params in first:  # what a lesson keeps, such as its model, is kept by now
        lesson.run(params)
    before = alive()
    for params in first:
        lesson.run(params)
    assert alive() <= before


# -- predictions and traps --------------------------------------------------------------------------------------------


def test_every_prediction_is_what_torch_says(lesson):
    assert len(lesson.predictions) >= 3
    for prediction in lesson.predictions:
        there = lesson.program.proofs()
        assert prediction.proof in there, f"no cell is called proof: {prediction.proof}; there are {', '.join(there)}"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            proven = printed(lesson.program.proof(prediction.proof))
        texts = [choice.text for choice in prediction.choices]
        agree = [text == proven or text.startswith(f"{proven}: ") for text in texts]
        assert [index for index, same in enumerate(agree) if same] == [prediction.answer], (
            f"{prediction.question} The proof prints {proven!r}."
        )


def printed(code: str) -> str:
    """What a small program prints."""
    with redirect_stdout(StringIO()) as out:
        exec(code, {"__name__": "__main__"})
    return out.getvalue().strip()


def test_every_prediction_can_be_wrong_and_says_why(lesson):
    for prediction in lesson.predictions:
        texts, replies = zip(*((choice.text, choice.reply) for choice in prediction.choices), strict=True)
        assert len(set(texts)) == len(texts) > 1, f"{prediction.id}: two choices read alike"
        assert 0 <= prediction.answer < len(texts), f"{prediction.id}: answer is the index of the right choice"
        assert prediction.question.endswith("?"), f"{prediction.id}: a question ends with ?"
        short = [reply for reply in replies if len(reply.split()) <= 5]
        assert not short, f"{prediction.id}: a reply has more than five words, and says why"
        read(lesson.Params, prediction.show)
    assert len({prediction.answer for prediction in lesson.predictions}) > 1, (
        "the right choice always has the same place: move one, and change its answer"
    )


def test_a_question_has_a_name_and_replies_to_each_of_three_to_five_choices(lesson):
    for prediction in lesson.predictions:
        replies = {choice.reply for choice in prediction.choices}
        assert 3 <= len(prediction.choices) == len(replies) <= 5, prediction.question
        assert re.fullmatch(r"[a-z][a-z0-9_]*", prediction.id), prediction.question
    assert len({prediction.id for prediction in lesson.predictions}) == len(lesson.predictions)


def test_the_first_question_asks_about_what_the_first_screen_shows(lesson):
    asked = lesson.Params(**lesson.predictions[0].show)
    assert asked == lesson.Params(), "the first question is asked at the defaults: show={}"


def test_the_first_screen_has_two_to_four_controls_and_leads_to_lessons_that_exist(lesson):
    names = {param.name for param in fields(lesson.Params)}
    assert set(lesson.main) <= names, f"main names what is no field of Params: {set(lesson.main) - names}"
    others = set(LESSONS) - {lesson.slug}
    assert set(lesson.related) <= others, f"related names what is no other lesson: {set(lesson.related) - others}"
    assert 2 <= len(lesson.main) <= 4 or len(names) < 2, f"main names two to four of {', '.join(names)}"


def test_every_trap_shows_another_picture_and_a_public_source(lesson):
    default = json.dumps(figure_at(lesson.slug, lesson.Params()))
    for trap in lesson.traps:
        assert json.dumps(figure_at(lesson.slug, read(lesson.Params, trap.params))) != default, trap.name
        assert re.match(r"https://[\w.-]+/\S+$", trap.source), trap.name
        assert trap.sentence.endswith(".") and trap.name
    assert len({trap.name for trap in lesson.traps}) == len(lesson.traps) > 0


def test_every_lesson_says_what_is_true_in_one_sentence(lesson):
    assert lesson.title and lesson.truth.strip().endswith(".")
    unexplained = [param.name for param in fields(lesson.Params) if not (param.metadata["about"] or choices(param))]
    assert unexplained == [], 'give each of these an about="...", one line for whoever sets it'


def test_every_lesson_stands_in_a_chapter(lesson):
    assert any(lesson.slug in chapter.lessons for chapter in CHAPTERS), (
        f'{lesson.slug} is in no chapter: add "{lesson.slug}" to the lessons of a file in components/'
    )
