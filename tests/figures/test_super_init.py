"""The listing and the dicts move line by line, and say what the steps hold."""

from figures.super_init import DICTS, draw
from lessons.super_init import LESSON, Params, code


def drawn(**params):
    asked = Params(**params)
    result = LESSON.run(asked)
    picture = draw(asked, result)
    return asked, result, picture, {panel["title"]: panel for row in picture["rows"] for panel in row}


def test_every_state_has_a_frame_and_every_frame_marks_its_line():
    for params in ({}, {"form": "left out"}, {"first": "Linear"}):
        _, _, picture, _ = drawn(**params)
        listing, _, dicts = picture["rows"][0]
        assert len(picture["steps"]) == len(listing["frames"]) == len(dicts["frames"])
        lit = [{**listing, **frame}.get("lit") for frame in listing["frames"]]
        assert lit == [None, *([line] for line in range(len(lit) - 1))]


def test_the_listing_is_the_init_of_the_program():
    for params in (
        {"first": "buffer", "super_at": 3},
        {"form": "left out"},
        {"form": "super().__init__(3)", "super_at": 0},
    ):
        asked, _, picture, _ = drawn(**params)
        shown = [row[1] for row in picture["rows"][0][0]["rows"]]
        assert shown == code(asked)
        text = LESSON.program.text(asked)
        assert "".join(f"        {line}\n" for line in shown) in text


def test_the_dicts_hold_what_the_step_holds():
    _, result, picture, _ = drawn()
    panel = picture["rows"][0][2]
    for state, frame in zip(result.steps, panel["frames"], strict=True):
        shown = {row[0].split()[0]: row[1] for row in {**panel, **frame}["rows"]}
        for name in DICTS:
            text = ("not there", "warn") if state[name] is None else (", ".join(state[name]) or "empty",)
            assert shown[name][: len(text)] == list(text)


def test_the_line_that_raises_is_named_and_the_lines_below_it_are_not_reached():
    asked, result, _, shown = drawn(first="Linear")
    assert (shown["What Python says"]["text"], shown["What Python says"]["where"]) == (result.error, code(asked)[0])
    assert [row[2][0] for row in shown["Where each line went"]["rows"]] == ["raises", *["not reached"] * 4]


def test_the_order_of_classes_says_whose_init_ran():
    *_, shown = drawn(bases="Base", form="super(Base, self).__init__()")
    order = {row[0]: row[1][0] for row in shown["Net.__mro__"]["rows"]}
    assert order == {"1. Net": "✓ ran", "2. Base": "✗ never ran", "3. Module": "✓ ran", "4. object": "–"}
