"""The board of train/eval by on/no_grad/inference_mode, and below it what the chosen square does."""

from typing import Any

from figures.panels import Figure, Panel, bars, described, error, figure, grid, limit, table
from lessons.modes import Params, Result

MODES = ("train", "eval")
GRADS = ("on", "no_grad", "inference_mode")


def draw(params: Params, result: Result) -> Figure:
    squares = [[_square(params, mode, grad, result.board[f"{mode}, {grad}"]) for grad in GRADS] for mode in MODES]
    return figure(
        *squares,
        [_flags(params, result), _backward(params, result), _bytes(params, result)],
        [_layers(result.board[f"{params.mode}, {params.grad}"])],
        _calls(result),
    )


def _graph(seen: dict[str, Any]) -> tuple[str, str]:
    """Whether a layer keeps a graph; where the output is the input, the grad_fn is not the layer's own."""
    if not seen["grad_fn"]:
        return "none", "muted"
    return ("adds none", "muted") if seen["returns_input"] else ("kept", "yes")


def _square(params: Params, mode: str, grad: str, layers: dict[str, dict[str, Any]]) -> Panel:
    rows = [
        [
            name,
            ("draws", "warn") if seen["random"] else ("no", "muted"),
            ("move", "warn") if seen["moved"] else ("no", "muted"),
            _graph(seen),
            seen["bytes"],
        ]
        for name, seen in layers.items()
    ]
    total = sum(seen["bytes"] for seen in layers.values())
    training = sum(seen["training"] for seen in layers.values())
    chosen = (mode, grad) == (params.mode, params.grad)
    return table(
        f"{mode}() · grad {grad}", ["layer", "random", "stats", "graph", "bytes"], rows,
        badge="chosen" if chosen else "", lit=range(len(rows)) if chosen else (),
        note=f"{training} of {len(layers)} in train mode, {total} bytes saved",
    )  # fmt: skip


def _layers(layers: dict[str, dict[str, Any]]) -> Panel:
    rows = [
        [
            name,
            str(seen["training"]),
            ", ".join(f"{buffer} {move:.3g}" for buffer, move in seen["moved"].items()) or "none",
            _node(seen),
            " + ".join(map(str, seen["saved"])) or "nothing",
        ]
        for name, seen in layers.items()
    ]
    columns = ["layer", "training", "largest change of a buffer", "grad_fn of the output", "shapes saved for backward"]
    return table("The chosen square, layer by layer", columns, rows)


def _node(seen: dict[str, Any]) -> str:
    node = seen["grad_fn"] or "None"
    return f"{node}: the output is the input" if seen["returns_input"] else node


def _backward(params: Params, result: Result) -> Panel:
    if result.error:
        where = "head(y)" if "Inference tensors" in result.error else "loss.backward()"
        return error(f"The loss of {params.loss_of}", result.error, where=where)
    gradients = result.gradients or {}
    return bars(f"Norm of .grad, loss of {params.loss_of}", list(gradients), list(gradients.values()))


def _calls(result: Result) -> list[Panel]:
    top = limit(result.y, result.difference)
    pairs = [zip(*rows, strict=True) for rows in zip(result.y.tolist(), result.difference.tolist(), strict=True)]
    notes = [[f"first call {y:+.4f}, second call {y + d:+.4f}: difference {d:+.4f}" for y, d in row] for row in pairs]
    return [
        grid(name, values, badge=badge, tensor=described(name, values, ("N", "C")), limit=top, notes=notes)
        for name, values, badge in (("y", result.y, "first call"), ("difference", result.difference, "second call - y"))
    ]


def _bytes(params: Params, result: Result) -> Panel:
    totals = {square: sum(seen["bytes"] for seen in layers.values()) for square, layers in result.board.items()}
    marks = ["lit" if square == f"{params.mode}, {params.grad}" else "" for square in totals]
    return bars("Bytes saved for backward", list(totals), list(totals.values()), unit="B", marks=marks, digits=0)


def _flags(params: Params, result: Result) -> Panel:
    rows = [[call, *(_flag(training) for training in flags)] for call, *flags in result.flags]
    holder = "model is net itself" if params.wrapper == "none" else f"model holds net: {params.wrapper}"
    now = [index for index, (call, *_) in enumerate(result.flags) if call == f"model.{params.mode}()"]
    return table("training, after each call", ["call", "model", "net"], rows, note=holder, lit=now)


def _flag(training: bool) -> tuple[str, str]:
    return ("True", "warn") if training else ("False", "yes")
