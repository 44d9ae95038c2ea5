"""Dropout's input, mask and scale as the arithmetic of each cell, train beside eval, and what many passes add up to."""

from figures.charts import lines
from figures.panels import Figure, Panel, chart, described, figure, grid, limit
from lessons.dropout import Params, Result


def draw(params: Params, result: Result) -> Figure:
    mean = result.mean[-1]
    top = limit(result.x, result.y_train, result.y_eval, mean)
    return figure(
        [_train(result, top), _plain("y_eval", "eval", result.y_eval, top), _plain("difference", "train - eval", result.difference, top)],
        [_plain("x", "input", result.x, top), _plain("mean[-1]", f"of {params.passes} passes in {params.mode} mode", mean, top), _passes(params, result)],
    )  # fmt: skip


def _train(result: Result, top: float) -> Panel:
    scale = f"{result.scale:.2f}"
    pairs = [list(zip(*row, strict=True)) for row in zip(result.x.tolist(), result.mask.tolist(), result.y_train.tolist(), strict=True)]
    return grid(
        "y_train", result.y_train, badge="train", tensor=described("y_train", result.y_train), limit=top, wide=True,
        sub=[[f"{x:.2f}·{m}·{scale}" for x, m, _ in row] for row in pairs],
        marks=[["" if m else "dropped" for _, m, _ in row] for row in pairs],
        notes=[[f"x × mask × 1/(1-p) = {x:+.4f} × {m} × {scale} = {y:+.4f}" for x, m, y in row] for row in pairs],
    )  # fmt: skip


def _plain(name: str, badge: str, values: object, top: float) -> Panel:
    return grid(name, values, badge=badge, tensor=described(name, values), limit=top)


def _passes(params: Params, result: Result) -> Panel:
    passes = list(range(1, params.passes + 1))
    gap, power = result.gap.tolist(), result.power.tolist()
    series = {"distance of the mean from x": gap, "E[y²] / E[x²]": power}
    law = [result.scale if params.mode == "train" or params.layer == "F.dropout" else 1.0] * len(passes)
    laws = {"": [], "law 1/(1-p)" if law[0] != 1 else "law 1": law}
    return chart(
        "Pass after pass", lines(passes, series, laws=laws, x_title="passes", y_title=""),
        alt=f"After {params.passes} passes the mean is {gap[-1]:.3f} from x and E[y²]/E[x²] is {power[-1]:.3f}; the law says {law[0]:.3f}.",
        columns=["passes", "distance of the mean from x", "E[y²]/E[x²]", "law"],
        rows=[[k, gap[k - 1], power[k - 1], law[0]] for k in (1, 2, 5, 10, 20, 50, 100, 200) if k <= params.passes],
    )  # fmt: skip
