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
def test_padding_is_a_word_and_the_two_rows_end_alike_for_generate_else_each_hour_stands_below_itself(side, call):
    result, shown = grids(Params(padding_side=side, call=call))
    alone, padded, mask = rows(shown)["values"]
    size, real = result.keep.shape[1], result.keep[0].tolist()
    assert alone[size:] == result.alone.tolist() and padded[size:] == result.padded.tolist()
    assert mask[:size] == result.mask[0].tolist()
    assert padded[:size] == [
        hour if is_real else "PAD" for hour, is_real in zip(result.input_ids[0].tolist(), real, strict=True)
    ]
    at_end = call == "generate" or side == "left"
    assert alone[:size] == ([None] * (size - 3) + [3, 4, 5] if at_end else [3, 4, 5] + [None] * (size - 3))


@pytest.mark.parametrize("call", ["generate", "forward"])
def test_the_cell_that_is_read_is_ringed_beside_the_first_number_of_both_rows(call):
    result, shown = grids(Params(call=call))
    panel = rows(shown)
    ringed = where(panel, lambda row, at: "@goes_on" in (panel["keys"][row][at] or []))
    hour, read = (6, "PAD") if call == "generate" else (2, 5)
    assert ringed == [(0, hour), (0, 7), (1, result.read), (1, 7)]
    assert [panel["values"][row][at] for row, at in ringed] == [5, result.alone[0], read, result.padded[0]]


@pytest.mark.parametrize("side", ["left", "right"])
def test_before_the_answer_all_is_given_but_how_the_padded_row_goes_on(side):
    result, shown = grids(Params(padding_side=side))
    panel = rows(shown)
    filled = where(panel, lambda row, at: panel["values"][row][at] is not None)
    hidden = [(row, at) for row, at in filled if "given" not in panel["marks"][row][at].split()]
    assert panel["veiled"] == "cells" and hidden == [(1, 7 + at) for at in range(len(result.padded))]


@pytest.mark.parametrize(("call", "label"), [("generate", "generate() appends"), ("forward", "next comes")])
def test_only_where_generate_was_called_it_is_said_to_append(call, label):
    params = Params(call=call)
    drawn = draw(params, LESSON.run(params))["rows"]
    [facts] = [panel for row in drawn for panel in row if panel["view"] == "facts"]
    assert facts["items"][0]["label"] == label


def rows(shown):
    [panel] = [panel for title, panel in shown.items() if title.startswith("a tiny GPT-2")]
    return panel


def where(panel, holds):
    """Row and column of the cells of which this holds."""
    return [(row, at) for row, line in enumerate(panel["values"]) for at in range(len(line)) if holds(row, at)]
