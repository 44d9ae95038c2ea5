"""The same call made three times, what differs marked; then train beside eval, and what many passes add up to."""

import math
from typing import Any

from explorable.words import count
from figures.formula import term
from figures.panels import Figure, Panel, bars, described, facts, figure, grid, limit, operator, stepped, veiled
from lessons.dropout import DEAF, Params, Result, quiet


def draw(params: Params, result: Result) -> Figure:
    top = limit(result.x, *result.calls, result.y_train)
    shown = [k for k in range(1, params.passes + 1) if k in STEPS or k == params.passes]
    calls = [_call(params, result, number, top) for number in range(len(result.calls))]
    return figure(
        hero=[
            [_tensor("x", result.x, top), operator(_written(params), f"{params.mode} mode"), *calls],
            [_facts(params, result)],
        ],
        more=[
            [_train(result, top), _eval(params, result, top), _difference(result, top)],
            [_mean(params, result, shown, top)],
            [_gap(result, shown), _law(params, result, shown)],
        ],
        steps=[f"{k} of {params.passes}, {params.mode} mode" for k in shown],
        step_name="passes averaged",
    )


def _written(params: Params) -> str:
    if params.layer == "attention's dropout_p":
        return f"F.scaled_dot_product_attention(x, x, x, dropout_p={params.p:g})"
    return f"{params.layer}(x, {params.p:g})" if params.layer == "F.dropout" else f"{params.layer}(p={params.p:g})"


def _tensor(name: str, values: Any, top: float, **more: Any) -> Panel:
    return grid(name, values, tensor=described(name, values), limit=top, digits=1, signed=False, labels=False, **more)


def _call(params: Params, result: Result, number: int, top: float) -> Panel:
    """One of the three calls; what differs from the call before it is marked."""
    cells = _cells(result.x, result.calls[number], result.calls[max(0, number - 1)])
    return veiled(
        _tensor(
            f"calls[{number}]",
            result.calls[number],
            top,
            marks=[[_marks(*cell) for cell in row] for row in cells],
            notes=[[_arithmetic(params, result, x, y) for x, y, _ in row] for row in cells],
        ),
        cells=True,
    )


def _marks(x: float, y: float, before: float) -> str:
    return " ".join(word for word, on in (("dropped", y == 0 != x), ("differs", y != before)) if on)


def _arithmetic(params: Params, result: Result, x: float, y: float) -> str:
    if quiet(params):
        return f"x = {x + 0.0:.4g}: eval mode returns its input"
    if x == 0:
        return "x = 0: 0, whether dropped or kept"
    return f"x = {x:.4g}, dropped: 0" if y == 0 else f"{x:.4g} / (1 - {params.p:g}) = {y:.4g}"


def _facts(params: Params, result: Result) -> Panel:
    different = f"{result.different} different outputs" if result.different > 1 else "1 output, three times"
    items = [
        ("outputs", "the three calls return", different),
        ("dropped", "they drop", _what_goes(params, result)),
        ("object", "a call returns", _object(result)),
    ]
    return veiled(facts(items))


def _object(result: Result) -> str:
    if result.same:
        return "x itself, the same object"
    return "a view of x" if result.calls[0].data_ptr() == result.x.data_ptr() else "a new tensor"


def _what_goes(params: Params, result: Result) -> str:
    """What the three calls have in common; an entry of x that is 0 tells nothing."""
    calls = [_cells(result.x, call) for call in result.calls]
    rows = [{y != 0 for x, y in row if x != 0} for cells in calls for row in cells]
    if quiet(params) or all(row == {True} for row in rows):
        return "nothing"
    if all(row == {False} for row in rows):
        return "everything"
    return "whole rows" if all(len(row) == 1 for row in rows) else "single entries"


POWER = "The mean square, E[y²] / E[x²]"
STEPS = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160)  # passes that can be scrubbed to


def _train(result: Result, top: float) -> Panel:
    law, scale = ("x · mask · 1/(1-p)", f" · {result.scale:.4g}")
    if math.isinf(result.scale):  # p = 1: torch multiplies by zeros, and 0 · inf would be nan
        law, scale = "x · mask", ""
    cells = _cells(result.x, result.mask, result.y_train)
    return grid(
        "y_train",
        result.y_train,
        badge=f"train: {law}",
        tensor=described("y_train", result.y_train),
        limit=top,
        wide=True,
        sub=[[f"{x:.3g} · {mask}{scale}".replace(" ", "") for x, mask, _ in row] for row in cells],
        marks=_dropped(result),
        notes=[
            [f"{law} = {x:.4g} · {mask}{scale} = {y + 0.0:.4g}" + _why(x, mask) for x, mask, y in row] for row in cells
        ],
    )


def _cells(*tensors: Any) -> list[list[tuple[Any, ...]]]:
    """The numbers of the tensors cell by cell."""
    rows = zip(*(tensor.tolist() for tensor in tensors), strict=True)
    return [list(zip(*row, strict=True)) for row in rows]


def _dropped(result: Result) -> list[list[str]]:
    return [["" if mask else "dropped" for mask in row] for row in result.mask.tolist()]


def _why(x: float, mask: int) -> str:
    if not mask:
        return "   dropped: the mask is 0"
    return "   computed: the input itself is 0" if x == 0 else ""


def _eval(params: Params, result: Result, top: float) -> Panel:
    """F.dropout drops here too, with the mask of the same seed."""
    still = params.layer in DEAF and params.p > 0
    text = (
        f"y_eval = {{:.4g}}: {DEAF[params.layer]} still drops"
        if still
        else "y_eval = x = {:.4g}: eval mode returns its input"
    )
    notes = [[text.format(y + 0.0) for (y,) in row] for row in _cells(result.y_eval)]
    return {
        **_plain("y_eval", "eval", result.y_eval, top),
        "notes": notes,
        **({"marks": _dropped(result)} if still else {}),
    }


def _difference(result: Result, top: float) -> Panel:
    cells = _cells(result.y_train, result.y_eval, result.difference)
    notes = [
        [f"y_train - y_eval = {a + 0.0:.4g} - {term(b + 0.0)} = {d + 0.0:+.4g}" for a, b, d in row] for row in cells
    ]
    return {**_plain("difference", "y_train - y_eval", result.difference, top), "notes": notes}


def _plain(name: str, badge: str, values: Any, top: float) -> Panel:
    return grid(name, values, badge=badge, tensor=described(name, values), limit=top)


def _mean(params: Params, result: Result, shown: list[int], top: float) -> Panel:
    badge = "of the passes, nearing x" if 0 < params.p < 1 and not quiet(params) else "of the passes"
    panels = [_plain("mean", badge, result.mean[k - 1], top) for k in shown]
    return stepped(panels[-1], panels)


def _gap(result: Result, shown: list[int]) -> Panel:
    gaps = [result.gap[k - 1].item() for k in shown]
    panels = [
        bars(
            "How far mean is from x",
            ["gap"],
            [gap],
            limit=max(gaps) or 1.0,
            notes=[f"gap: root mean square of (mean of {count(k, 'pass')} - x) = {gap:.4f}"],
        )
        for k, gap in zip(shown, gaps, strict=True)
    ]
    return stepped(panels[-1], panels)


def _law(params: Params, result: Result, shown: list[int]) -> Panel:
    """E[y²] / E[x²], which for x of mean 0 is the ratio of the variances, against the law."""
    drops = not quiet(params)
    law = result.scale if drops else 1.0
    panels = [
        bars(
            POWER,
            ["power"],
            [result.power[k - 1].item()],
            limit=2 * law if 0 < law < 100 else None,
            references=[("law 1/(1-p)" if drops else "law 1", law)] if law < 100 else [],
            notes=[
                f"power: E[y²] / E[x²] over {count(k, 'pass')} = {result.power[k - 1].item():.4f}; "
                "where x has mean 0 it is Var(y) / Var(x)"
            ],
        )
        for k in shown
    ]
    return stepped(panels[-1], panels)
