"""The cells that share one mean, train beside eval, what the neighbours do, and the buffers batch after batch."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from figures.charts import LINES, dots, lines
from figures.formula import affine, standardised, term
from figures.panels import Figure, Panel, chart, cube, described, error, figure, grid, limit, stepped, table
from lessons.batch_norm import Params, Result

AXES = ("N", "C", "L")
CHANNELS = ("channel 0", "channel 1", "channel 2")
Note = Callable[[int, int], str]  # of a cell (c, l) of sample 0


def draw(params: Params, result: Result) -> Figure:
    cells = SimpleNamespace(**{name: _lists(value) for name, value in vars(result).items()})
    if result.error:
        refusal = error("train", result.error, where="y_train = bn.train()(x)")
        return figure([refusal], [_input(params, result, cells), _eval(params, result, cells)])
    return figure(
        [_train(params, result, cells), _eval(params, result, cells), *_neighbours(params, result, cells)],
        [_input(params, result, cells)],
        [_gap(result, cells), _statistics(cells), _drift(params, result)],
        [_updates(params, cells)],
        [_curve(params, cells, "running_mean"), _curve(params, cells, "running_var")],
        steps=[str(step) for step in range(params.steps + 1)],
        step_name="batches",
    )


def _lists(value: Any) -> Any:
    """Nested lists of the numbers: reading a tensor cell by cell is slow."""
    return value.tolist() if hasattr(value, "tolist") else value


def _input(params: Params, result: Result, cells: Any) -> Panel:
    """Each cell has its own key and that of its channel, so an output lights exactly the inputs it depends on."""

    def each(cell: Callable[[int, int, int], Any]) -> list[list[list[Any]]]:
        return [[[cell(n, c, i) for i in range(params.L)] for c in range(3)] for n in range(params.N)]

    names = ["its only value"] * 3 if result.error else [f"mean {mean:.2f}" for mean in cells.mean]
    return cube(
        "x", result.x, tensor=described("x", result.x, AXES), limit=limit(result.x), axes=AXES, badge="one batch",
        keys=each(lambda n, c, i: [f"cell-{n},{c},{i}", f"channel-{c}"]), groups=each(lambda n, c, i: c), group_names=names,
        notes=each(lambda n, c, i: " · ".join(_arithmetic(cells, n, c, i))), wide=True,
    )  # fmt: skip


def _arithmetic(cells: Any, n: int, c: int, i: int) -> list[str]:
    """What each mode makes of one cell, with its real numbers; train mode may have refused."""
    x, weight, bias = cells.x[n][c][i], cells.weight[c], cells.bias[c]
    stored = (0.0, 1.0) if cells.error else (cells.running_mean[-1][c], cells.running_var[-1][c])
    still = standardised(x, stored[0], stored[1], cells.eps, names=("running_mean", "running_var"))
    notes = [f"eval: {still}{affine(weight, bias, cells.y_eval[n][c][i])}"]
    if cells.error:
        return notes
    used = standardised(x, cells.mean[c], cells.var[c], cells.eps)
    return [f"train: {used}{affine(weight, bias, cells.y_train[n][c][i])}", *notes]


def _sample(title: str, values: Any, *, badge: str, top: float, together: bool, note: Note) -> Panel:
    """One (3, L) tensor that belongs to sample 0; together: it depends on the channel, not on one cell."""
    places = [[(c, i) for i in range(values.shape[1])] for c in range(3)]
    keys = [[f"channel-{c}" if together else f"cell-0,{c},{i}" for c, i in row] for row in places]
    return grid(
        title, values, tensor=described(title, values, AXES[1:]), limit=top, rows="C", cols="L", row_dim=1, col_dim=2,
        badge=badge, keys=keys, notes=[[note(*place) for place in row] for row in places],
    )  # fmt: skip


def _train(params: Params, result: Result, cells: Any) -> Panel:
    def note(c: int, i: int) -> str:
        return _arithmetic(cells, 0, c, i)[0]

    badge, top = "train ❄" if params.frozen else "train", limit(result.y_train[0], result.y_eval[0])
    return _sample("y_train[0]", result.y_train[0], badge=badge, top=top, together=True, note=note)


def _eval(params: Params, result: Result, cells: Any) -> Panel:
    def note(c: int, i: int) -> str:
        return _arithmetic(cells, 0, c, i)[-1]

    badge = "eval ❄" if params.frozen else "eval"
    top = limit(result.y_eval[0]) if result.error else limit(result.y_train[0], result.y_eval[0])
    return _sample("y_eval[0]", result.y_eval[0], badge=badge, top=top, together=False, note=note)


def _gap(result: Result, cells: Any) -> Panel:
    train, still, gap = cells.y_train[0], cells.y_eval[0], cells.gap[0]

    def note(c: int, i: int) -> str:
        return f"y_train - y_eval = {train[c][i]:.4f} - {term(still[c][i])} = {gap[c][i]:+.4f}"

    top = limit(result.y_train[0], result.y_eval[0])
    return _sample("gap[0]", result.gap[0], badge="train - eval", top=top, together=True, note=note)


def _neighbours(params: Params, result: Result, cells: Any) -> list[Panel]:
    top = limit(result.change_train, result.change_eval)

    def change(mode: str, together: bool) -> Panel:
        name = f"change_{mode}"
        moved = getattr(cells, name)
        return _sample(
            name, getattr(result, name), badge=f"others +{params.shift:g}", top=top, together=together,
            note=lambda c, i: f"shifting the other samples moves this output of sample 0 by {moved[c][i]:+.4f} in {mode} mode",
        )  # fmt: skip

    return [change("train", True), change("eval", False)]


def _statistics(cells: Any) -> Panel:
    columns = ["channel", "mean · train", "running_mean · eval", "var · train", "running_var · eval"]
    used = (cells.mean, cells.running_mean[-1], cells.var, cells.running_var[-1])
    rows = [[str(c), *(f"{values[c]:.4f}" for values in used)] for c in range(3)]
    note = "var is biased (÷ n); running_var averages unbiased ones (÷ n - 1)."
    return table("what each mode uses", columns, rows, note=note, wide=True)


def _drift(params: Params, result: Result) -> Panel:
    kinds = {"weight": "❄" if params.frozen else "▲", "bias": "❄" if params.frozen else "▲"}
    rows = [[f"{kinds.get(name, '▤')} {name}", _moved(distance)] for name, distance in result.drift.items()]
    note = f"{'❄ frozen' if params.frozen else '▲ trainable'} parameter, ▤ buffer; no optimizer stepped"
    return table(f"moved by {params.steps} forward passes", ["entry", "by at most"], rows, note=note)


def _moved(distance: float) -> tuple[str, str]:
    return (f"{distance:.4g}", "warn") if distance else ("0", "muted")


def _updates(params: Params, cells: Any) -> Panel:
    """PyTorch's own arithmetic, one frame a batch."""
    frames = [_update(params, cells, step) for step in range(params.steps + 1)]
    return stepped(frames[-1], frames)


def _update(params: Params, cells: Any, step: int) -> Panel:
    buffers = ((cells.running_mean, cells.batch_mean), (cells.running_var, cells.batch_var))
    rows = [[str(c), *(_average(params, step, *buffer, c) for buffer in buffers)] for c in range(3)]
    rule = "momentum None: the plain mean over the batches so far"
    if params.momentum is not None:
        rule = "(1 - momentum) × old + momentum × batch: momentum is the weight of the NEW batch"
    return table(
        "the buffers ▤ after each batch", ["channel", "running_mean", "running_var"], rows, wide=True, badge=f"batch {step}",
        note=f"{rule}; the batch's variance is the unbiased one.",
    )  # fmt: skip


def _average(params: Params, step: int, running: Any, batch: Any, c: int) -> str:
    new = running[step][c]
    if step == 0:
        return f"{new:.4f} at the start"
    old, seen = term(running[step - 1][c]), term(batch[step - 1][c])
    if params.momentum is None:
        return f"{step - 1}/{step} × {old} + 1/{step} × {seen} = {new:.4f}"
    return f"{1 - params.momentum:.4g} × {old} + {params.momentum:.4g} × {seen} = {new:.4f}"


def _curve(params: Params, cells: Any, name: str) -> Panel:
    running, batch = getattr(cells, name), getattr(cells, name.replace("running", "batch"))
    steps: list[float] = list(range(params.steps + 1))
    series = {channel: [row[c] for row in running] for c, channel in enumerate(CHANNELS)}
    curve = lines(steps, series, x_title="batches", y_title=name)
    curve["data"] += [dots(steps[1:], [row[c] for row in batch], f"batch {c}", LINES[c]) for c in range(3)]
    last = ", ".join(f"{value:.3f}" for value in running[-1])
    return chart(
        f"{name}, batch after batch", curve, columns=["batches", *CHANNELS],
        rows=[[k, *running[k]] for k in (0, 1, 2, 5, 10, 20, 30, 40, 50, 60) if k <= params.steps],
        alt=f"{name} of the three channels after {params.steps} batches: {last}. Dots are single batches.",
    )  # fmt: skip
