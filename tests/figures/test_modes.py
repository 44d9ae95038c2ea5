"""The board shows what was measured, square by square."""

import pytest

from figures.modes import GRADS, MODES, draw
from lessons.modes import LESSON, Params, recorded

run = LESSON.run

PARAMS = Params(mode="train", batch=3)


@pytest.fixture(scope="module")
def result():
    return run(PARAMS)


@pytest.fixture(scope="module")
def panels(result):
    return [panel for row in draw(PARAMS, result)["rows"] for panel in row]


@pytest.fixture(scope="module")
def board(panels):
    return next(panel for panel in panels if panel["view"] == "board")


def test_exactly_the_chosen_square_is_framed(board):
    assert board["lit"] == [MODES.index(PARAMS.mode), GRADS.index(PARAMS.grad)]


def test_each_square_says_what_its_layers_did(board, result):
    squares = [square for row in board["squares"] for square in row]
    for square, layers in zip(squares, result.board.values(), strict=True):
        random, moved, graph, kept = square
        assert random[2] == any(seen["random"] for seen in layers.values())
        assert moved[2] == any(seen["moved"] for seen in layers.values())
        assert graph[2] == kept[2] == bool(recorded(layers))
        size = sum(seen["bytes"] for seen in layers.values())
        assert kept[1] == (f"{size} bytes kept" if size else "no byte kept")


@pytest.mark.parametrize(
    "params", [PARAMS, Params(), Params(grad="no_grad"), Params(mode="train", wrapper="train() overridden")]
)
def test_each_layer_says_whether_autograd_recorded_it_and_whether_its_statistics_moved(params):
    result = run(params)
    given, _, table = draw(params, result)["rows"][0]
    layers = result.board[f"{params.mode}, {params.grad}"]
    flags = [str(seen["training"]) for seen in layers.values()]
    assert [text for _, *flag in given["rows"] for text, _ in flag] == flags * (params.wrapper == "none")
    assert [name for name, *_ in given["rows"]] == [name for name, *_ in table["rows"]]
    for (_, *cells), (name, seen) in zip(table["rows"], layers.items(), strict=True):
        told = dict(zip(table["columns"][1:], (text for text, *_ in cells), strict=True))
        assert (told["autograd records it"] == "yes") == (name in recorded(layers))
        assert told["autograd records it"] in ("yes", "no", "no: it returns its input")
        assert (told.get("running statistics") == "moved") == bool(seen["moved"])
        assert told.get("training", str(seen["training"])) == str(seen["training"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "gradients on"),
        ({"mode": "train"}, "gradients on"),
        ({"grad": "no_grad"}, "under no_grad()"),
        ({"grad": "inference_mode"}, "under inference_mode()"),
    ],
)
def test_the_call_says_whether_it_runs_under_no_grad_or_inference_mode(values, said):
    params = Params(**values)
    _, call, table = draw(params, run(params))["rows"][0]
    assert call["note"] == said
    assert "note" not in table
    frozen = Params(requires_grad=False, loss_of="head(y)")
    assert draw(frozen, run(frozen))["rows"][0][2]["note"] == "no parameter of net requires grad"


def test_the_bars_are_the_bytes_of_the_squares(panels, result):
    [bars] = [panel for panel in panels if panel["title"] == "Bytes saved for backward, beside weights and buffers"]
    assert bars["values"] == [sum(seen["bytes"] for seen in layers.values()) for layers in result.board.values()]
    assert bars["marks"] == ["lit", "", "", "", "", ""]


def test_a_refused_backward_shows_the_live_error_and_the_line_that_raised_it():
    for loss_of, where in (("y", "loss.backward()"), ("head(y)", "head(y)")):
        params = Params(grad="inference_mode", loss_of=loss_of)
        result = run(params)
        [panel] = [panel for row in draw(params, result)["rows"] for panel in row if panel["view"] == "error"]
        assert (panel["text"], panel["where"]) == (result.error, where)


def test_what_is_ringed_is_what_autograd_does_not_record():
    table = draw(Params(), run(Params()))["rows"][0][2]
    rung = [name for name, [_, _, keys] in table["rows"] if "@recorded" in keys["key"]]
    assert rung == ["Dropout"]
