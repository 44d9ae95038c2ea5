"""The lines of one turn, the mean loss of each epoch beside that of the loop in order, and w.grad turn by turn; below, each batch."""

from typing import Any

from explorable.words import number
from figures.cells import cells_of
from figures.panels import (
    Curve,
    Error,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Table,
    described,
    figure,
    keyed,
    limit,
    veiled,
)
from lessons.loop import ACCUMULATES, Params, Result, moved, told, trend, values

ZERO, FORWARD = ("zero_grad()", ".grad: None"), ("loss = ...", "a new graph")
BACKWARD, CLIP = ("backward()", "adds to .grad"), ("clip_grad_norm_()", "scales .grad")
STEP, RATE = ("step()", "reads .grad"), ("scheduler.step()", "lowers lr")
NEW = ("a new optimizer", "no averages")
WHOLE, SHARE = ("backward()", "adds, not / 3"), ("backward()", "adds a third")
THIRD, EMPTIED = ("step()", "every third turn"), ("zero_grad()", "after it")
MEAN, ORDERED = "this loop", "with the lines in order"
GOAL, TURNS = 2, 9  # of w; the turns of three epochs
LEFT_OUT = {
    "no zero_grad()": ZERO,
    "no backward()": BACKWARD,
    "no step()": STEP,
    "one forward() for all turns": FORWARD,
}
MOVED = {  # the line that moves -> the one that it then stands behind; step() moves to where it stands before backward()
    "zero_grad() after backward()": (ZERO, BACKWARD),
    "step() before backward()": (STEP, FORWARD),
    "clip after step()": (CLIP, STEP),
}


DECIDES = {"step()": ("@moved", "@norm"), "scheduler.step()": ("@lr",), "a new optimizer": ("@stride",)}


def draw(params: Params, result: Result) -> Figure:
    came = Error("What PyTorch says", result.error) if result.error else _losses(result)
    ways = [] if result.error else [_weight("w", GOAL, result)]
    return figure(
        hero=[
            [_turn(params), Operator("30 turns", "10 epochs"), veiled(came)],
            [] if result.error else [veiled(_sums(result))],
            [_facts(result)],
        ],
        more=[_means(result), _batches(result), [*ways, _weight("b", 1, result)], _read(result)],
    )


def _turn(params: Params) -> Panel:
    """The lines of one turn, what is wrong with them marked."""
    taken = values(params)
    lines = [ZERO, FORWARD, BACKWARD, *[CLIP] * (taken["clip"] or params.change == "clip after step()"), STEP]
    wrong = LEFT_OUT.get(params.change)
    if params.change == ACCUMULATES[0]:
        lines, wrong = [FORWARD, WHOLE, THIRD, EMPTIED], WHOLE
    if params.change == ACCUMULATES[1]:
        lines, wrong = [ZERO, FORWARD, SHARE, THIRD, EMPTIED], ZERO
    if params.change in MOVED:
        wrong, behind = MOVED[params.change]
        lines.remove(wrong)
        lines.insert(lines.index(behind) + 1, wrong)
    if params.change == "a new optimizer each turn":
        lines, wrong = [NEW, *lines], NEW
    if taken["schedule"] == "each batch":
        lines.append(RATE)
    rows = [[line[0], _effect(params, line)] for line in lines]
    note = "scheduler.step() after 3 turns" if taken["schedule"] == "each epoch" else "3 turns are an epoch"
    return Table(
        "one turn", ["line", "what it does"], rows, lit=[lines.index(wrong)] if wrong else [], note=note, breaks=True
    )


def _effect(params: Params, line: tuple[str, str]) -> Any:
    """What a line does; what it lacks, and what it does instead, are marked."""
    call, effect = line
    if line == LEFT_OUT.get(params.change):
        return ("left out", "warn")
    if line == BACKWARD and params.change == "no zero_grad()":
        return ("adds to .grad, never emptied", "warn")
    return keyed(effect, "", *DECIDES.get(call, ()))


def _losses(result: Result) -> Panel:
    """The mean loss of each epoch, thick, beside that of the loop in order; ringed where it has risen."""
    assert result.epochs is not None and result.epochs_in_order is not None
    epochs = result.epochs.tolist()
    labels = [str(epoch) for epoch in range(1, len(epochs) + 1)]
    peaks = {
        at: "@trend"
        for at, (before, here, then) in enumerate(zip(epochs, epochs[1:], epochs[2:], strict=False), 1)
        if before < here > then
    }
    return Curve(
        "mean loss of an epoch", labels, {MEAN: epochs, ORDERED: result.epochs_in_order.tolist()}, bold=MEAN, ringed=peaks,
        x_title="epoch", wide=False,
    )  # fmt: skip


def _sums(result: Result) -> Panel:
    """Of the first turns w, what backward() adds to w.grad, and what step() reads: why the loss does what it does."""
    was = [w for w, _ in result.weights[:TURNS]]
    rows = [
        [{at: grad for at, grad in pairs}.get(turn) for turn in range(TURNS)] for pairs in (result.adds, result.reads)
    ]
    away = [read is not None and (w - GOAL) * read < 0 for w, read in zip(was, rows[1], strict=True)]
    notes = ("backward() adds {} to w.grad", "step() reads w.grad = {}")
    cells = cells_of(
        rows, note=lambda value, row, turn: "" if value is None else f"turn {turn + 1}: {notes[row].format(f'{value:+.4f}')}",
        mark=lambda value, row, turn: "lit" * (row == 1 and away[turn]),
    )  # fmt: skip
    if any(away):
        leads = "framed: what step() reads leads w away from its goal"
    else:
        leads = "what step() reads leads w to its goal" if any(rows[1]) else "no step() reads a gradient"
    return Grid(
        f"w.grad, turn by turn; the goal of w is {GOAL}", cells, tensor=leads,
        limit=max((abs(value) for row in rows for value in row if value), default=1.0), digits=1, label_width=78,
        row_labels=["batch adds", "step() reads"], col_labels=[f"w {w + 0.0:.1f}" for w in was], wide=True,
        row_dim=None, col_dim=None,
    )  # fmt: skip


def _means(result: Result) -> list[Panel]:
    """The numbers of the curve."""
    means = {"epochs": result.epochs, "epochs_in_order": result.epochs_in_order}
    badges = {"epochs": MEAN, "epochs_in_order": ORDERED}
    return [
        Grid(
            name, [cells_of(mean)], badge=badges[name], tensor=described(name, mean, ("epoch",)), limit=limit(*means.values()),
            row_labels=[""], row_dim=None, signed=False,
        )
        for name, mean in means.items() if mean is not None
    ]  # fmt: skip


def _batches(result: Result) -> list[Panel]:
    if result.in_order is None:
        return []
    labels = [str(turn) for turn in range(1, len(result.losses) + 1)]
    return [Curve("loss of each batch", labels, {MEAN: result.losses, ORDERED: result.in_order}, x_title="turn")]


def _facts(result: Result) -> Panel:
    if result.epochs is None or result.stride is None:
        name = str(result.error).partition(":")[0]
        return veiled(Facts([("outcome", "turn 2 ends with", f"a {name}"), ("moved", "w and b", moved(result))]))
    norm, lr = (
        (told(result.norms[0]), number(result.lrs[-1], 4)) if result.norms else ("no step() reads", "no step() reads")
    )
    items = [
        ("trend", "the mean loss of an epoch", trend(result.epochs)),
        ("moved", "w and b", moved(result)),
        ("norm", "the first step() reads the norm", norm),
        ("lr", "the last step() reads lr", lr),
        ("stride", "the last turn moves w by", told(result.stride)),
    ]
    return veiled(Facts(items))


def _weight(name: str, goal: int, result: Result) -> Panel:
    """w or b after each turn, its goal, and how often it passes that."""
    values = [pair["wb".index(name)] for pair in result.weights]
    beyond = [value > goal for value in values]
    times = sum(before != after for before, after in zip(beyond, beyond[1:], strict=False))
    labels, lines = (
        [str(turn) for turn in range(len(values))],
        {MEAN: values, f"its goal, {goal}": [float(goal)] * len(values)},
    )
    badge = f"passes its goal {_times(times)}" if times else ""
    return Curve(f"{name} after each turn", labels, lines, bold=MEAN, badge=badge, x_title="turn", wide=False)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _read(result: Result) -> list[Panel]:
    if not result.norms:
        return []
    labels = [str(turn) for turn in range(1, len(result.norms) + 1)]
    return [Curve("norm of the gradients that step() reads", labels, {"norm": result.norms}, x_title="turn")]
