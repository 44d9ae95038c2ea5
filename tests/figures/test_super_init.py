"""The listing and the dicts move line by line, and say what the steps hold."""

from figures.super_init import DICTS, draw
from lessons.super_init import Params, code, run


def drawn(**params):
    asked = Params(**params)
    result = run(asked)
    return asked, result, draw(asked, result)


def test_every_state_has_a_frame_and_every_frame_marks_its_line():
    for params in ({}, {"form": "left out"}, {"first": "Linear"}):
        _, _, picture = drawn(**params)
        listing, dicts = picture["rows"][0]
        assert len(picture["steps"]) == len(listing["frames"]) == len(dicts["frames"])
        lit = [{**listing, **frame}["lit"] for frame in listing["frames"]]
        assert lit == [None, *([line] for line in range(len(lit) - 1))]


def test_the_listing_is_the_code_of_the_snippet():
    asked, _, picture = drawn(first="buffer", super_at=3)
    assert [row[1] for row in picture["rows"][0][0]["rows"]] == code(asked)


def test_the_dicts_hold_what_the_step_holds():
    _, result, picture = drawn()
    panel = picture["rows"][0][1]
    for state, frame in zip(result.steps, panel["frames"], strict=True):
        shown = {row[0].split()[0]: row[1] for row in {**panel, **frame}["rows"]}
        for name in DICTS:
            text = ("not there", "warn") if state[name] is None else (", ".join(state[name]) or "empty",)
            assert shown[name][: len(text)] == list(text)


def test_the_line_that_raises_is_named_and_the_lines_below_it_went_nowhere():
    asked, result, picture = drawn(first="Linear")
    [error, _] = picture["rows"][1]
    assert (error["text"], error["where"]) == (result.error, code(asked)[0])
    assert [row[2][0] for row in picture["rows"][0][0]["rows"]] == ["raises", "", "", "", ""]


def test_the_chain_says_whose_init_ran():
    _, _, picture = drawn(bases="Base", form="super(Base, self).__init__()")
    chain = {row[0]: row[1][0] for row in picture["rows"][1][1]["rows"]}
    assert chain == {"1. Net": "✓ ran", "2. Base": "✗ did not run", "3. Module": "✓ ran", "4. object": "–"}
