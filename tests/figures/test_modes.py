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
def test_each_layer_has_the_node_of_its_output_and_says_whether_its_statistics_moved(params):
    result = run(params)
    given, _, panel = draw(params, result)["rows"][0]
    layers = result.board[f"{params.mode}, {params.grad}"]
    flags = [str(seen["training"]) for seen in layers.values()]
    assert [text for _, *flag in given["rows"] for text, _ in flag] == flags * (params.wrapper == "none")
    assert [name for name, *_ in given["rows"]] == panel["rowLabels"]
    groups = [row[0] for row in panel.get("groups", [[None]] * 4)]
    assert len({group for group in groups if group is not None}) == len(recorded(layers))
    for at, (cells, seen) in enumerate(zip(panel["values"], layers.values(), strict=True)):
        sub = panel["sub"][at][0] if "sub" in panel else ""
        assert cells[0] + sub.replace("the same node: it returns its input", "").replace(", again", "") == (
            seen["grad_fn"] or "None"
        )
        assert (at > 0 and groups[at] is not None and groups[at] == groups[at - 1]) == bool(
            seen["returns_input"] and seen["grad_fn"]
        )
        told = dict(zip(panel["colLabels"][1:], cells[1:], strict=True))
        assert params.wrapper != "none" or (told.get("running statistics") == "moved") == bool(seen["moved"])
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
    assert table["tensor"] == "one colour, one node of the graph; None, no node"
    frozen = Params(requires_grad=False, loss_of="head(y)")
    assert draw(frozen, run(frozen))["rows"][0][2]["tensor"].endswith("; no parameter of net requires grad")


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
    panel = draw(Params(), run(Params()))["rows"][0][2]
    rung = [name for name, keys in zip(panel["rowLabels"], panel["keys"], strict=True) if "@recorded" in keys[0]]
    assert rung == ["Dropout"]
    assert panel["sub"][2] == ["the same node: it returns its input"]


def test_beside_two_columns_the_name_of_a_node_stands_in_two_lines():
    panel = draw(PARAMS, run(PARAMS))["rows"][0][2]
    assert (
        panel["values"][1][0] + panel["sub"][1][0] == "NativeBatchNormBackward0" and panel["sub"][1][0] == "Backward0"
    )
    assert panel["colLabels"] == ["out.grad_fn", "running statistics"]
    held = Params(mode="train", wrapper="eval() in __init__")
    assert draw(held, run(held))["rows"][0][2]["colLabels"] == ["out.grad_fn", "training"]
