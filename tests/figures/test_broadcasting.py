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
        stored = dict(zip((keys[0] for keys in shown["memory"]["keys"][0]), shown["memory"]["values"][0], strict=True))
        places = [key for key in flat(shown["out"]["keys"]) if key[0] != "@"]
        for key, value, note in zip(places, *(flat(shown["out"][part]) for part in ("values", "notes")), strict=True):
            assert stored[key] == value
            said, place = note.split(" lies at ")[1].split(" and holds ")[0].split(" = ")
            assert eval(said.replace("·", "*")) == int(place) and key == f"place{place}"


def test_a_number_of_x_lights_in_memory_only_where_out_shares_it():
    for params in corners(Params):
        result, shown = panels(params)
        if result.memory is not None:
            [x] = [panel for title, panel in shown.items() if title in ("x", "x before the write")]
            lit = set(flat(x["keys"])) & set(flat(shown["memory"]["keys"]))
            assert bool(lit) == result.shared


def test_y_is_drawn_as_the_sum_reads_it_and_keeps_its_colours():
    for params in corners(Params):
        result, shown = panels(params)
        if result.stretched is not None:
            stretched = shown["y, repeated"]
            assert flat(stretched["values"]) == flat(result.stretched.tolist())
            colours = dict(zip(flat([shown["y"]["values"]]), flat([shown["y"]["groups"]]), strict=True))
            pairs = zip(flat([stretched["values"]]), flat([stretched["groups"]]), strict=True)
            assert all(colours[value] == group for value, group in pairs)


def test_the_sizes_meet_as_torch_says_or_where_they_differ_it_refuses():
    for params in corners(Params):
        result, shown = panels(params)
        if params.op == "+ y":
            met = shown["how the sizes meet"]["values"][-1]
            assert any("≠" in size for size in met) == (result.out is None)
            assert result.out is None or met == [str(size) for size in result.out.shape]


def test_what_a_write_changed_is_marked():
    result, shown = panels(Params(op=".expand(2, -1, -1)", write="one number"))
    assert flat(shown["out"]["marks"]).count("differs") == result.out_changed == 2
    result, shown = panels(Params(write="one number"))
    assert flat(shown["out"]["marks"]).count("card differs") == result.out_changed == 1


def test_a_number_of_a_sum_has_the_colour_of_the_number_of_y_that_is_added():
    for params in corners(Params):
        result, shown = panels(params)
        if result.stretched is None or "out" not in shown:
            continue
        y, out = shown["y"], shown["out"]
        colours = dict(zip(flat([y["values"]]), flat([y["groups"]]), strict=True))
        assert flat([out["groups"]]) == [colours[added] for added in flat([result.stretched.tolist()])]


def test_what_goes_in_stands_above_and_how_the_sizes_meet_and_what_comes_out_below():
    [given, made, said, *_] = draw(Params(), run(Params()))["rows"]
    assert [panel["title"] for panel in given] == ["x", "y"]
    assert [panel["title"] for panel in made] == ["how the sizes meet", "x + y", "out"]
    assert [panel["view"] for panel in said] == ["facts"]
