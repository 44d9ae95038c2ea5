"""Six rows, the layer, what comes out beside what a usual layer gives; then what is stored and what a neighbour moves."""

import math
from collections.abc import Callable
from typing import Any

from figures.cells import cells_of
from figures.panels import Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.batch_norm_traps import (
    MICRO,
    POISONED,
    RANKS,
    SWAPPED,
    SYNC,
    UNTRACKED,
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
AXES = dict.fromkeys(SWAPPED, "sample, position") | {MICRO: "micro-batch: row", RANKS: "rank: row"}


def draw(params: Params, result: Result) -> Figure:
    layer = LAYERS.get(params.case, "BatchNorm1d(3)")
    if result.error:
        where = "bn(batches[0])" if params.case == SYNC else "bn(batches[0].reshape(2, 4, 3))"
        call = Operator(layer, "train mode, the first batch")
        given = _rows("the first batch", params, result.batches[0], result)
        return figure(
            hero=[
                [given, call, veiled(Error("What torch says", result.error, where=where, key="@does"))],
                [veiled(Facts([("does", "the layer", "it raises")]))],
            ]
        )
    each = "one a rank; " * (params.case == RANKS)
    stored = ", after 30 batches" * (params.mode == "eval" and params.case != UNTRACKED)
    call = Operator(layer, f"{each}{params.mode} mode{stored}")
    x, y = _rows("x", params, result.x, result), _output(params, result)
    usual, change = _rows("y of the usual layer", params, result.y_usual, result), _change(params, result)
    shown, more = [veiled(y)], [[usual, _stored(result)], [change]]
    if params.case in (UNTRACKED, RANKS):  # whether a neighbour is heard is what they are asked
        shown, more = [veiled(change)], [[y, usual], [_stored(result)]]
    if params.case == MICRO:
        shown, more = [veiled(y), veiled(usual)], [[_stored(result)], [change]]
    return figure(hero=[[x, call, *shown], [_facts(params, result)]], more=more)


def _names(params: Params, rows: int) -> list[str]:
    """What a row is: a sample, a position of one, a row of a micro-batch or of a rank."""
    half = rows // 2
    if params.case in SWAPPED:
        return [f"sample {at // half}, position {at % half}" for at in range(rows)]
    return [f"{at // half}: {at}" if params.case in (MICRO, RANKS) else str(at) for at in range(rows)]


def _width(params: Params) -> int:
    """Pixels for the names of the rows."""
    return 148 if params.case in SWAPPED else 58 if params.case in (MICRO, RANKS) else 42


def _shape(name: str, params: Params, values: Any) -> str:
    """The shape of the rows; where they are samples of positions, that in which the layer is handed them."""
    told = described(name, values, ("rows", "C"))
    return f"{told}, as {(2, len(values) // 2, 3)}" if params.case in SWAPPED else told


def _rows(title: str, params: Params, values: Any, result: Result) -> Panel:
    axis = AXES.get(params.case, "row")
    top = limit(result.y, result.y_usual) if title.startswith("y") else limit(values)
    cells = cells_of(
        values,
        mark=lambda value, *_: "error" if math.isnan(value) else "",
        key=lambda _, at, c: [f"cell-{at},{c}", *["@same"] * (title[0] == "y" and at == 0)],
    )
    return Grid(
        title, cells, tensor=_shape(title, params, values), limit=top, digits=1, signed=False, rows=axis, cols="channel",
        row_labels=_added(params, len(values)) if title == "x" else _names(params, len(values)), label_width=_width(params),
    )  # fmt: skip


def _added(params: Params, rows: int) -> list[str]:
    """The names of the rows of x; where it is asked who hears of it, those that 5 is added to say so."""
    asked = params.case in (UNTRACKED, RANKS)
    return [f"{name} +5" if asked and at >= rows // 2 else name for at, name in enumerate(_names(params, rows))]


def _output(params: Params, result: Result) -> Panel:
    """y; what the layer has normalised together in train mode has one colour, and its mean is told."""
    groups = _groups(params, result)
    y = result.y
    assert y is not None

    def group(row: int, channel: int) -> int | None:
        return groups[1](row, channel) if groups else None

    def key(value: float, row: int, channel: int) -> list[str]:
        rung = ["@shares"] * (group(row, channel) == 0)
        return [f"cell-{row},{channel}", *rung, *["@returns"] * math.isnan(value), *["@same"] * (row == 0)]

    cells = cells_of(
        y,
        mark=lambda value, *_: "error" if math.isnan(value) else "card" if groups else "",
        key=key,
        group=lambda value, row, channel: group(row, channel),
    )
    axis, named = AXES.get(params.case, "row"), params.case not in SWAPPED  # there x names them
    return Grid(
        "y", cells, tensor=_shape("y", params, y), limit=limit(y, result.y_usual), digits=1, signed=False, rows=axis * named,
        cols="channel" * named, row_labels=_names(params, len(y)), label_width=_width(params),
        wide=params.case not in (MICRO, *SWAPPED), group_names=groups[0] if groups else None,
    )  # fmt: skip


def _groups(params: Params, result: Result) -> tuple[list[str] | None, Callable[[int, int], int]] | None:
    """What shares a mean in this call: the names of the groups, and the group of a cell; None where stored means serve."""
    assert result.by_channel is not None and result.by_position is not None
    if params.mode == "eval" and params.case != UNTRACKED:
        return None
    half = len(result.x) // 2
    if params.case in SWAPPED:
        return _told("position", result.by_position.tolist()), lambda row, channel: row % half
    if params.case in (MICRO, RANKS):
        return None, lambda row, channel: 3 * (row // half) + channel
    return _told("channel", result.by_channel.tolist()), lambda row, channel: channel


def _told(name: str, means: list[float]) -> list[str]:
    return [f"{name} {place}: mean {round(mean, 2) + 0.0:g}" for place, mean in enumerate(means)]


ASKED = {  # what is told of a case, beside what its question asks for
    UNTRACKED: ("moves",),
    POISONED: ("returns",),
    MICRO: ("same",),
    RANKS: ("moves",),
}


def _facts(params: Params, result: Result) -> Panel:
    moved = moves(result)
    items = {
        "moves": ("5 added to the second half: the first rows", "have no numbers" if moved is None else "they move" if moved else "they stay"),
        "returns": ("it returns", _returns(result)),
        "shares": ("has a mean of 0 in y", shares(result)),
        "same": ("beside the usual layer", "the same numbers" if same(result) else "other numbers"),
    }  # fmt: skip
    return veiled(Facts([(key, *items[key]) for key in ASKED.get(params.case, ("shares",))]))


def _returns(result: Result) -> str:
    assert result.y is not None
    wrong = [any(column) for column in zip(*result.y.isnan().tolist(), strict=True)]
    return "numbers" if not any(wrong) else "NaN everywhere" if all(wrong) else "NaN in one channel"


def _stored(result: Result) -> Panel:
    held = [("nothing", "muted")] * 3 if result.stored is None else [f"{mean:.3f}" for mean in result.stored.tolist()]
    rows = [[str(c), drawn, held[c]] for c, drawn in enumerate(("5", "0", "-2"))]
    return Table("running_mean after 30 batches", ["channel", "drawn around", "stored"], rows)


def _change(params: Params, result: Result) -> Panel:
    change = result.change
    assert change is not None
    cells = cells_of(change, key=lambda _, row, channel: [f"cell-{row},{channel}", *["@moves"] * (row == 0)])
    return Grid(
        "how far the first rows of y move", cells, tensor=described("change", change, ("row", "C")), limit=limit(change, result.y),
        digits=2, rows="row", cols="channel", badge="5 added to the other half", label_width=_width(params),
        row_labels=_names(params, 2 * len(change))[: len(change)],
    )  # fmt: skip
