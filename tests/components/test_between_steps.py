"""Every number of every lesson at its ends, on its steps and between them: computed, or refused by name, at every door."""

from collections.abc import Iterator
from dataclasses import Field, asdict, fields

import pytest

from components.api import arguments
from explorable.lesson import Lesson
from explorable.params import BadParam, accepts, from_query, kind
from tests.components.served import at_the_door, opened_by
from tests.corners import changed, figure_at, quick

CLOSE = 1e-9  # to an end, without being there


def numbers(lesson: Lesson) -> list[Field]:
    return [param for param in fields(lesson.Params) if kind(param) in (int, float)]


def tried(param: Field) -> Iterator[float]:
    """Numbers inside the bounds: the ends, the steps next to them, and what lies between those."""
    low, high, step = (param.metadata[name] for name in ("low", "high", "step"))
    offsets = (0, step, step / 2, step / 3, CLOSE, 1)
    near = [kind(param)(value) if value == int(value) else value for at in offsets for value in (low + at, high - at)]
    return (value for value in dict.fromkeys(near) if low <= value <= high)


def is_refused(param: Field, value: float) -> bool:
    """The rule: a whole number lies on a step; another may lie anywhere."""
    return kind(param) is int and value not in steps(param)


def steps(param: Field) -> range:
    return range(param.metadata["low"], param.metadata["high"] + 1, param.metadata["step"])


def test_a_whole_number_has_a_step_at_its_default_and_at_its_end(lesson):
    for param in numbers(lesson):
        if kind(param) is int:
            assert param.default is None or param.default in steps(param), param.name
            assert param.metadata["high"] in steps(param), param.name


def test_a_number_that_is_no_step_is_refused_in_the_same_words_by_link_page_and_api(lesson):
    page = at_the_door()
    for param in numbers(lesson):
        for value in filter(lambda value: is_refused(param, value), tried(param)):
            sentence = f"{param.name} must be {accepts(param)}, not {value!r}."
            _, [note] = from_query(lesson.Params, {param.name: str(value)})
            shown = f"{param.name} must be {accepts(param)}, not "  # a link's 1.5 is still its text
            assert note.startswith(shown) and str(value) in note
            refusal = page.post(lesson.slug, json={"params": {param.name: value}})
            assert (refusal.status_code, refusal.text) == (400, sentence)
            with pytest.raises(BadParam) as refused:
                arguments(lesson.slug)(list({**asdict(lesson.Params()), param.name: value}.values()))
            assert str(refused.value) == sentence


def test_any_other_number_is_computed_and_drawn_or_refused_by_name(lesson):
    base = quick(lesson)
    for param in numbers(lesson):
        free = [value for value in tried(param) if not is_refused(param, value)]
        for value in free[:2] if lesson.button else free:  # the low ones are the short ones
            try:
                assert figure_at(lesson.slug, changed(base, param.name, value))["rows"], (param.name, value)
            except BadParam as problem:
                assert param.name in str(problem)
            except Exception as error:
                raise AssertionError(f"{lesson.slug} with {param.name}={value!r}: {error}") from error


def test_a_link_opens_what_is_computed_between_two_steps():
    opened = opened_by("dropout", {"lesson": "dropout", "p": "0.37"})
    assert opened["state"]["params"]["p"] == 0.37 and opened["notes"] == []


def test_a_link_to_what_no_layer_can_have_opens_the_default_and_says_so():
    opened = opened_by("batch_memory", {"lesson": "batch_memory", "width": "42"})
    assert opened["state"]["params"]["width"] == 64
    assert opened["notes"] == [
        "width must be a whole number from 16 to 64 in steps of 16, not 42. The link's value was replaced by 64."
    ]
