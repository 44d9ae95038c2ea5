"""What goes in, the layer, what comes out and the means in it; then a usual layer, what is stored, and what a neighbour moves."""

import math
from dataclasses import replace
from typing import Any

from figures.cells import Cell, cells_of
from figures.panels import Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.batch_norm_traps import (
    MICRO,
    POISONED,
    RANKS,
    SWAPPED,
    SYNC,
    UNTRACKED,
    USUAL,
    Params,
    Result,
    moves,
    same,
    shares,
)

LAYERS = {
    UNTRACKED: "BatchNorm1d(3, track_running_stats=False)",
    SYNC: "SyncBatchNorm(3)",
}
HALVES = {MICRO: "half", RANKS: "rank"}  # what a half of the rows is
AXES = dict.fromkeys(SWAPPED, "sample, position") | {MICRO: "micro-batch: row", RANKS: "rank: row"}


def draw(params: Params, result: Result) -> Figure:
    layer = LAYERS.get(params.case, "BatchNorm1d(3)")
    if result.error:
        where = "bn(batches[0])" if params.case == SYNC else "bn(batches[0].reshape(2, 4, 3))"
        call = Operator(layer, "train mode, the first batch")
        first = result.batches[0]
        given = (
            _rows("the first batch", params, first, result)
            if params.case == SYNC
            else _apart("x", params, first, result)
        )
        return figure(
            hero=[
                [given, call, veiled(Error("What torch says", result.error, where=where, key="@does"))],
                [veiled(Facts([("does", "the layer", "it raises")]))],
            ]
        )
    each = "one a rank; " * (params.case == RANKS)
    stored = ", after 30 batches" * (params.mode == "eval" and params.case != UNTRACKED)
    call = Operator(layer, f"{each}{params.mode} mode{stored}")
    x, y = _rows("x", params, result.x, result), _rows("y", params, result.y, result)
    usual, change = _rows("y of the usual layer", params, result.y_usual, result), _change(params, result)
    shown, more = [veiled(y)], [[usual, _stored(params, result)], [change]]
    if params.case in (USUAL, *SWAPPED):
        means = result.by_channel if params.case == USUAL else result.by_position
        x, shown = _apart("x", params, result.x, result), [veiled(_apart("y", params, result.y, result, means))]
        more = [[y, usual], [_stored(params, result), change]]
    if params.case in (UNTRACKED, RANKS):  # whether a neighbour is heard is what they are asked
        shown, more = [veiled(change)], [[y, usual], [_stored(params, result)]]
    if params.case == MICRO:
        shown, more = [veiled(y), veiled(usual)], [[_stored(params, result)], [change]]
    return figure(hero=[[x, call, *shown], [_facts(params, result)]], more=more)


def _names(params: Params, rows: int) -> list[str]:
    """What a row is: a sample, a position of one, a row of a micro-batch or of a rank."""
    half = rows // 2
    if params.case in SWAPPED:
        return [f"sample {at // half}, position {at % half}" for at in range(rows)]
    return [f"{HALVES[params.case]} {at // half}: {at}" if params.case in HALVES else str(at) for at in range(rows)]


def _width(params: Params) -> int:
    """Pixels for the names of the rows."""
    return 148 if params.case in SWAPPED else {MICRO: 54, RANKS: 84}.get(params.case, 42)


def _rows(title: str, params: Params, values: Any, result: Result) -> Panel:
    """x, or what a layer makes of it, on one scale."""
    return Grid(
        title, _cells(title, values), tensor=described(title, values, ("rows", "C")), limit=_top(values, result), digits=1,
        signed=False, rows=AXES.get(params.case, "row"), cols="channel",
        row_labels=_added(params, len(values)) if title == "x" else _names(params, len(values)), label_width=_width(params),
    )  # fmt: skip


def _cells(title: str, values: Any) -> Any:
    def key(value: float, row: int, channel: int) -> list[str]:
        ringed = [*["@same"] * (row == 0), *["@returns"] * math.isnan(value)] if title.startswith("y") else []
        return [f"cell-{row},{channel}", *ringed]

    return cells_of(values, mark=lambda value, *_: "error" if math.isnan(value) else "", key=key)


def _top(values: Any, result: Result) -> float:
    return limit(values, result.x, result.y, result.y_usual)


def _apart(name: str, params: Params, values: Any, result: Result, means: Any = None) -> Panel:
    """What shares one mean in a row: a channel, or a position where the axes are swapped; with the mean of each row behind it."""
    swapped, half, behind = params.case in SWAPPED, len(values) // 2, 0 if means is None else 1
    what, short = ("position", "pos.") if swapped else ("channel", "channel")
    rows = _side_by_side(name, params, values)
    if means is not None:
        # one frame goes round a row whose values share a mean
        mark = "lit" if shares(result) == f"those of one {what}" else ""
        for at, (row, mean) in enumerate(zip(rows, means.tolist(), strict=True)):
            rows[at] = [
                *(replace(cell, mark=mark) for cell in row),
                _mean(mean, f"mean of {what} {at} in {name}", "@shares", mark),
            ]
    below = [_channels(name, result)] if swapped and behind else []
    columns = [f"n={n}" for _ in range(3) for n in range(2)] if swapped else [str(at) for at in range(2 * half)]
    return Grid(
        f"{name}, by {what}", [*rows, *below], tensor=_shape(name, params, values), limit=_top(values, result), digits=1,
        signed=False, rows=what, cols="channel, sample n" if swapped else "row of the batch", row_dim=None, col_dim=None,
        row_labels=[*(f"{short} {at}" for at in range(len(rows))), *["mean"] * len(below)], label_width=46 if swapped else 74,
        col_labels=[*columns, *["mean"] * behind], badge="↓ axis 1: read as channel" if below else "",
        col_groups=[*((f"ch. {c}", 2) for c in range(3)), *[("", 1)] * behind] if swapped else None,
    )  # fmt: skip


def _side_by_side(name: str, params: Params, values: Any) -> list[list[Cell]]:
    """The cells by channel, or by position: then both samples of a channel side by side."""
    cells, half = _cells(name, values), len(values) // 2
    if params.case in SWAPPED:
        places = [[(place + half * n, c) for c in range(3) for n in range(2)] for place in range(half)]
    else:
        places = [[(at, c) for at in range(len(values))] for c in range(3)]
    return [[replace(cells[at][c], note=_told(name, params, values, at, c)) for at, c in row] for row in places]


def _shape(name: str, params: Params, values: Any) -> str:
    if params.case not in SWAPPED:
        return described(name, values, ("rows", "C"))
    dtype = str(values.dtype).removeprefix("torch.")
    return f"{name} [N=2, L={len(values) // 2}, C=3] {dtype} {values.device}"


def _told(name: str, params: Params, values: Any, at: int, c: int) -> str:
    half = len(values) // 2
    place = f"{at // half}, {at % half}, {c}" if params.case in SWAPPED else f"{at}, {c}"
    return f"{name}[{place}] = {values[at, c]:.4f}"


def _channels(name: str, result: Result) -> list[Cell]:
    """The mean of each channel, a cell below both of its columns."""
    assert result.by_channel is not None
    means = [_mean(mean, f"mean of channel {c} in {name}", "") for c, mean in enumerate(result.by_channel.tolist())]
    return [*means, Cell(None, key="")]


def _mean(mean: float, what: str, key: str, mark: str = "") -> Cell:
    return Cell(_rounded(mean), f"{what}: {mean:.4f}", key, mark=mark)


def _rounded(mean: float) -> float:
    """A mean as it is read: of rounding errors nothing is left."""
    return round(mean, 4) + 0.0


def _added(params: Params, rows: int) -> list[str]:
    """The names of the rows of x; where it is asked who hears of it, those that 5 is added to say so."""
    asked = params.case in (UNTRACKED, RANKS)
    return [f"{name} +5" if asked and at >= rows // 2 else name for at, name in enumerate(_names(params, rows))]


ASKED = {  # what is told of a case, beside what its question asks for
    UNTRACKED: ("moves",),
    POISONED: ("returns",),
    MICRO: ("same",),
    RANKS: ("moves",),
}


def _facts(params: Params, result: Result) -> Panel:
    moved, stored = moves(result), params.mode == "eval"
    items = {
        "moves": ("5 added to the second half: the first rows", "have no numbers" if moved is None else "they move" if moved else "they stay"),
        "returns": ("it returns", _returns(result)),
        "shares": ("values whose mean in y is 0" if stored else "values that share one mean", shares(result)),
        "same": ("beside the usual layer", "the same numbers" if same(result) else "other numbers"),
    }  # fmt: skip
    return veiled(Facts([(key, *items[key]) for key in ASKED.get(params.case, ("shares",))]))


def _returns(result: Result) -> str:
    assert result.y is not None
    wrong = [any(column) for column in zip(*result.y.isnan().tolist(), strict=True)]
    return "numbers" if not any(wrong) else "NaN everywhere" if all(wrong) else "NaN in one channel"


def _stored(params: Params, result: Result) -> Panel:
    held = [("nothing", "muted")] * 3 if result.stored is None else [f"{mean:.3f}" for mean in result.stored.tolist()]
    swapped = params.case in SWAPPED
    drawn = ["5, 0, -2"] * 3 if swapped else ["5", "0", "-2"]
    rows = [[str(at), *pair] for at, pair in enumerate(zip(drawn, held, strict=True))]
    return Table(
        "running_mean after 30 batches", ["position" if swapped else "channel", "drawn around", "stored"], rows
    )


def _change(params: Params, result: Result) -> Panel:
    change = result.change
    assert change is not None
    cells = cells_of(change, key=lambda _, row, channel: [f"cell-{row},{channel}", *["@moves"] * (row == 0)])
    return Grid(
        "how far the first rows of y move", cells, tensor=described("change", change, ("row", "C")), limit=limit(change, result.y),
        digits=2, rows="row", cols="channel", badge="5 added to the other half", label_width=_width(params),
        row_labels=_names(params, 2 * len(change))[: len(change)],
    )  # fmt: skip
