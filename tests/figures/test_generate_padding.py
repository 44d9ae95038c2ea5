"""The padded row stands below the hours alone, each hour below itself, and the cell that is read decides."""

import pytest

from figures.generate_padding import draw
from lessons.generate_padding import LESSON, Params


def grids(params):
    result = LESSON.run(params)
    drawn = draw(params, result)
    return result, {panel["title"]: panel for row in drawn["rows"] for panel in row if panel["view"] == "grid"}


@pytest.mark.parametrize("side", ["left", "right"])
def test_each_hour_stands_below_itself_and_padding_is_a_word(side):
    result, shown = grids(Params(padding_side=side))
    alone, padded, mask = shown["what the model reads"]["values"]
    assert [hour for hour in alone if hour is not None] == [3, 4, 5] and mask == result.mask[0].tolist()
    for hour, cell, real in zip(alone, padded, result.keep[0].tolist(), strict=True):
        assert (hour, cell) == ((cell, cell) if real else (None, "PAD"))


@pytest.mark.parametrize("call", ["generate", "forward"])
def test_the_cell_that_is_read_is_ringed_beside_the_answer(call):
    result, shown = grids(Params(call=call))
    keys = shown["what the model reads"]["keys"]
    ringed = [(row, at) for row, line in enumerate(keys) for at, cell in enumerate(line) if "@goes_on" in cell]
    assert ringed == [(1, result.read)]


@pytest.mark.parametrize(("call", "title"), [("generate", "what is appended"), ("forward", "likeliest next")])
def test_only_generate_appends(call, title):
    result, shown = grids(Params(call=call))
    assert shown[title]["values"] == [result.alone.tolist(), result.padded.tolist()]
