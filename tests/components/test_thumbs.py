"""A thumbnail is the real picture, small, and takes few bytes."""

import pytest

from components.answer import lesson_of, state_json, to_json
from components.thumbs import HEIGHT, WIDTH, sketch, thumb

GRID = {"view": "grid", "values": [[1.0, -1.0], [0.0, "nan"]], "limit": 1.0}


def test_a_lesson_is_drawn_once_its_first_state_is_made():
    state_json("dropout", lesson_of("dropout").Params())
    drawn = thumb("dropout")
    assert drawn and len(to_json(drawn)) < 4000


def test_a_cell_has_the_colour_of_its_sign_and_none_that_is_no_number():
    drawn = sketch({"rows": [[GRID]]})
    assert {colour: path.count("M") for colour, path in drawn.items()} == {"p3": 1, "n3": 1, "z": 2}


def test_what_is_veiled_is_a_frame_with_a_question_mark_and_narrower_than_what_is_seen():
    assert set(sketch({"rows": [[{**GRID, "veiled": True}]]})) == {"f", "q"}
    drawn = sketch({"rows": [[{**GRID, "view": "curve"}, {**GRID, "veiled": True}]]})
    seen, veiled = (float(part.split("h")[1].split("v")[0]) for part in drawn["f"].split("M")[1:])
    assert veiled == pytest.approx(seen / 2)


def test_a_card_has_the_colour_of_its_group_in_a_grid_and_in_a_cube():
    cards = {**GRID, "marks": [["card", "card differs"], ["", None]], "groups": [[0, 1], [2, 13]]}
    for panel in (
        cards,
        {**cards, "view": "cube"},
        {**cards, "view": "cube", "values": [GRID["values"]], "marks": [cards["marks"]], "groups": [cards["groups"]]},
    ):
        drawn = sketch({"rows": [[panel]]})
        assert {colour: path.count("M") for colour, path in drawn.items()} == {"g0": 1, "g1": 1, "z": 2}
    assert "z" not in sketch({"rows": [[{**GRID, "marks": [["card"] * 2] * 2, "groups": [[10, 21], [32, 43]]}]]})


def test_steps_begin_at_the_first():
    assert "p3" not in sketch({"rows": [[{**GRID, "frames": [{"values": [[0.0]]}, {}]}]]})


@pytest.mark.parametrize("rows", [1, 40])
def test_it_stays_in_its_box(rows):
    drawn = sketch({"rows": [[{**GRID, "values": [[1.0] * 30] * rows}] * 7]})
    for path in drawn.values():
        for part in path.split("M")[1:]:
            x, y = map(float, part.split("h")[0].split())
            assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT
