"""What meets in the loss, as the shapes lie: predictions, targets, the single losses; then what is made of them."""

from collections.abc import Callable
from typing import Any

from figures.cells import cells_of
from figures.panels import Cube, Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.loss_shapes import OTHER, SAME, Params, Result, value, vector

SAYS = {
    "binary cross-entropy": "F.binary_cross_entropy_with_logits(pred, target)",
    "cross-entropy": "F.cross_entropy(pred, target)",
}
MEANT = {"binary cross-entropy": "logits, each with its own", "cross-entropy": "logits (N, C), class indices"}
SINGLE = "the single losses"
SQUARES = "(pred - target) ** 2".replace(" ", "\N{NO-BREAK SPACE}")


def draw(params: Params, result: Result) -> Figure:
    call = Operator(
        SAYS.get(params.kind, SQUARES), f"reduction: {params.reduction}" if result.error else "each by itself"
    )
    came = (
        _errors(params, result)
        if result.errors is not None
        else Error("What PyTorch says", str(result.error), key="@outcome")
    )
    given = [_pred(params, result), _tensor("target", result.target, result)]
    return figure(hero=[[*given, call, veiled(came)], [_facts(params, result)]], more=[[_shapes(result)]])


def _pred(params: Params, result: Result) -> Panel:
    """Predictions as they lie; logits of tokens in slices, their dims named as they are meant."""
    if result.pred.dim() < 3:
        return _tensor("pred", result.pred, result)
    axes = params.layout[1:8].split(", ")
    text = described("pred", result.pred, axes)
    return Cube("pred", cells_of(result.pred), tensor=text, limit=limit(result.pred), axes=axes, solid=False)


def _tensor(name: str, tensor: Any, result: Result, note: Callable[..., str] | str = "", title: str = "") -> Panel:
    """A tensor of up to two dims as a table, 1-D ones as a row."""
    top = limit(result.pred if pairs(result) and name != "errors" else tensor)
    rows = rows_of(tensor)
    cells = cells_of(
        rows,
        note=note,
        key=lambda value, i, j: [*_keys(name, result, i, j), *_rung(name, result, value, i)],
        mark=lambda value, i, j: "pad" if value == -100 else "",
    )
    return Grid(
        title or name, cells, tensor=described("losses" if title else name, tensor), limit=top, digits=_digits(rows), signed=False, labels=False,
        row_dim=0 if tensor.dim() == 2 else None, col_dim=tensor.dim() - 1,
    )  # fmt: skip


def _all_pairs(params: Params, result: Result) -> Panel:
    """The losses of each prediction with every target, their sides named; in a frame those that are meant."""
    assert result.errors is not None and result.total is not None
    losses = result.errors
    by_row, by_column = ("pred", "target") if result.pred.dim() == 2 else ("target", "pred")
    square = len(set(losses.shape)) == 1  # else none of them is meant
    cells = cells_of(
        losses,
        note=lambda loss, i, j: _note(params, result, i, j, loss),
        key=lambda value, i, j: [*_keys("errors", result, i, j), *["@fitted"] * (i == 0)],
        mark=lambda value, i, j: "lit" if square and i == j else "",
    )
    count = losses.numel()
    summed = {
        "mean": f"{result.total:g} / {count} losses = {value(result.loss)}",
        "sum": f"{count} losses, {result.total:g} in all",
    }
    sides = {side: [f"{one:g}" for one in getattr(result, side).flatten().tolist()] for side in ("pred", "target")}
    return Grid(
        SINGLE, cells, tensor=described("losses", losses) + "; in a frame: its own target" * square, limit=limit(losses), digits=_digits(losses.tolist()),
        signed=False, row_labels=[f"{by_row} {one}" for one in sides[by_row]], label_width=16 + 8 * len(by_row),
        col_labels=sides[by_column], col_groups=[(by_column, len(sides[by_column]))], badge=summed.get(params.reduction, f"{count} losses"),
    )  # fmt: skip


def _crosses(result: Result) -> bool:
    """Whether each prediction has met every target."""
    return pairs(result) and result.errors is not None and result.errors.dim() == 2 and min(result.errors.shape) > 1


def pairs(result: Result) -> bool:
    """Whether predictions are single numbers, and no rows of logits."""
    return result.pred.numel() < 5


def rows_of(tensor: Any) -> list[list[float]]:
    return tensor.tolist() if tensor.dim() == 2 else [tensor.tolist()]


def _digits(rows: list[list[float]]) -> int:
    """0 where all numbers are whole."""
    return 0 if all(float(cell).is_integer() for row in rows for cell in row) else 2


def _keys(name: str, result: Result, row: int, column: int) -> list[str]:
    """What lights together: a prediction and a target with their losses; of logits a row with its target and its loss."""
    if result.pred.dim() > 2:
        return [f"{row},{column}"]
    if not pairs(result):
        return [f"item{_place(getattr(result, name), row, column)}"]
    sides = ("pred", "target") if name == "errors" else (name,)
    return [f"{side}{_place(getattr(result, side), row, column)}" for side in sides]


def _rung(name: str, result: Result, value: float, row: int) -> list[str]:
    """What decides a question: the losses of the first prediction; targets that are ignored; all losses where they are few."""
    if name == "errors" and pairs(result) and row == 0:
        return ["@loss", "@fitted"]
    if name == "target" and value == -100:
        return ["@loss"]
    return ["@compared"] if name == "errors" and result.errors is not None and result.errors.numel() < 6 else []


def _place(tensor: Any, row: int, column: int) -> int:
    """Which entry of dim 0 meets in this cell: a 1-D tensor lies along the columns."""
    return row if tensor.dim() == 2 else column


def _errors(params: Params, result: Result) -> Panel:
    assert result.errors is not None
    losses = result.errors
    if _crosses(result):
        return _all_pairs(params, result)
    if params.kind == "cross-entropy" or losses.dim() == 3:
        return _tensor("errors", losses, result, title=SINGLE)
    return _tensor("errors", losses, result, lambda loss, i, j: _note(params, result, i, j, loss), SINGLE)


def _note(params: Params, result: Result, row: int, column: int, loss: float) -> str:
    p, t = (tensor.flatten().tolist()[_place(tensor, row, column)] for tensor in (result.pred, result.target))
    if params.kind == "squared error":
        return f"(pred - target) ** 2 = ({p:g} - {t:g}) ** 2 = {loss:g}"
    return f"read as a logit, {p:.4g} has the loss {loss:.4f} for the target {t:g}"


def _facts(params: Params, result: Result) -> Panel:
    if result.error:
        name = result.error.partition(":")[0]
        return veiled(Facts([("outcome", "the loss call ends with", f"{'an' if name[0] in 'AEIO' else 'a'} {name}")]))
    meant = MEANT.get(params.kind, "each with its own target")
    called = {"mean": "the loss: their mean", "sum": "the loss: their sum"}.get(params.reduction, "the loss")
    items = [("loss", called, value(result.loss))]
    if result.meant is not None:
        items += [
            ("meant", meant, value(result.meant)),
            ("compared", "the call as meant gives", SAME if result.same else OTHER),
        ]
    if result.fitted is not None:
        items.append(("fitted", "descent ends at", vector(result.fitted)))
    return veiled(Facts([*items, ("outcome", "the loss call ends with", "no error")]))


def _shapes(result: Result) -> Panel:
    tensors = {name: getattr(result, name) for name in ("pred", "target", "errors", "loss", "meant")}
    rows = [
        [name, str(tuple(tensor.shape)), str(tensor.dtype).removeprefix("torch."), str(tensor.numel())]
        for name, tensor in tensors.items()
        if tensor is not None
    ]
    return Table(
        "shapes", ["tensor", "shape", "dtype", "numbers"], rows, note="meant: each with its own target", wide=True
    )
