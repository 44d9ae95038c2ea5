"""The same call made three times, what each drops crossed out; then train beside eval, and what many passes add up to."""

import math
from dataclasses import replace
from typing import Any

from explorable.words import count
from figures.cells import Bar, cells_of
from figures.formula import term
from figures.panels import Bars, Facts, Figure, Grid, Operator, Panel, described, figure, limit, stepped, veiled
from lessons.dropout import DEAF, ONE_LAYER, Params, Result, quiet


def draw(params: Params, result: Result) -> Figure:
    top = limit(result.x, *result.calls, result.y_train)
    shown = [k for k in range(1, params.passes + 1) if k in STEPS or k == params.passes]
    calls = [_call(params, result, number, top) for number in range(len(result.calls))]
    hero = [
        [
            _tensor("x", result.x, top, key=lambda _, row, column: [f"{row},{column}", f"@{row},{column}"]),
            Operator(_written(params), f"{params.mode} mode"),
            *calls,
        ],
        [_facts(params, result)],
    ]
    both = [_train(params, result, top), _eval(params, result, top), _difference(result, top)]
    if params.layer == ONE_LAYER:  # nothing is dropped, so no mean nears anything
        return figure(hero=hero, more=[both])
    return figure(
        hero=hero,
        more=[
            both,
            [_mean(params, result, shown, top)],
            [_gap(result, shown), _law(params, result, shown)],
        ],
        steps=[f"{k} of {params.passes}, {params.mode} mode" for k in shown],
        step_name="passes averaged",
    )


def _written(params: Params) -> str:
    if params.layer == ONE_LAYER:
        return f"nn.LSTM(4, 4, num_layers=1, dropout={params.p:g})"
    if params.layer == "attention's dropout_p":
        return f"F.scaled_dot_product_attention(x, x, x, dropout_p={params.p:g})"
    return f"{params.layer}(x, {params.p:g})" if params.layer == "F.dropout" else f"{params.layer}(p={params.p:g})"


def _tensor(name: str, values: Any, top: float, *beside: Any, **entries: Any) -> Panel:
    cells = cells_of(values, *beside, **entries)
    return Grid(name, cells, tensor=described(name, values), limit=top, digits=1, signed=False, labels=False)


def _call(params: Params, result: Result, number: int, top: float) -> Panel:
    """One of the three calls; what it drops is crossed out."""
    rung, gone = _told_apart(result), _first_gone(params, result)

    def key(y: float, mask: int, x: float, row: int, column: int) -> list[str]:
        dropped = row == gone and number == 0
        told = [*["@outputs"] * ((row, column) in rung), *["@object"] * ((row, column) == rung[-1])]
        return [f"{row},{column}", *told, *["@dropped"] * dropped]

    call = _tensor(
        f"call {number + 1}",
        result.calls[number],
        top,
        result.masks[number],
        result.x,
        mark=_dropped,
        note=lambda y, mask, x, *_: _arithmetic(params, x, mask, y),
        key=key,
    )
    return veiled(replace(call, badge=_beside(result, number)), cells=True)


def _first_gone(params: Params, result: Result) -> int | None:
    """The first row that the first call drops as a whole, of what drops channels."""
    if params.layer not in ("nn.Dropout1d", "nn.Dropout2d"):
        return None
    return next((row for row, kept in enumerate(result.masks[0].tolist()) if not any(kept)), None)


def _told_apart(result: Result) -> list[tuple[int, int]]:
    """The first row that tells all outputs apart that differ, or all rows; where none differ, the place of the last entry."""
    rows, columns = result.x.shape
    places = [[(row, column) for column in range(columns)] for row in range(rows)]
    calls = [call.tolist() for call in result.calls]
    if result.different == 1:
        return places[-1][-1:]
    telling = [row for row in range(rows) if len({tuple(call[row]) for call in calls}) == result.different]
    return places[telling[0]] if telling else sum(places, [])


def _beside(result: Result, number: int) -> str:
    """Which call before it this one equals, or that it equals none."""
    calls = [call.tolist() for call in result.calls]
    equal = [f"= call {before + 1}" for before in range(number) if calls[before] == calls[number]]
    others = ", ".join(str(before + 1) for before in range(number))
    return equal[0] if equal else f"≠ call {others}" if others else ""


NOT_DROPPED = "an LSTM drops between its layers, and has one"


def _arithmetic(params: Params, x: float, mask: int, y: float) -> str:
    if params.layer == ONE_LAYER:
        return f"{y:.4g}: {NOT_DROPPED}"
    if quiet(params):
        return f"x = {x + 0.0:.4g}: eval mode returns its input"
    return f"{x:.4g} / (1 - {params.p:g}) = {y:.4g}" if mask else f"x = {x:.4g}, dropped: 0"


def _facts(params: Params, result: Result) -> Panel:
    different = f"{result.different} different outputs" if result.different > 1 else "1 output, three times"
    items = [
        ("outputs", "the three calls return", different),
        ("dropped", "they drop", _what_goes(params, result)),
        ("object", "a call returns", _object(result)),
        *(("warned", "torch warns", text) for text in result.warned),
    ]
    return veiled(Facts(items))


def _object(result: Result) -> str:
    if result.same:
        return "x itself, the same object"
    return "a view of x" if result.calls[0].data_ptr() == result.x.data_ptr() else "a new tensor"


def _what_goes(params: Params, result: Result) -> str:
    """What the masks of the three calls have in common."""
    rows = [set(row) for mask in result.masks for row in mask.tolist()]
    if quiet(params) or all(row == {1} for row in rows):
        return "nothing"
    if all(row == {0} for row in rows):
        return "everything"
    return "whole rows" if all(len(row) == 1 for row in rows) else "single entries"


POWER = "The mean square, E[y²] / E[x²]"
STEPS = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160)  # passes that can be scrubbed to


def _train(params: Params, result: Result, top: float) -> Panel:
    if params.layer == ONE_LAYER:
        return _undropped("y_train", "train", result.y_train, top)
    law, scale = ("x · mask · 1/(1-p)", f" · {result.scale:.4g}")
    if math.isinf(result.scale):  # p = 1: torch multiplies by zeros, and 0 · inf would be nan
        law, scale = "x · mask", ""
    cells = cells_of(
        result.y_train,
        result.mask,
        result.x,
        sub=lambda y, mask, x, *_: f"{x:.3g} · {mask}{scale}".replace(" ", ""),
        mark=_dropped,
        note=lambda y, mask, x, *_: f"{law} = {x:.4g} · {mask}{scale} = {y + 0.0:.4g}" + _why(x, mask),
    )
    tensor = described("y_train", result.y_train)
    return Grid("y_train", cells, badge=f"train: {law}", tensor=tensor, limit=top, wide=True)


def _dropped(y: float, mask: int, *_: float) -> str:
    return "" if mask else "dropped"


def _why(x: float, mask: int) -> str:
    if not mask:
        return "   dropped: the mask is 0"
    return "   computed: the input itself is 0" if x == 0 else ""


def _eval(params: Params, result: Result, top: float) -> Panel:
    """F.dropout drops here too, with the mask of the same seed."""
    if params.layer == ONE_LAYER:
        return _undropped("y_eval", "eval", result.y_eval, top)
    still = params.layer in DEAF and params.p > 0
    text = (
        f"y_eval = {{:.4g}}: {DEAF[params.layer]} still drops"
        if still
        else "y_eval = x = {:.4g}: eval mode returns its input"
    )
    mark = _dropped if still else ""
    return _plain("y_eval", "eval", result.y_eval, top, result.mask, note=lambda y, *_: text.format(y + 0.0), mark=mark)


def _difference(result: Result, top: float) -> Panel:
    def note(d: float, a: float, b: float, *_: int) -> str:
        return f"y_train - y_eval = {a + 0.0:.4g} - {term(b + 0.0)} = {d + 0.0:+.4g}"

    both = (result.y_train, result.y_eval)
    return _plain("difference", "y_train - y_eval", result.difference, top, *both, note=note)


def _undropped(name: str, badge: str, values: Any, top: float) -> Panel:
    return _plain(name, badge, values, top, note=lambda y, *_: f"{name} = {y + 0.0:.4g}: {NOT_DROPPED}")


def _plain(name: str, badge: str, values: Any, top: float, *beside: Any, **entries: Any) -> Panel:
    return Grid(name, cells_of(values, *beside, **entries), badge=badge, tensor=described(name, values), limit=top)


def _mean(params: Params, result: Result, shown: list[int], top: float) -> Panel:
    badge = "of the passes, nearing x" if 0 < params.p < 1 and not quiet(params) else "of the passes"
    panels = [_plain("mean", badge, result.mean[k - 1], top) for k in shown]
    return stepped(panels)


def _gap(result: Result, shown: list[int]) -> Panel:
    gaps = [result.gap[k - 1].item() for k in shown]
    panels = [
        Bars(
            "How far mean is from x",
            [Bar("gap", gap, f"gap: root mean square of (mean of {count(k, 'pass')} - x) = {gap:.4f}")],
            limit=max(gaps) or 1.0,
        )
        for k, gap in zip(shown, gaps, strict=True)
    ]
    return stepped(panels)


def _law(params: Params, result: Result, shown: list[int]) -> Panel:
    """E[y²] / E[x²], which for x of mean 0 is the ratio of the variances, against the law."""
    drops = not quiet(params)
    law = result.scale if drops else 1.0

    def bar(k: int) -> Bar:
        power = result.power[k - 1].item()
        note = f"power: E[y²] / E[x²] over {count(k, 'pass')} = {power:.4f}; where x has mean 0 it is Var(y) / Var(x)"
        return Bar("power", power, note)

    panels = [
        Bars(
            POWER,
            [bar(k)],
            limit=2 * law if 0 < law < 100 else None,
            references=[("law 1/(1-p)" if drops else "law 1", law)] if law < 100 else [],
        )
        for k in shown
    ]
    return stepped(panels)
