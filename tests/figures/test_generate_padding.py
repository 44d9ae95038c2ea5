"""The padded row stands below the hours alone, each hour below itself, and the cell that is read decides."""

import pytest

from figures.generate_padding import draw
from lessons.generate_padding import LESSON, Params


def grids(params):
    result = LESSON.run(params)
    drawn = draw(params, result)
    return result, {panel["title"]: panel for row in drawn["rows"] for panel in row if panel["view"] == "grid"}


@pytest.mark.parametrize("call", ["generate", "forward"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_each_hour_stands_below_itself_and_padding_is_a_word(side, call):
    result, shown = grids(Params(padding_side=side, call=call))
    alone, padded, mask = rows(shown)["values"]
    size = result.keep.shape[1]
    assert [hour for hour in alone if hour is not None] == [3, 4, 5, "→", *result.alone.tolist()]
    assert padded[size:] == ["→", *result.padded.tolist()] and mask[:size] == result.mask[0].tolist()
    for hour, cell, real in zip(alone, padded, result.keep[0].tolist(), strict=False):
        assert hour == cell if real else cell == "PAD"


@pytest.mark.parametrize("call", ["generate", "forward"])
def test_the_cell_that_is_read_is_ringed_beside_the_first_number_of_both_rows(call):
    result, shown = grids(Params(call=call))
    panel = rows(shown)
    ringed = where(panel, lambda row, at: "@goes_on" in (panel["keys"][row][at] or []))
    new, read = (3, "PAD") if call == "generate" else (7, 5)
    assert ringed == [(0, new), (0, new + 1), (1, result.read), (1, 7), (1, 8)]
    assert [panel["values"][row][at] for row, at in ringed] == ["→", result.alone[0], read, "→", result.padded[0]]


@pytest.mark.parametrize("side", ["left", "right"])
def test_before_the_answer_all_is_given_but_how_the_padded_row_goes_on(side):
    result, shown = grids(Params(padding_side=side))
    panel = rows(shown)
    filled = where(panel, lambda row, at: panel["values"][row][at] is not None)
    hidden = [(row, at) for row, at in filled if "given" not in panel["marks"][row][at].split()]
    assert panel["veiled"] == "cells" and hidden == [(1, 8 + at) for at in range(len(result.padded))]


def rows(shown):
    [panel] = [panel for title, panel in shown.items() if title.startswith("a tiny GPT-2")]
    return panel


def where(panel, holds):
    """Row and column of the cells of which this holds."""
    return [(row, at) for row, line in enumerate(panel["values"]) for at in range(len(line)) if holds(row, at)]
