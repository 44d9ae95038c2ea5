"""The model layer by layer, what of it the steps moved, and below it every tensor, the graph and the bytes."""

import math
import re
from typing import Any

from explorable.words import count
from figures.panels import Error, Facts, Figure, Operator, Panel, Table, figure, keyed, pressable, stepped, veiled
from lessons.freeze import LOOP, MATCHING, Params, Result, drifted, first_gradient, frozen, moved, strays

Cell = str | tuple[str, str] | tuple[str, str, dict[str, Any]]
MISSPELT = ("stem.requires_grad = False", "p.require_grad = False")  # what they freeze is a question
RAISES = {"RuntimeError": "loss.backward()", "error": "search(pattern, name)", "TimeoutError": "search(pattern, name)"}
LAYERS = ("stem", "norm", "act", "body", "head")


def draw(params: Params, result: Result) -> Figure:
    steps = max(len(result.flow), 1)
    tensors, graphs = ([panel(result, step) for step in range(steps)] for panel in (_tensors, _graph))
    layers, changes = ([panel(params, result, step) for step in range(steps)] for panel in (_layers, _changes))
    call = Operator(count(params.steps, "round"), _mode(params))
    after = veiled(stepped(changes))
    return figure(
        hero=[[stepped(layers), call, after], [_facts(params, result)], _said(result)],
        more=[[stepped(tensors)], [stepped(graphs), _cost(result)]],
        steps=[f"{k} of {params.steps}" for k in range(1, steps + 1)],
        step_name="step",
    )


def _mode(params: Params) -> str:
    mode = {"eval": "eval mode", "no_grad": "train mode, under no_grad"}.get(
        params.mode, params.mode.replace("train", "train mode")
    )
    return f"forward, backward(), {params.optimizer.split(',')[0]}.step(); {mode}"


def _said(result: Result) -> list[Panel]:
    if not result.error:
        return []
    return [veiled(Error("What Python says", result.error, where=RAISES[result.error.split(":")[0]], key="@backward"))]


def _facts(params: Params, result: Result) -> Panel:
    cold, ice = strays(result), frozen(result)
    items = [
        ("norm", "the steps change in norm", _norm(result)),
        ("stray", "frozen tensors that move", f"{len(cold)} of {len(ice)}"),
        ("count", "requires_grad is False on", f"{len(ice)} of {len(result.names)} tensors"),
        ("backward", "loss.backward()", _backward(result)),
        ("bias", "stem.bias.grad, first step", first_gradient(result, "stem.bias")),
    ]
    if params.prompt:
        items.append(("prompt", "prompt.grad, first step", _held(result)))
    return veiled(Facts(items))


def _norm(result: Result) -> str:
    weights = any(name.startswith("norm.") for name in moved(result))
    if drifted(result):
        return "weight, bias and buffers" if weights else "its buffers alone"
    return "its weight and bias" if weights else "nothing at all"


def _backward(result: Result) -> str:
    if not result.error:
        return "runs"
    kind = result.error.split(":")[0]
    return f"it raises {kind}" if kind == "RuntimeError" else "not reached"


def _held(result: Result) -> str:
    held = first_gradient(result, "prompt")
    return held if held in ("None", "zeros", "rounding error") else "numbers other than zero"


def _chain(result: Result) -> list[str]:
    """The layers from the input to the loss."""
    return [*(["prompt"] if "prompt" in result.names else []), *LAYERS]


def _of(layer: str, names: list[str]) -> list[int]:
    return [index for index, name in enumerate(names) if name.split(".")[0] == layer]


def _layers(params: Params, result: Result, step: int) -> Panel:
    """What each layer holds, and what of it is frozen when this step is taken; not where a question asks for that."""
    flags = result.requires_grad[min(step, len(result.requires_grad) - 1)] if result.requires_grad else []
    seen = bool(flags) and params.freeze not in MISSPELT
    rows: list[list[Cell]] = []
    for layer in _chain(result):
        own = {result.names[at].rpartition(".")[2]: flags[at] if seen else None for at in _of(layer, result.names)}
        buffers = len(_of(layer, result.buffers))
        held = [*_words(own), *[count(buffers, "buffer")] * bool(buffers)]
        rows.append([layer, "; ".join(held) or ("–", "muted")])
    return Table("from input to loss", ["layer", "holds"], rows, breaks=True)


def _words(own: dict[str, bool | None]) -> list[str]:
    """The parameters of a layer with whether they train, said once where they do as one."""
    said = {True: "train", False: "frozen", None: ""}
    alike = {flag: [name for name, one in own.items() if one == flag] for flag in own.values()}
    return [f"{', '.join(names)}{': ' * bool(said[flag])}{said[flag]}" for flag, names in alike.items()]


def _changes(params: Params, result: Result, step: int) -> Panel:
    """Whether the steps so far moved the parameters of each layer, and where they took a running mean."""
    rows = [[layer, _gone(result, layer, step), _drifted(result, layer, step)] for layer in _chain(result)]
    return Table("What has moved so far", ["layer", "parameters", "buffers"], rows, breaks=True)


def _gone(result: Result, layer: str, step: int) -> Cell:
    """Whether a step moved a parameter of a layer; a warning where one moved at a step for which it was frozen."""
    own = _of(layer, result.names)
    taken = list(zip(result.moved, result.requires_grad, strict=False))[: step + 1]
    if not own or not taken:
        return ("–", "muted")
    far = any(moves[index] for moves, _ in taken for index in own)
    cold = any(moves[index] and not flags[index] for moves, flags in taken for index in own)
    ice = any(not flags[index] for _, flags in taken for index in own)
    ringed = ["@stray"] * ice + ["@bias", "@count"] * (layer == "stem") + [f"@{layer}"] * (layer in ("norm", "prompt"))
    said = ("moved", "warn" if cold else "yes") if far else ("unchanged", "muted")
    return keyed(*said, *ringed) if ringed else said


def _drifted(result: Result, layer: str, step: int) -> Cell:
    """The first number of norm's running mean, before and after; a warning where it moved beside a frozen parameter."""
    if layer != "norm" or not result.drift:
        return ("–", "muted")
    before, after = result.means[0], result.means[step + 1]
    frozen_now = step < len(result.requires_grad) and not all(
        result.requires_grad[step][i] for i in _of(layer, result.names)
    )
    kind = "muted" if before == after else "warn" if frozen_now else "yes"
    went = f"{before:.2f} → {after:.2f}".replace("-", "−").replace(" ", "\N{NO-BREAK SPACE}")
    return keyed(f"running_mean[0] {went}", kind, "@norm")


def _tensors(result: Result, step: int) -> Panel:
    rows = [_parameter(result, step, index) for index in range(len(result.names))]
    training = _training(result, step)
    rows += [_buffer(result, step, index, training) for index in range(len(result.buffers))]
    columns = ["tensor", "moved by", ".grad at step()", "requires_grad", "moved in all"]
    note = "norm of .grad; largest |change| of a number by this step, and the sum of these over all steps so far"
    loss = f"step {step + 1}, loss {result.losses[step]:.4f}" if step < len(result.losses) else "before the first pass"
    return Table("Every tensor", columns, rows, wide=True, note=note, badge=loss)


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
    own = [(n, trains) for n, trains in zip(result.names, flags, strict=True) if n != "prompt"]
    learning = [n for n, trains in own if trains != (n == pressed)]
    label = f"{'freeze' if flags[index] else 'train'} {pressed}"
    return pressable(str(flags[index]), "no", label, _choosing(learning, len(own)))


def _choosing(learning: list[str], all_of_them: int) -> dict[str, str]:
    """The Params in which these parameters learn and the rest are frozen."""
    if not learning:
        return {"freeze": LOOP}
    if len(learning) == all_of_them:
        return {"freeze": "nothing"}
    return {"freeze": MATCHING, "pattern": f"^({'|'.join(map(re.escape, learning))})$"}


def _moved(value: float, kind: str) -> tuple[str, str]:
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
    return Table("Where the gradient flows", ["output of", "graph"], rows[::-1], note=note)


def _cost(result: Result) -> Panel:
    free, now = result.cost, result.cost_frozen or {}
    rows = [
        [name, f"{value:,}", f"{now[name]:,}" if now else "–", _less(value, now.get(name))]
        for name, value in free.items()
    ]
    return Table(
        "Bytes of one step",
        ["kept", "nothing frozen", "as it is now", "saved"],
        rows,
        note="on the CPU, beside weights and buffers",
    )


def _less(free: int, now: int | None) -> Cell:
    if now is None or now == free:
        return ("–", "muted")
    return (f"{free - now:,}", "yes")
