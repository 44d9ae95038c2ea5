"""The table says of each probability what the model says of it."""

from collections import Counter

import pytest

from figures.dropout_reset import BREAK, MOST, WHOLE, draw
from lessons.dropout_reset import LESSON, Params

run = LESSON.run

CASES = [
    Params(architecture="T5Model"),
    Params(architecture="BartModel", attributes="dropout"),
    Params(architecture="Tagger", p=0.3),
]


def titled(panels, title):
    return next(panel for panel in panels if panel["title"] == title)


@pytest.fixture(params=CASES, ids=lambda params: params.architecture)
def drawn(request):
    result = run(request.param)
    return request.param, result, [panel for row in draw(request.param, result)["rows"] for panel in row]


def test_the_table_lists_every_probability_with_its_owner_and_three_values(drawn):
    _, result, panels = drawn
    table = titled(panels, "p of every dropout")
    for (place, before, loop, complete, path), known in zip(table["rows"], result.before, strict=True):
        owner, attribute = place.split(".")
        assert (f"{path}.{attribute}", owner) == (known, result.types[path])
        shown = [before, loop[0].split()[0], complete[0].split()[0]]
        assert shown == [f"{p[known]:g}" for p in (result.before, result.after_loop, result.after_complete)]


def test_a_place_is_called_set_exactly_as_often_as_the_loops_counted(drawn):
    _, result, panels = drawn
    table = titled(panels, "p of every dropout")
    assert sum(row[2][1] == "yes" for row in table["rows"]) == result.n_reset
    assert sum(row[3][1] == "yes" for row in table["rows"]) == result.n_complete


def test_a_place_that_is_set_holds_p_and_a_missed_one_what_it_held(drawn):
    params, _, panels = drawn
    table = titled(panels, "p of every dropout")
    for place, before, *after, _ in table["rows"]:
        for text, kind in after:
            assert text == (f"{params.p:g} set" if kind == "yes" else f"{before} missed"), place


def test_the_bars_are_the_largest_cells_of_the_three_differences(drawn):
    _, result, panels = drawn
    bars = next(panel for panel in panels if panel["view"] == "bars")
    grids = [panel for panel in panels if panel["title"].startswith("difference_")]
    assert bars["values"] == [max(abs(cell) for row in grid["values"] for cell in row) for grid in grids]
    assert len({grid["limit"] for grid in grids}) == 1


def test_the_two_passes_are_those_after_the_loop_and_how_many_entries_differ_is_counted(drawn):
    _, result, panels = drawn
    grid = titled(panels, "the first token's output, twice, after the loop")
    first, second = grid["values"]
    assert (first, second) == (result.pass_1[0].tolist(), result.pass_2[0].tolist())
    apart = [one != other for one, other in zip(first, second, strict=True)]
    assert grid["badge"] == f"differ in {sum(apart)} of {len(apart)}"


def test_the_kinds_count_every_place_and_say_what_the_loop_made_of_it(drawn):
    params, result, panels = drawn
    before, after = titled(panels, params.architecture), titled(panels, "after the loop")
    held = dict(reversed(row.split("× ")) for [row] in before["rows"])
    owners = [result.types[place.rpartition(".")[0]] for place in result.before]
    assert {owner.removeprefix("nn."): int(times) for owner, times in held.items()} == Counter(owners)
    assert set(result.before.values()) == {0.1} and before["note"].startswith("p = 0.1 in each")
    said = {name.replace(BREAK, ""): said == "yes" for name, _, (_, said, _) in after["rows"]}
    found = {name.removesuffix(".p") for name, yes in said.items() if yes}
    assert {name.rpartition(".")[0] for name in said} == set(held)
    assert sum(int(held[owner]) for owner in found) == result.n_reset


def test_what_the_loop_missed_is_ringed_and_nothing_else(drawn):
    _, _, panels = drawn
    rows = titled(panels, "after the loop")["rows"][:MOST]
    assert ["@loop" in more["key"].split() for _, _, (_, _, more) in rows] == [
        said == "warn" for _, _, (_, said, _) in rows
    ]
    others = [panel for panel in panels if panel["title"] != "after the loop"]
    assert "@loop" not in str(others)


def test_what_stands_in_a_float_is_told_from_what_stands_in_a_module(drawn):
    _, result, panels = drawn
    for name, said, _ in titled(panels, "after the loop")["rows"]:
        assert said.replace(WHOLE, " ") == ("a module" if name.endswith(".p") else "a float")
        assert name.startswith("nn.") == name.endswith(".p")
