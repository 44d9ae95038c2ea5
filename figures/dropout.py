"""Dropout's input, mask and scale as the arithmetic of each cell, train beside eval, and what many passes add up to."""

from typing import Any

from figures.panels import Figure, Panel, bars, described, figure, grid, limit, stepped
from lessons.dropout import Params, Result


def draw(params: Params, result: Result) -> Figure:
    top = limit(result.x, result.y_train, result.y_eval)
    shown = [k for k in range(1, params.passes + 1) if k in STEPS or k == params.passes]
    return figure(
        [
            _train(result, top),
            _plain("y_eval", "eval", result.y_eval, top),
            _plain("difference", "y_train - y_eval", result.difference, top),
        ],
        [_plain("x", "input", result.x, top), _mean(params, result, shown, top), _law(params, result, shown)],
        steps=[f"{k} of {params.passes}, {params.mode} mode" for k in shown],
        step_name="passes averaged",
    )


STEPS = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160)  # passes that can be scrubbed to


def _train(result: Result, top: float) -> Panel:
    scale = f"{result.scale:.4g}"
    columns = (result.x.tolist(), result.mask.tolist(), result.y_train.tolist())
    cells = [list(zip(*row, strict=True)) for row in zip(*columns, strict=True)]
    return grid(
        "y_train",
        result.y_train,
        badge="train: x · mask · 1/(1-p)",
        tensor=described("y_train", result.y_train),
        limit=top,
        wide=True,
        sub=[[f"{x:.3g}·{mask}·{scale}" for x, mask, _ in row] for row in cells],
        marks=[["" if mask else "dropped" for _, mask, _ in row] for row in cells],
        notes=[
            [f"x · mask · 1/(1-p) = {x:.4g} · {mask} · {scale} = {y:.4g}" + _why(x, mask) for x, mask, y in row]
            for row in cells
        ],
    )


def _why(x: float, mask: int) -> str:
    if not mask:
        return "   dropped: the mask is 0"
    return "   computed: the input itself is 0" if x == 0 else ""


def _plain(name: str, badge: str, values: Any, top: float) -> Panel:
    return grid(name, values, badge=badge, tensor=described(name, values), limit=top)


def _mean(params: Params, result: Result, shown: list[int], top: float) -> Panel:
    panels = [_plain("mean", "of the passes, moving to x", result.mean[k - 1], top) for k in shown]
    return stepped(panels[-1], panels)


def _law(params: Params, result: Result, shown: list[int]) -> Panel:
    drops = params.mode == "train" or params.layer == "F.dropout"
    law = result.scale if drops else 1.0
    frames = [
        bars(
            "E[y²] / E[x²]",
            ["gap: |mean - x|", "power: E[y²]/E[x²]"],
            [result.gap[k - 1].item(), result.power[k - 1].item()],
            limit=2 * law if 0 < law < 100 else None,
            references=[("law 1/(1-p)" if drops else "law 1", law)] if law < 100 else [],
            notes=[
                f"root mean square of (mean of {k} passes - x) = {result.gap[k - 1].item():.4f}",
                f"E[y²]/E[x²] over {k} passes = {result.power[k - 1].item():.4f}; for zero-mean x it is the ratio of variances",
            ],
        )
        for k in shown
    ]
    return stepped(frames[-1], frames)
