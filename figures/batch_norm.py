"""The cells that share one mean, train beside eval, what neighbours do, and the buffers batch after batch."""

from collections.abc import Callable
from typing import Any

from figures.charts import LINES, dots, lines
from figures.formula import affine, standardised, term
from figures.panels import Figure, Panel, chart, cube, described, error, figure, grid, limit, table
from lessons.batch_norm import Params, Result

AXES = ("N", "C", "L")
CHANNELS = ["channel 0", "channel 1", "channel 2"]
Note = Callable[[int, int, int], Any]


def draw(params: Params, result: Result) -> Figure:
    if result.error:
        where = "y_train = bn.train()(x)"
        return figure([error("train", result.error, where=where)], [_input(params, result), _eval(params, result)])
    return figure(
        [_input(params, result), _train(params, result), _eval(params, result)],
        [_statistics(params, result), _gap(params, result), *_neighbours(result)],
        [_updates(params, result), _drift(params, result)],
        [_curve(params, result, "running_mean"), _curve(params, result, "running_var")],
    )


def _nested(params: Params, cell: Note) -> list[list[list[Any]]]:
    """`cell(n, c, l)` for every cell of an (N, 3, L) tensor."""
    return [[[cell(n, c, i) for i in range(params.L)] for c in range(3)] for n in range(params.N)]


def _input(params: Params, result: Result) -> Panel:
    x, size = result.x.tolist(), params.N * params.L

    def note(n: int, c: int, i: int) -> str:
        if result.error:
            return f"channel {c} has one value, {x[n][c][i]:.4f}, and one value has no variance"
        return f"one of the {size} values of channel {c}: mean {result.mean[c]:.4f}, variance {result.var[c]:.4f}"

    return cube(
        "x", x, tensor=described("x", result.x, AXES), limit=limit(result.x), axes=AXES, badge="input",
        keys=_nested(params, lambda n, c, i: [f"cell {n},{c},{i}", CHANNELS[c]]),
        groups=_nested(params, lambda n, c, i: c), group_names=CHANNELS, notes=_nested(params, note),
    )  # fmt: skip


def _train(params: Params, result: Result) -> Panel:
    """Keyed by channel: pointing at an output lights every input that it depends on."""
    x, y = result.x.tolist(), result.y_train.tolist()
    mean, var, weight, bias = (values.tolist() for values in (result.mean, result.var, result.weight, result.bias))

    def note(n: int, c: int, i: int) -> str:
        return standardised(x[n][c][i], mean[c], var[c], result.eps) + affine(weight[c], bias[c], y[n][c][i])

    return cube(
        "y_train", y, tensor=described("y_train", result.y_train, AXES), limit=limit(result.y_train, result.y_eval),
        axes=AXES, badge="train", keys=_nested(params, lambda n, c, i: CHANNELS[c]), notes=_nested(params, note),
    )  # fmt: skip


def _eval(params: Params, result: Result) -> Panel:
    """Keyed by cell: pointing at an output lights the one input that it depends on."""
    x, y = result.x.tolist(), result.y_eval.tolist()
    mean, var = (
        ([0.0] * 3, [1.0] * 3) if result.error else (b[-1].tolist() for b in (result.running_mean, result.running_var))
    )
    weight, bias, names = result.weight.tolist(), result.bias.tolist(), ("running_mean", "running_var")

    def note(n: int, c: int, i: int) -> str:
        shown = standardised(x[n][c][i], mean[c], var[c], result.eps, names=names)
        return shown + affine(weight[c], bias[c], y[n][c][i])

    return cube(
        "y_eval", y, tensor=described("y_eval", result.y_eval, AXES), limit=limit(result.y_train, result.y_eval),
        axes=AXES, badge="eval", keys=_nested(params, lambda n, c, i: f"cell {n},{c},{i}"), notes=_nested(params, note),
    )  # fmt: skip


def _gap(params: Params, result: Result) -> Panel:
    train, still, gap = result.y_train.tolist(), result.y_eval.tolist(), result.gap.tolist()

    def note(n: int, c: int, i: int) -> str:
        return f"y_train - y_eval = {train[n][c][i]:.4f} - {term(still[n][c][i])} = {gap[n][c][i]:+.4f}"

    return cube(
        "gap", gap, tensor=described("gap", result.gap, AXES), limit=limit(result.y_train, result.y_eval), axes=AXES,
        badge="train - eval", keys=_nested(params, lambda n, c, i: f"cell {n},{c},{i}"), notes=_nested(params, note),
    )  # fmt: skip


def _statistics(params: Params, result: Result) -> Panel:
    used = {
        "mean · train": result.mean,
        "running_mean[-1] · eval": result.running_mean[-1],
        "var · train (biased)": result.var,
        "running_var[-1] · eval": result.running_var[-1],
    }
    return grid(
        "what each mode uses", [values.tolist() for values in used.values()], limit=limit(*used.values()), cols="C",
        tensor="mean, running_mean, var, running_var [4, C=3] float32 cpu", row_dim=None, row_labels=list(used),
        col_labels=["0", "1", "2"], keys=[CHANNELS] * 4,
        notes=[[f"{name}, channel {c}: {v:.4f}" for c, v in enumerate(row.tolist())] for name, row in used.items()],
    )  # fmt: skip


def _neighbours(result: Result) -> list[Panel]:
    changes = {"train": result.change_train, "eval": result.change_eval}
    keys = [[f"cell 0,{c},{i}" for i in range(result.x.shape[2])] for c in range(3)]
    return [
        grid(
            f"change_{mode}", change, tensor=described(f"change_{mode}", change, AXES[1:]), rows="C", cols="L", row_dim=1,
            col_dim=2, limit=limit(*changes.values()), keys=keys, badge=f"sample 0, others shifted, {mode}",
        )
        for mode, change in changes.items()
    ]  # fmt: skip


def _updates(params: Params, result: Result) -> Panel:
    """The last two batches in PyTorch's own arithmetic."""
    steps = range(max(1, params.steps - 1), params.steps + 1)
    buffers = ((result.running_mean, result.batch_mean), (result.running_var, result.batch_var))
    rows = [[str(k), str(c), *(_update(params, k, *pair, c) for pair in buffers)] for k in steps for c in range(3)]
    return table(
        "the last updates of the buffers ▤", ["batch", "channel", "running_mean", "running_var"], wide=True,
        rows=rows or [["none yet", "all", "0", "1"]],
        note="(1 - momentum) × old + momentum × batch; the variance of the batch is the unbiased one here.",
    )  # fmt: skip


def _update(params: Params, step: int, running: Any, batch: Any, c: int) -> str:
    old, new, seen = term(running[step - 1, c].item()), running[step, c].item(), term(batch[step - 1, c].item())
    if params.momentum is None:
        return f"{step - 1}/{step} × {old} + 1/{step} × {seen} = {new:.4f}"
    return f"{1 - params.momentum:.4g} × {old} + {params.momentum:.4g} × {seen} = {new:.4f}"


def _drift(params: Params, result: Result) -> Panel:
    parameter = "❄ frozen parameter" if params.frozen else "▲ parameter"
    rows = [
        [
            name,
            parameter if name in ("weight", "bias") else "▤ buffer",
            (f"{moved:.4g}", "warn") if moved else ("0", "muted"),
        ]
        for name, moved in result.drift.items()
    ]
    return table(f"drift: what {params.steps} forward passes moved", ["name", "kind", "moved by at most"], rows)


def _curve(params: Params, result: Result, name: str) -> Panel:
    running, batch = getattr(result, name), getattr(result, name.replace("running", "batch"))
    steps: list[float] = list(range(params.steps + 1))
    curve = lines(steps, {f"channel {c}": running[:, c].tolist() for c in range(3)}, x_title="batches", y_title=name)
    curve["data"] += [dots(steps[1:], batch[:, c].tolist(), f"batch {c}", LINES[c]) for c in range(3)]
    last = ", ".join(f"{value:.3f}" for value in running[-1].tolist())
    return chart(
        f"{name} after each batch", curve, columns=["batches", *CHANNELS],
        rows=[[k, *running[k].tolist()] for k in (0, 1, 2, 5, 10, 20, 30, 40, 50, 60) if k <= params.steps],
        alt=f"{name} of the three channels after {params.steps} batches: {last}. Dots are single batches.",
    )  # fmt: skip
