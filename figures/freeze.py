"""For each step: which tensor was frozen, what its .grad held, and how far it moved; beside it the graph and the bytes."""

import math
import re
from typing import Any

from figures.panels import Figure, Panel, error, figure, pressable, stepped, table
from lessons.freeze import Params, Result, refused

Cell = str | tuple[str, str] | tuple[str, str, dict[str, Any]]
RAISES = {
    "RuntimeError": "loss.backward()",
    "error": "re.search(pattern, name)",
    "OverflowError": "re.search(pattern, name)",
}


def draw(params: Params, result: Result) -> Figure:
    steps = max(len(result.flow), 1)
    tensors = [_tensors(result, step) for step in range(steps)]
    graphs = [_graph(result, step) for step in range(steps)]
    labels = [f"{k} of {params.steps}" for k in range(1, steps + 1)]
    beside = stepped(graphs[-1], graphs)
    said = _said(params, result)
    return figure(
        [stepped(tensors[-1], tensors), *(said or [beside])],
        [*([beside] if said else []), _cost(result)],
        steps=labels,
        step_name="step",
    )


def _said(params: Params, result: Result) -> list[Panel]:
    if result.error:
        return [error("What torch says", result.error, where=RAISES[result.error.split(":")[0]])]
    sentence = refused(params)
    return [error("The regex is not run here", sentence)] if sentence else []


def _tensors(result: Result, step: int) -> Panel:
    rows = [_parameter(result, step, index) for index in range(len(result.names))]
    training = _training(result, step)
    rows += [_buffer(result, step, index, training) for index in range(len(result.buffers))]
    columns = ["tensor", "moved by", ".grad at step()", "requires_grad", "moved in all"]
    note = "norm of .grad; largest |change| of a number by this step, and the sum of these over all steps so far"
    loss = f"step {step + 1}, loss {result.losses[step]:.4f}" if step < len(result.losses) else "before the first pass"
    return table("What the step did", columns, rows, wide=True, note=note, badge=loss)


def _parameter(result: Result, step: int, index: int) -> list[Cell]:
    if step >= len(result.requires_grad):
        return [f"▲ {result.names[index]}", *[("–", "muted")] * 4]
    trains = result.requires_grad[step][index]
    name, flag = f"{'▲' if trains else '❄'} {result.names[index]}", _switch(result, step, index)
    if step >= len(result.moved):
        return [name, ("no step", "muted"), ("–", "muted"), flag, ("–", "muted")]
    grad, moves = result.grads[step][index].item(), [moved[index].item() for moved in result.moved[: step + 1]]
    held: Cell = ("None", "muted") if math.isnan(grad) else (f"{grad:.4f}", "no")
    kind = "yes" if trains else "warn"
    return [name, _moved(moves[-1], kind), held, flag, _moved(sum(moves), kind)]


def _switch(result: Result, step: int, index: int) -> Cell:
    """requires_grad as a button that freezes this tensor too, or lets it train again; the prompt is no part of the model."""
    flags, pressed = result.requires_grad[step], result.names[index]
    if pressed == "prompt":
        return str(flags[index]), "no"
    frozen = [n for n, trains in zip(result.names, flags, strict=True) if trains == (n == pressed) and n != "prompt"]
    matching = {"freeze": "names that match", "pattern": f"^({'|'.join(map(re.escape, frozen))})$"}
    label = f"{'freeze' if flags[index] else 'train'} {pressed}"
    return pressable(str(flags[index]), "no", label, matching if frozen else {"freeze": "nothing"})


def _moved(value: float, kind: str) -> Cell:
    return (f"{value:.4f}", kind) if value else ("0", "muted")


def _buffer(result: Result, step: int, index: int, training: set[str]) -> list[Cell]:
    drifts = [drift[index].item() for drift in result.drift[: step + 1]]
    kind = "yes" if _layer(result.buffers[index]) in training else "warn"
    last = drifts[-1] if drifts else 0.0
    return [
        f"▤ {result.buffers[index]}",
        _moved(last, kind),
        ("–", "muted"),
        ("buffer", "muted"),
        _moved(sum(drifts), kind),
    ]


def _training(result: Result, step: int) -> set[str]:
    """The layers with a parameter that trains at this step; none before the first."""
    if step >= len(result.requires_grad):
        return set()
    return {_layer(name) for name, trains in zip(result.names, result.requires_grad[step], strict=True) if trains}


def _layer(name: str) -> str:
    return name.rpartition(".")[0]


def _graph(result: Result, step: int) -> Panel:
    flow: dict[str, Any] = result.flow[step] if step < len(result.flow) else {}
    rows: list[list[Cell]] = [
        [name, ("↑ backward passes here", "yes") if carries else ("– no graph", "muted")]
        for name, carries in flow.items()
    ]
    note = "out.requires_grad after each layer: backward() walks up from the loss as far as this is True"
    return table("Where the gradient flows", ["output of", "graph"], rows[::-1], note=note)


def _cost(result: Result) -> Panel:
    free, now = result.cost or {}, result.cost_frozen or {}
    rows = [
        [name, f"{value:,}", f"{now[name]:,}" if now else "–", _less(value, now.get(name))]
        for name, value in free.items()
    ]
    return table(
        "Bytes of one step",
        ["kept", "nothing frozen", "as it is now", "saved"],
        rows,
        note="besides weights and buffers",
    )


def _less(free: int, now: int | None) -> Cell:
    if now is None or now == free:
        return ("–", "muted")
    return (f"{free - now:,}", "yes")
