"""A number of out lights its place in memory, and a number of x where they share it."""

from figures.broadcasting import draw
from lessons.broadcasting import LESSON, Params
from tests.corners import corners, result_at
from tests.figures.test_every_figure import flat

run = LESSON.run


def panels(params):
    result = result_at("broadcasting", params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_a_number_of_out_lights_the_place_that_holds_it_and_says_where_it_lies():
    for params in corners(Params):
        result, shown = panels(params)
        if result.memory is None:
            continue
        stored = dict(zip(shown["memory"]["keys"][0], shown["memory"]["values"][0], strict=True))
        for key, value, note in zip(*(flat(shown["out"][part]) for part in ("keys", "values", "notes")), strict=True):
            assert stored[key] == value
            said, place = note.split(" lies at ")[1].split(" and holds ")[0].split(" = ")
            assert eval(said.replace("·", "*")) == int(place) and key == f"place{place}"


def test_a_number_of_x_lights_in_memory_only_where_out_shares_it():
    for params in corners(Params):
        result, shown = panels(params)
        if result.memory is not None:
            lit = set(flat(shown["x, at first"]["keys"])) & set(flat(shown["memory"]["keys"]))
            assert bool(lit) == result.shared


def test_what_a_write_changed_is_marked():
    result, shown = panels(Params(op="a.expand(2, -1, -1)", write="one number"))
    assert flat(shown["out"]["marks"]).count("differs") == result.out_changed == 2
