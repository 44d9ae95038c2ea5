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
from lessons.loop import ACCUMULATES, Params, Result, meant, moved, told, trend, values

ZERO, FORWARD = ("zero_grad()", ".grad: None"), ("loss = ...", "a new graph")
BACKWARD, CLIP = ("backward()", "adds to .grad"), ("clip_grad_norm_()", "scales .grad")
STEP, RATE = ("step()", "reads .grad"), ("scheduler.step()", "lowers lr")
NEW = ("a new optimizer", "no averages")
WHOLE, SHARE = ("backward()", "adds, not / 3"), ("backward()", "adds a third")
THIRD, EMPTIED = ("step()", "every third turn"), ("zero_grad()", "after it")
MEAN = "this loop"
GREEN, GREY = 2, 5  # the two loops; orange and blue are the signs of a gradient
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
    came = Error("What PyTorch says", result.error) if result.error else _losses(params, result)
    ways = [] if result.error else [_weight("w", GOAL, result)]
    return figure(
        hero=[
            [_turn(params), Operator("30 turns", "10 epochs"), veiled(came)],
            [] if result.error else [veiled(_sums(result))],
            [_facts(result)],
        ],
        more=[_means(params, result), _batches(params, result), [*ways, _weight("b", 1, result)], _read(result)],
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


def _losses(params: Params, result: Result) -> Panel:
    """The mean loss of each epoch, thick, beside that of the loop as it is meant; ringed where it has risen."""
    assert result.epochs is not None and result.epochs_in_order is not None
    epochs = result.epochs.tolist()
    labels = [str(epoch) for epoch in range(1, len(epochs) + 1)]
    peaks = {
        at: "@trend"
        for at, (before, here, then) in enumerate(zip(epochs, epochs[1:], epochs[2:], strict=False), 1)
        if before < here > then
    }
    return Curve(
        "mean loss of an epoch", labels, _both(params, epochs, result.epochs_in_order.tolist()), bold=MEAN, ringed=peaks,
        hues=(GREEN, GREY), x_title="epoch", wide=False,
    )  # fmt: skip


def _both(params: Params, losses: list[float], in_order: list[float] | None) -> dict[str, list[float]]:
    """The losses of this loop, and of the one that it is compared with, if it is another."""
    if not meant(params) or in_order is None:
        return {MEAN: losses}
    return {MEAN: losses, meant(params): in_order}


def _sums(result: Result) -> Panel:
    """Of the first turns w, what backward() adds to w.grad, and what step() reads: why the loss does what it does."""
    was = [w for w, _ in result.weights[:TURNS]]
    rows = [
        [{at: grad for at, grad in pairs}.get(turn) for turn in range(TURNS)] for pairs in (result.adds, result.reads)
    ]
    away = [read is not None and (w - GOAL) * read < 0 for w, read in zip(was, rows[1], strict=True)]
    notes = ("backward() adds {} to w.grad", "step() reads w.grad = {}, which pushes w {}")
    cells = cells_of(
        rows,
        note=lambda value, row, turn: "" if value is None else f"turn {turn + 1}: {notes[row].format(f'{value:+.4f}', _pushed(value)[1])}",
        sub=lambda value, row, turn: f"{_pushed(value)[0]} {_beyond(was[turn]) * away[turn]}".strip() * row,
        mark=lambda value, row, turn: "lit" * (row == 1 and away[turn]),
    )  # fmt: skip
    sides = {_beyond(w) for w, leads in zip(was, away, strict=True) if leads}
    pushes = [_pushed(read) for read in rows[1]]
    still = all(pushes[turn] == pushes[turn - 1] for turn, leads in enumerate(away) if leads)
    return Grid(
        f"w.grad in the first {TURNS} of 30 turns; the goal of w is {GOAL}", cells, tensor=_leads(sides, any(rows[1]), still),
        limit=max((abs(value) for row in rows for value in row if value), default=1.0), digits=1, label_width=78,
        row_labels=["batch adds", "step() reads"], col_labels=[f"w {w + 0.0:.1f}" for w in was], wide=True,
        col_groups=[(f"epoch {epoch}", 3) for epoch in range(1, TURNS // 3 + 1)], row_dim=None, col_dim=None,
    )  # fmt: skip


def _pushed(read: float | None) -> tuple[str, str]:
    """Where a step() that reads this moves w to, as an arrow and in words."""
    return ("↑", "up") if read and read < 0 else ("↓", "down") if read else ("", "nowhere")


def _beyond(w: float) -> str:
    return f"past {GOAL}" if w > GOAL else f"below {GOAL}"


def _leads(sides: set[str], reads: bool, still: bool) -> str:
    """What the arrows and frames mean; still: each framed push goes on from the turn before."""
    if not reads:
        return "no step() reads a gradient"
    arrows = "↑ ↓: what step() reads pushes w up or down"
    if not sides:
        return f"{arrows}, always to its goal"
    if len(sides) > 1:
        return f"{arrows}; framed: away from its goal"
    [side] = sides
    return f"{arrows}; framed: w is {side}{', still' if still else ' and'} pushed {'up' if side.startswith('past') else 'down'}"


def _means(params: Params, result: Result) -> list[Panel]:
    """The numbers of the curve."""
    means = {"epochs": result.epochs, "epochs_in_order": result.epochs_in_order if meant(params) else None}
    badges = {"epochs": MEAN, "epochs_in_order": meant(params)}
    return [
        Grid(
            name, [cells_of(mean)], badge=badges[name], tensor=described(name, mean, ("epoch",)), limit=limit(*means.values()),
            row_labels=[""], row_dim=None, signed=False,
        )
        for name, mean in means.items() if mean is not None
    ]  # fmt: skip


def _batches(params: Params, result: Result) -> list[Panel]:
    if result.in_order is None:
        return []
    labels = [str(turn) for turn in range(1, len(result.losses) + 1)]
    return [
        Curve(
            "loss of each batch",
            labels,
            _both(params, result.losses, result.in_order),
            hues=(GREEN, GREY),
            x_title="turn",
        )
    ]


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
