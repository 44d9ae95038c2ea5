"""The picture marks padding, names settings as the accuracy does, and its cells are the tensors."""

import pytest

from figures.padding_effect import draw
from lessons.padding_effect import SPANS, T5, Params, run, setting_of


def panels(params):
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


@pytest.mark.parametrize("model", [SPANS, T5])
def test_every_cell_of_the_accuracy_opens_its_own_setting(model):
    params = Params(model=model)
    result, shown = panels(params)
    table = shown["accuracy, 16 cells of padding"]
    for row in table["rows"][:-1]:
        for text, _, chosen in row[1:]:
            share = result.accuracy[setting_of(Params(**{**vars(params), **chosen["params"]}))]
            assert text == f"{share:.0%}"


def test_the_setting_on_screen_is_lit():
    _, shown = panels(Params(padding_side="left", attention_mask=False))
    table = shown["accuracy, 16 cells of padding"]
    assert [table["rows"][row][0] for row in table["lit"]] == ["left, no mask"]


def test_filled_cells_are_marked_in_every_input():
    result, shown = panels(Params())
    for marks in shown["inputs"]["marks"]:
        assert [mark != "pad" for mark in marks] == result.keep[0].tolist()


def test_an_answer_that_jumps_is_said_to():
    result, shown = panels(Params(pads=32))
    assert result.answer_alone != result.answer_padded
    assert shown["the answer"]["badge"] == "jumps"
