"""What the browser receives: computed once for equal Params, JSON without NaN, one sentence for what is wrong."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier, BrokenBarrierError

import pytest

from components import answer as answers
from components import gpu
from components.answer import answer, computed, lesson_of, state, state_json, taped, to_json
from components.site import LESSONS
from tests.components.served import at_the_door, opened_by
from tests.corners import quick


@pytest.mark.parametrize("slug", LESSONS)
def test_a_state_is_strict_json_and_an_opening_says_what_torch_ran(slug):
    lesson = lesson_of(slug)
    answer = json.loads(state_json(slug, quick(lesson)))["state"]
    assert answer["caption"] and answer["figure"]["rows"]
    assert not any(cell["ran"] for cell in answer["cells"])
    if not lesson.button:
        opened = opened_by(slug, {})
        assert len(opened["ran"]) == len(opened["state"]["cells"])
        assert all(operators for cell in opened["ran"] for operators in cell.values())


@pytest.mark.parametrize("slug", [slug for slug in LESSONS if not lesson_of(slug).button])
def test_to_take_the_operators_down_changes_nothing_that_is_shown(slug):
    lesson = lesson_of(slug)
    params = quick(lesson)
    answers.forget(slug, params)
    bare = state(slug, params)
    answers.forget(slug, params)
    assert answers._state(slug, params, taped(slug, params)) == bare or lesson.measured


def test_a_link_that_nobody_has_opened_before_is_one_run_for_state_operators_and_the_api(monkeypatch):
    ran, really = [], gpu.run
    monkeypatch.setattr(gpu, "run", lambda lesson, params: ran.append(params) or really(lesson, params))
    params = lesson_of("collate").Params(batch_size=3)
    answers.forget("collate", params)
    opened_by("collate", {"lesson": "collate", "batch_size": "3"})
    answer("collate", params)
    assert ran == [params]


def test_many_visitors_at_once_each_get_their_code():
    Params = lesson_of("stack").Params
    asked = [Params(n=n, dim=dim) for n in (2, 3, 4) for dim in (0, 1)] * 20
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda params: answer("stack", params)["code"], asked))
    assert codes == [lesson_of("stack").snippet(params) for params in asked]


def test_equal_params_are_computed_once():
    Params = lesson_of("dropout").Params
    assert computed("dropout", Params(p=0.25)) is computed("dropout", Params(p=0.25))


@pytest.mark.parametrize("slow, most", [(True, 1), (False, 3)])
def test_of_what_is_slow_one_goes_at_a_time(slow, most, monkeypatch):
    lesson = replace(lesson_of("dropout"), slow=slow)
    going, seen = [], []
    together = Barrier(3)

    def run(lesson, params):
        going.append(params)
        with suppress(BrokenBarrierError):
            together.wait(0.1 if slow else 10)
        seen.append(len(going))
        together.reset()
        going.remove(params)
        return lesson.run(params), ""

    monkeypatch.setattr(gpu, "run", run)
    monkeypatch.setattr(answers, "lesson_of", lambda _: lesson)
    with ThreadPoolExecutor(3) as pool:
        list(
            pool.map(
                lambda seed: computed("dropout", lesson.Params(seed=seed, p=0.05 if slow else 0.95)), (901, 902, 903)
            )
        )
    assert max(seen) == most


def test_an_opening_carries_each_proof_as_a_program():
    spec = opened_by("dropout", {})["spec"]
    assert all("import torch" in prediction["proof"].splitlines() for prediction in spec["predictions"])


def test_a_link_with_bad_values_opens_the_defaults_and_names_each():
    opened = opened_by("dropout", {"lesson": "dropout", "p": "9", "seed": "x", "mode": "eval"})
    assert opened["state"]["params"]["p"] == 0.5 and opened["state"]["params"]["mode"] == "eval"
    assert [note.split()[0] for note in opened["notes"]] == ["p", "seed"]


def test_a_link_with_a_name_the_lesson_does_not_have_says_so():
    [note] = opened_by("dropout", {"lesson": "dropout", "P": "0.2", "__theme": "dark", "hide": "seed"})["notes"]
    assert note.startswith("'P' is not a parameter of dropout")


@pytest.mark.parametrize("values", [None, 3, [], {"p": 3}, {"nope": 1}, {"p": {"a": 1}}, {"p": "1" * 10**5}])
def test_the_page_answers_anything_with_a_state_or_one_short_sentence(values):
    answer = at_the_door().post("dropout", json={"params": values})
    assert answer.status_code == 400 and len(answer.text) < 200 or answer.json()["state"]


def test_a_picture_holds_what_the_api_answers():
    Params = lesson_of("dropout").Params
    shown = state("dropout", Params())["figure"]["rows"][0][2]["values"]
    assert shown == computed("dropout", Params())[0].calls[0].tolist()


def test_where_a_run_took_place_is_said_and_not_kept(monkeypatch):
    Params = lesson_of("dropout").Params
    monkeypatch.setattr("components.answer.gpu.run", lambda lesson, params: (lesson.run(params), "The GPU was full."))
    assert json.loads(state_json("dropout", Params(p=0.123)))["state"]["notes"] == ["The GPU was full."]
    monkeypatch.undo()
    assert json.loads(state_json("dropout", Params(p=0.123)))["state"]["notes"] == []


def test_half_a_surrogate_pair_reaches_the_page_as_json_escapes_it():
    for half in ("\ud83d", "\\\ude00", "🔥\ud83d"):
        assert json.loads(to_json({half: [half]})) == {half: [half]}
