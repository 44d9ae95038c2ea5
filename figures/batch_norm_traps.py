"""Six rows, the layer, what comes out beside what a usual layer gives; then what is stored and what a neighbour moves."""

import math
from typing import Any

from figures.cells import cells_of
from figures.panels import Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.batch_norm_traps import MICRO, SWAPPED, UNTRACKED, Params, Result, moves, same, shares


def draw(params: Params, result: Result) -> Figure:
    layer = "BatchNorm1d(3, track_running_stats=False)" if params.case == UNTRACKED else "BatchNorm1d(3)"
    call = Operator(layer, f"{params.mode} mode, after 30 batches")
    if result.error:
        refusal = veiled(Error("y", result.error, where="bn(x.reshape(2, 4, 3))"))
        return figure(hero=[[_rows("x", params, result.x, result), call, refusal]])
    return figure(
        hero=[
            [_rows("x", params, result.x, result), call, veiled(_rows("y", params, result.y, result))],
            [_facts(result)],
        ],
        more=[[_rows("y_usual", params, result.y_usual, result), _stored(result)], [_change(result)]],
    )


def _names(params: Params, rows: int) -> list[str]:
    """What a row is: a sample, a position of one, or a row of a micro-batch."""
    half = rows // 2
    if params.case in SWAPPED:
        return [f"{at // half}, {at % half}" for at in range(rows)]
    return [f"{at // half}: {at}" if params.case == MICRO else str(at) for at in range(rows)]


def _rows(title: str, params: Params, values: Any, result: Result) -> Panel:
    axis = "sample, position" if params.case in SWAPPED else "micro-batch: row" if params.case == MICRO else "row"
    top = limit(result.x) if title == "x" else limit(result.y, result.y_usual)
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
