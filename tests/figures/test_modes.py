"""The board shows what was measured, square by square."""

import pytest

from figures.modes import GRADS, MODES, draw
from lessons.modes import Params, run

PARAMS = Params(mode="train", batch=3)


@pytest.fixture(scope="module")
def result():
    return run(PARAMS)


@pytest.fixture(scope="module")
def panels(result):
    return [panel for row in draw(PARAMS, result)["rows"] for panel in row]


def test_the_board_has_a_square_for_each_mode_and_grad(panels):
    assert [panel["title"] for panel in panels[:6]] == [f"{mode}() · grad {grad}" for mode in MODES for grad in GRADS]


def test_exactly_the_chosen_square_carries_a_badge(panels):
    assert [panel["title"] for panel in panels if panel.get("badge") == "chosen"] == ["train() · grad on"]


def test_the_chosen_square_is_lit_row_by_row_and_no_other(panels):
    assert [panel["title"] for panel in panels[:6] if panel.get("lit") == [0, 1, 2, 3]] == ["train() · grad on"]
    assert sum("lit" in panel and bool(panel["lit"]) for panel in panels[:6]) == 1


def test_each_square_shows_the_facts_of_its_layers(panels, result):
    for panel, layers in zip(panels, result.board.values(), strict=False):
        for (name, random, moved, graph, saved), (layer, seen) in zip(panel["rows"], layers.items(), strict=True):
            assert (name, saved) == (layer, seen["bytes"])
            assert random[0] == ("draws" if seen["random"] else "no")
            assert moved[0] == ("move" if seen["moved"] else "no")
            kept = "adds none" if seen["returns_input"] else "kept"
            assert graph[0] == (kept if seen["grad_fn"] else "none")


def test_the_bars_are_the_bytes_of_the_squares(panels, result):
    [bars] = [panel for panel in panels if panel["title"] == "Bytes saved for backward"]
    assert bars["values"] == [sum(seen["bytes"] for seen in layers.values()) for layers in result.board.values()]
    assert bars["marks"] == ["lit", "", "", "", "", ""]


def test_a_refused_backward_shows_the_live_error_and_the_line_that_raised_it():
    for loss_of, where in (("y", "loss.backward()"), ("head(y)", "head(y)")):
        params = Params(grad="inference_mode", loss_of=loss_of)
        result = run(params)
        [panel] = [panel for row in draw(params, result)["rows"] for panel in row if panel["view"] == "error"]
        assert (panel["text"], panel["where"]) == (result.error, where)
