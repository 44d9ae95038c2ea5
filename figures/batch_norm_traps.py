"""Six rows, the layer, what comes out beside what a usual layer gives; then what is stored and what a neighbour moves."""

import math
from typing import Any

from figures.cells import cells_of
from figures.panels import Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.batch_norm_traps import MICRO, RANKS, SWAPPED, SYNC, UNTRACKED, Params, Result, moves, same, shares

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
        given = _rows("batches[0]", params, result.batches[0], result)
        return figure(
            hero=[
                [given, call, veiled(Error("y", result.error, where=where))],
                [veiled(Facts([("does", "the layer", "it raises")]))],
            ]
        )
    each = "one a rank; " * (params.case == RANKS)
    call = Operator(layer, f"{each}{params.mode} mode, after 30 batches")
    return figure(
        hero=[
            [_rows("x", params, result.x, result), call, veiled(_rows("y", params, result.y, result))],
            [_facts(result)],
        ],
        more=[[_rows("y_usual", params, result.y_usual, result), _stored(result)], [_change(result)]],
    )


def _names(params: Params, rows: int) -> list[str]:
    """What a row is: a sample, a position of one, a row of a micro-batch or of a rank."""
    half = rows // 2
    if params.case in SWAPPED:
        return [f"{at // half}, {at % half}" for at in range(rows)]
    return [f"{at // half}: {at}" if params.case in (MICRO, RANKS) else str(at) for at in range(rows)]


def _rows(title: str, params: Params, values: Any, result: Result) -> Panel:
    axis = AXES.get(params.case, "row")
    top = limit(result.y, result.y_usual) if title.startswith("y") else limit(values)
    cells = cells_of(
        values, mark=lambda value, *_: "error" if math.isnan(value) else "", key=lambda _, at, c: f"cell-{at},{c}"
    )
    return Grid(
        title, cells, tensor=described(title, values, (axis, "C")), limit=top, digits=1, signed=False, rows=axis, cols="channel",
        row_labels=_names(params, len(values)), label_width=56,
    )  # fmt: skip


def _facts(result: Result) -> Panel:
    moved = moves(result)
    items = [
        ("moves", "5 added to the second half: the first rows", "have no numbers" if moved is None else "they move" if moved else "they stay"),
        ("returns", "it returns", _returns(result)),
        ("shares", "has a mean of 0 in y", shares(result)),
        ("same", "beside the usual layer", "the same numbers" if same(result) else "other numbers"),
    ]  # fmt: skip
    return veiled(Facts(items))


def _returns(result: Result) -> str:
    assert result.y is not None
    wrong = [any(column) for column in zip(*result.y.isnan().tolist(), strict=True)]
    return "numbers" if not any(wrong) else "NaN everywhere" if all(wrong) else "NaN in one channel"


def _stored(result: Result) -> Panel:
    held = [("nothing", "muted")] * 3 if result.stored is None else [f"{mean:.3f}" for mean in result.stored.tolist()]
    rows = [[str(c), drawn, held[c]] for c, drawn in enumerate(("5", "0", "-2"))]
    return Table("running_mean after 30 batches", ["channel", "drawn around", "stored"], rows)


def _change(result: Result) -> Panel:
    change = result.change
    assert change is not None
    return Grid(
        "change", cells_of(change), tensor=described("change", change, ("row", "C")), limit=limit(change), digits=2, rows="row", cols="channel",
        badge="5 added to the second half of the rows",
    )  # fmt: skip
