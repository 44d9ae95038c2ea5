"""The node of the graph that the output of each layer has in the chosen mode; then the board of train/eval by on/no_grad/inference_mode."""

from typing import Any

from explorable.words import count, number
from figures.cells import Bar, Cell, cells_of
from figures.panels import (
    Bars,
    Board,
    Error,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Table,
    described,
    figure,
    limit,
    veiled,
)
from lessons.modes import NAMES, Params, Result, chosen, recorded

MODES = ("train", "eval")
GRADS = ("on", "no_grad", "inference_mode")
AROUND = {"on": "gradients on", "no_grad": "under no_grad()", "inference_mode": "under inference_mode()"}


def draw(params: Params, result: Result) -> Figure:
    lit = (MODES.index(params.mode), GRADS.index(params.grad))
    squares = [[_square(result.board[f"{mode}, {grad}"]) for grad in GRADS] for mode in MODES]
    seen = Board(
        "what net(x) does in each mode",
        ["grad on", "no_grad()", "inference_mode()"],
        ["train()", "eval()"],
        squares,
        lit=lit,
    )
    refusal = [_backward(params, result)] if result.error else []
    return figure(
        hero=[
            [_net(params, result), Operator("y = model(x)", AROUND[params.grad]), veiled(_done(params, result), cells=True)],
            [_facts(params, result)],
            refusal,
        ],
        more=[
            [seen],
            [_flags(params, result), _bytes(params, result), *([] if result.error else [_backward(params, result)])],
            [_layers(chosen(params, result))],
            [_x(result), *_calls(result)],
        ],
    )  # fmt: skip


def _net(params: Params, result: Result) -> Panel:
    """The layers of net, and the flag that the mode has set of each, not where a wrapper makes a question of it."""
    asked = params.wrapper != "none"
    rows = [
        [_short(name), *[(str(seen["training"]), "no")] * (not asked)] for name, seen in chosen(params, result).items()
    ]
    holder = f"model holds net: {params.wrapper}" if asked else "model = net"
    return Table(
        f"net after model.{params.mode}()", ["layer", *["training"] * (not asked)], rows, note=holder, breaks=True
    )


def _done(params: Params, result: Result) -> Panel:
    """The node of the graph that the output of each layer has, in its colour; what decides is ringed."""
    layers = chosen(params, result)
    held = params.wrapper != "none"
    beside = "training" if held else "running statistics" if any(seen["moved"] for seen in layers.values()) else ""
    cells, nodes = [], 0
    for seen in layers.values():
        made = bool(seen["grad_fn"]) and not seen["returns_input"]
        nodes += made
        cells.append([_node_of(seen, nodes - 1, made, bool(beside)), *([_beside(seen, held)] if beside else [])])
    frozen = "" if params.requires_grad else "; no parameter of net requires grad"
    return Grid(
        "what autograd records", cells, tensor=f"one colour, one node of the graph; None, no node{frozen}", limit=1.0,
        row_labels=[_short(name) for name in layers], col_labels=["out.grad_fn", *[beside] * bool(beside)], label_width=96,
        row_dim=None, col_dim=None, wide=True,
    )  # fmt: skip


def _node_of(seen: dict[str, Any], number: int, made: bool, narrow: bool) -> Cell:
    """The grad_fn of an output; where the layer returned its input it is the node of the layer before."""
    name = seen["grad_fn"]
    keys = [f"node-{number}"] if made else ["@recorded", "@adds", *[f"node-{number}"] * bool(name)]
    if not name:
        return Cell("None", f"out.grad_fn is None: {_input_or_not(seen)}", keys, mark="illegal")
    stem, _, end = name.partition("Backward") if narrow else (name, "", "")
    again = "" if made else ", again" if narrow else "the same node: it returns its input"
    sub = f"Backward{end}{again}" if narrow else again
    return Cell(
        stem,
        f"out.grad_fn.name() is {name}: {_input_or_not(seen)}",
        keys,
        sub=sub,
        mark="card",
        group=number,
    )


def _input_or_not(seen: dict[str, Any]) -> str:
    return "the layer returns its input, the same tensor" if seen["returns_input"] else "the layer returns a new tensor"


def _beside(seen: dict[str, Any], held: bool) -> Cell:
    """The flag of a layer, or whether its running statistics have moved."""
    if held:
        return Cell(str(seen["training"]), f"training is {seen['training']} in the call", "@net")
    return (
        Cell("moved", f"moved: {', '.join(seen['moved'])}", "@moved", mark="lit")
        if seen["moved"]
        else Cell("none", "it has none")
    )


def _short(name: str) -> str:
    return NAMES[name].removeprefix("nn.")


def _x(result: Result) -> Panel:
    cells = cells_of(result.x, note=lambda x, r, c: f"x[{r}, {c}] = {x:.4f}")
    return Grid(
        "x", cells, tensor=described("x", result.x, ("N", "C")), limit=limit(result.x), digits=1, signed=False, labels=False
    )  # fmt: skip


def _square(layers: dict[str, dict[str, Any]]) -> list[tuple[str, str, bool]]:
    random = any(seen["random"] for seen in layers.values())
    moved = any(seen["moved"] for seen in layers.values())
    nodes, size = len(recorded(layers)), sum(seen["bytes"] for seen in layers.values())
    return [
        ("⚄", "draws a mask" if random else "no mask", random),
        ("◔", "stats move" if moved else "stats stay", moved),
        ("←", f"{nodes} of {len(layers)} recorded" if nodes else "nothing recorded", nodes > 0),
        ("▤", f"{count(size, 'byte')} kept" if size else "no byte kept", size > 0),
    ]


def _facts(params: Params, result: Result) -> Panel:
    layers, differ = chosen(params, result), result.difference.abs().max().item()
    nodes, moved = len(recorded(layers)), any(seen["moved"] for seen in layers.values())
    items = [
        ("recorded", "autograd records", _how_many(nodes, len(layers))),
        ("adds", "adds nothing to the graph", _without_node(layers)),
        ("moved", "running statistics", "moved by the forward pass" if moved else "not moved"),
        ("calls", "two calls of model(x)", f"differ by up to {number(differ, 2)}" if differ else "are equal"),
        ("net", "in the call", f"net.training is {result.net_training}"),
        ("loss", f"loss of {params.loss_of}, backward()", _learned(result)),
    ]
    return veiled(Facts(items))


def _how_many(nodes: int, layers: int) -> str:
    return f"all {layers}" if nodes == layers else f"{nodes or 'none'} of the {layers}"


def _without_node(layers: dict[str, dict[str, Any]]) -> str:
    missing = [NAMES[name] for name in layers if name not in recorded(layers)]
    return {0: "none of the four", len(layers): "all four of them"}.get(len(missing), f"only {', '.join(missing)}")


def _learned(result: Result) -> str:
    if result.error:
        return f"a {result.error.partition(':')[0]}"
    return f"{count(len(result.gradients or {}), 'gradient')}"


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
    return Table("the chosen square, layer by layer", columns, rows)


def _node(seen: dict[str, Any]) -> str:
    node = seen["grad_fn"] or "None"
    return f"{node}: the output is the input" if seen["returns_input"] else node


def _backward(params: Params, result: Result) -> Panel:
    if result.error:
        where = "head(y)" if "Inference tensors" in result.error else "loss.backward()"
        return veiled(Error(f"The loss of {params.loss_of}", result.error, where=where, key="@loss"))
    gradients = result.gradients or {}
    return Bars(f"Norm of .grad, loss of {params.loss_of}", [Bar(name, norm) for name, norm in gradients.items()])


def _calls(result: Result) -> list[Panel]:
    top = limit(result.y, result.difference)

    def note(_: float, y: float, d: float, *at: int) -> str:
        return f"first call {y:+.4f}, second call {y + d:+.4f}: difference {d:+.4f}"

    def panel(name: str, values: Any, badge: str) -> Panel:
        cells = cells_of(values, result.y, result.difference, note=note)
        return Grid(name, cells, badge=badge, tensor=described(name, values, ("N", "C")), limit=top)

    return [panel("y", result.y, "first call"), panel("difference", result.difference, "second call - y")]


def _bytes(params: Params, result: Result) -> Panel:
    lit = f"{params.mode}, {params.grad}"
    totals = [
        Bar(square, sum(seen["bytes"] for seen in layers.values()), mark="lit" if square == lit else "")
        for square, layers in result.board.items()
    ]
    return Bars("Bytes saved for backward, beside weights and buffers", totals, unit="B", digits=0)


def _flags(params: Params, result: Result) -> Panel:
    rows = [[call, *(_flag(training) for training in flags)] for call, *flags in result.flags]
    holder = "model is net itself" if params.wrapper == "none" else f"model holds net: {params.wrapper}"
    now = [index for index, (call, *_) in enumerate(result.flags) if call == f"model.{params.mode}()"]
    return Table("training, after each call", ["call", "model", "net"], rows, note=holder, lit=now)


def _flag(training: bool) -> tuple[str, str]:
    return ("True", "warn") if training else ("False", "yes")
