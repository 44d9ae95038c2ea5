"""A thumbnail is the real picture, small, and takes few bytes."""

import pytest

from components.answer import to_json
from components.site import LESSONS
from components.thumbs import FILE, HEIGHT, WIDTH, shipped, sketch, thumb

GRID = {"view": "grid", "values": [[1.0, -1.0], [0.0, "nan"]], "limit": 1.0}


def test_every_lesson_has_a_drawing_and_none_that_is_gone():
    assert set(shipped()) == set(LESSONS) and FILE.stat().st_size < 60_000
    assert all(drawn and len(to_json(drawn)) < 4000 for drawn in shipped().values())


def test_the_drawing_in_the_repository_is_that_of_today(lesson):
    if not lesson.measured:  # what is timed is drawn in other lengths each time
        assert shipped()[lesson.slug] == thumb(lesson.slug), f"make notebooks ONLY={lesson.slug}"


def test_a_cell_has_the_colour_of_its_sign_and_none_that_is_no_number():
    drawn = sketch({"rows": [[GRID]]})
    assert {colour: path.count("M") for colour, path in drawn.items()} == {"p3": 1, "n3": 1, "z": 2}


def test_what_is_veiled_is_a_frame_with_a_question_mark_and_narrower_than_what_is_seen():
    assert set(sketch({"rows": [[{**GRID, "veiled": "box"}]]})) == {"f", "q"}
    drawn = sketch({"rows": [[{**GRID, "view": "curve"}, {**GRID, "veiled": "box"}]]})
    seen, veiled = (float(part.split("h")[1].split("v")[0]) for part in drawn["f"].split("M")[1:])
    assert veiled == pytest.approx(seen / 2)


def test_what_is_seen_below_a_veil_is_drawn_and_what_comes_out_stands_beside_it():
    table = {
        "view": "table",
        "columns": ["line", "what it does"],
        "rows": [["net = Net()", "works"]],
        "veiled": "cells",
    }
    drawn = sketch({"rows": [[table], [GRID], [{**GRID, "veiled": "box"}]], "hero": 3})
    assert set(drawn) == {"a", "t", "f", "q"} and drawn["a"].count("M") == drawn["t"].count("M") == 1


def test_of_a_veiled_grid_the_given_cells_have_their_colour_and_the_hidden_ones_none_of_theirs():
    grid = {**GRID, "veiled": "cells", "values": [[1.0, None], [-1.0, -1.0]], "marks": [["given", ""], None]}
    drawn = sketch({"rows": [[grid]]})
    assert {colour: path.count("M") for colour, path in drawn.items()} == {"p3": 1, "h": 2, "q": 1}
    assert set(sketch({"rows": [[grid, grid]]})) == {"f", "q"}
    assert set(sketch({"rows": [[{**grid, "marks": None}]]})) == {"h", "q"}


def test_a_table_of_a_few_characters_is_left_out():
    sizes = {"view": "table", "columns": ["N", "C"], "rows": [["3", "4"]]}
    assert set(sketch({"rows": [[sizes, {**GRID, "veiled": "box"}]]})) == {"f", "q"}


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
