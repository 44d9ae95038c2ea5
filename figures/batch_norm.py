"""One channel of a batch and the buffer it moves, batch after batch; then both modes cell by cell, and the arithmetic."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from explorable.words import count, percent
from figures.cells import cells_of
from figures.formula import affine, standardised, term
from figures.panels import (
    Cube,
    Curve,
    Error,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Table,
    described,
    figure,
    keyed,
    limit,
    stepped,
    veiled,
)
from lessons.batch_norm import Params, Result, moves, of_the_buffers

AXES = ("N", "C", "L")
CHARACTER = 7.3  # px, of 12 px type
FRAMES = 15  # so that playing takes a few seconds
Note = Callable[[int, int], str]  # of a cell (c, l) of sample 0


def draw(params: Params, result: Result) -> Figure:
    cells = SimpleNamespace(**{name: _lists(value) for name, value in vars(result).items()})
    if result.error:
        layer = Operator("BatchNorm1d(3)", "train mode")
        refusal = veiled(Error("y_train", result.error, where="y_train = bn.train()(x)"))
        more = [[_input(params, result, cells), _eval(params, result, cells)]]
        return figure(hero=[[_channel(params, result, cells), layer, refusal]], more=more)
    shown = _shown(params)
    in_train, in_eval = _neighbours(params, result, cells)
    drift: list[Panel] = [_curve(params, cells, "running_mean", shown)]
    stored = of_the_buffers(params)
    alone = params.N == 1 or params.L == 1
    came = _one_channel(params, result) if alone else _means(params, result)
    layer = Operator(
        "BatchNorm1d(3)", f"momentum={params.momentum}, {'train mode' if stored or alone else 'in each mode'}"
    )
    return figure(
        hero=[
            [_channel(params, result, cells), layer, *map(veiled, drift if stored else [came])],
            [_facts(params, result)] if stored or alone else [],
        ],
        more=[
            [] if stored else drift,
            [_moves(params, result, mode) for mode in ("eval", "train")],
            [_eval(params, result, cells), in_eval],
            [_train(params, result, cells), in_train],
            [_input(params, result, cells)],
            [_gap(result, cells), _statistics(cells), _drift(params, result)],
            [_updates(params, cells, shown)],
            [_curve(params, cells, "running_var", shown)],
        ],
        steps=[str(step) for step in shown],
        step_name="batches",
    )  # fmt: skip


def _shown(params: Params) -> list[int]:
    """The numbers of batches that are played through."""
    stride = -(-params.steps // FRAMES) or 1
    return sorted({*range(0, params.steps + 1, stride), params.steps})


def _lists(value: Any) -> Any:
    """Nested lists of the numbers: reading a tensor cell by cell is slow."""
    return value.tolist() if hasattr(value, "tolist") else value


def _channel(params: Params, result: Result, cells: Any) -> Panel:
    """What channel 0 holds in one batch; where it is asked what `shift` moves, the cells that it is added to say so."""
    plus = f"+{params.shift:g}" * bool(params.shift and not of_the_buffers(params) and params.N > 1 and params.L > 1)
    return _slice(
        "input, channel 0", "x[:, 0]", result.x[:, 0], params, lambda x, n, i: f"x[{n}, 0, {i}] = {x:.4f}, of sample {n}",
        top=limit(result.x), badge="", plus=plus,
    )  # fmt: skip


def _slice(
    title: str,
    name: str,
    values: Any,
    params: Params,
    note: Callable[[float, int, int], str],
    *,
    top: float,
    badge: str,
    rung: str = "",
    plus: str = "",
) -> Panel:
    """Channel 0 of all samples; rung: the key of what is ringed; plus: what is added to all but sample 0, in small."""
    samples = [f"sample {n}" for n in range(params.N)]
    keys = [rung] if rung else []
    cells = cells_of(
        values,
        key=lambda _, n, i: [f"cell-{n},0,{i}", *keys],
        note=note,
        sub=lambda _, n, i: plus if n else "",
    )
    return Grid(
        title, cells, tensor=described(name, values, ("N", "L")), limit=top, digits=1, signed=False,
        rows="N", cols="L", col_dim=2, row_labels=samples, label_width=round(CHARACTER * len(samples[-1])) + 8, badge=badge,
    )  # fmt: skip


def _moves(params: Params, result: Result, mode: str) -> Panel:
    """How far the outputs of channel 0 move when `shift` is added to all samples but the first."""
    moved = (result.move_eval if mode == "eval" else result.move_train)[:, 0]
    return _slice(
        "how far the output moves", "change of y[:, 0]", moved, params,
        lambda by, n, i: f"with {params.shift:g} added to the others y[{n}, 0, {i}] moves by {by:.4f}",
        top=limit(result.move_eval, result.move_train), badge=f"{mode} mode",
    )  # fmt: skip


def _means(params: Params, result: Result) -> Panel:
    """The mean that each mode subtracts in channel 0 before and after the shift, and how far sample 0 then moves."""
    stored, before, after = (mean[0].item() for mean in (result.running_mean[-1], result.mean, result.shifted_mean))
    used = (
        ("eval", "stored", (stored, stored), result.change_eval[0]),
        ("train", "batch", (before, after), result.change_train[0]),
    )
    rows = [
        [
            f"{mode}: {whose}",
            keyed(f"{old:.2f}\u00a0→\u00a0{new:.2f}", "warn" if old != new else "yes", f"@{mode}"),
            keyed(moves(by), "", mode),
        ]
        for mode, whose, (old, new), by in used
    ]
    return Table(f"what +{params.shift:g} changes in channel 0", ["the mean", "before → after", "sample 0 moves"], rows)


def _one_channel(params: Params, result: Result) -> Panel:
    """What train mode makes of channel 0, where there is no other sample, or one position."""
    y = result.y_train[:, 0]
    return _slice(
        "output, channel 0", "y_train[:, 0]", y, params, lambda y, n, i: f"y_train[{n}, 0, {i}] = {y:.4f}", top=limit(result.y_train),
        badge="train mode", rung="@train_returns" if params.N == 1 else "@range",
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    batches = count(params.steps, "batch").replace("no ", "0 ")
    alone = "no other sample"
    items = [
        ("eval", "eval: sample 0 moves", moves(result.change_eval) if params.N > 1 else alone),
        ("train", "train: sample 0 moves", moves(result.change_train) if params.N > 1 else alone),
        ("train_returns", "train mode returns", f"a {tuple(result.y_train.shape)} tensor"),
        ("range", "train: channel 0 is", _range(result)),
        ("remains", f"left after {batches}", percent(result.remains)),
        ("divisor", "running_var divides", _divisor(params, result)),
    ]
    return veiled(Facts(items))


def _range(result: Result) -> str:
    low, *rest, high = sorted(result.y_train[:, 0].flatten().tolist())
    return f"from {low:.1f} to {high:.1f}" if rest else f"{low:.0f} and {high:.0f}"


def _divisor(params: Params, result: Result) -> str:
    n = params.N * params.L
    return {n: "by n", n - 1: "by n - 1"}.get(round(result.divisor), f"by {result.divisor:.2f}")


def _input(params: Params, result: Result, cells: Any) -> Panel:
    """Each cell has its own key and that of its channel, so an output lights exactly the inputs it depends on."""
    names = ["its only value"] * 3 if result.error else [f"mean {mean:.2f}" for mean in cells.mean]
    return Cube(
        "x",
        cells_of(
            result.x,
            key=lambda _, n, c, i: [f"cell-{n},{c},{i}", f"channel-{c}"],
            group=lambda _, n, c, i: c,
            note=lambda _, n, c, i: " · ".join(_arithmetic(cells, n, c, i)),
        ),
        tensor=described("x", result.x, AXES), limit=limit(result.x), axes=AXES, badge="one batch", group_names=names, wide=True,
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
    cells = cells_of(
        values,
        key=lambda _, c, i: f"channel-{c}" if together else f"cell-0,{c},{i}",
        note=lambda _, c, i: note(c, i),
    )
    return Grid(
        title, cells, tensor=described(title, values, AXES[1:]), limit=top, rows="C", cols="L", row_dim=1, col_dim=2, badge=badge,
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
            name, getattr(result, name), badge=f"others +{params.shift:g}" if params.N > 1 else "no other sample", top=top, together=together,
            note=lambda c, i: f"shifting the other samples moves this output of sample 0 by {moved[c][i]:+.4f} in {mode} mode",
        )  # fmt: skip

    return [change("train", True), change("eval", False)]


def _statistics(cells: Any) -> Panel:
    columns = ["channel", "mean · train", "running_mean · eval", "var · train", "running_var · eval"]
    used = (cells.mean, cells.running_mean[-1], cells.var, cells.running_var[-1])
    rows = [[str(c), *(f"{values[c]:.4f}" for values in used)] for c in range(3)]
    note = "var is biased (÷ n); running_var takes unbiased ones (÷ n - 1)."
    return Table("what each mode uses", columns, rows, note=note, wide=True)


def _drift(params: Params, result: Result) -> Panel:
    kinds = {"weight": "❄" if params.frozen else "▲", "bias": "❄" if params.frozen else "▲"}
    rows = [[f"{kinds.get(name, '▤')} {name}", _moved(distance)] for name, distance in result.drift.items()]
    note = f"{'❄ frozen' if params.frozen else '▲ trainable'} parameter, ▤ buffer; no optimizer stepped"
    return Table(f"moved by {count(params.steps, 'forward pass')}", ["entry", "by at most"], rows, note=note)


def _moved(distance: float) -> tuple[str, str]:
    return (f"{distance:.4g}", "warn") if distance else ("0", "muted")


def _updates(params: Params, cells: Any, shown: list[int]) -> Panel:
    """PyTorch's own arithmetic, one frame a batch."""
    frames = [_update(params, cells, step) for step in shown]
    return stepped(frames)


def _update(params: Params, cells: Any, step: int) -> Panel:
    buffers = ((cells.running_mean, cells.batch_mean), (cells.running_var, cells.batch_var))
    rows = [[str(c), *(_average(params, step, *buffer, c) for buffer in buffers)] for c in range(3)]
    rule = "momentum None: the plain mean over the batches so far"
    if params.momentum is not None:
        rule = "(1 - momentum) × old + momentum × batch: momentum is the weight of the NEW batch"
    return Table(
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


def _curve(params: Params, cells: Any, name: str, shown: list[int]) -> Panel:
    """A buffer of channel 0 after each batch, and what each batch itself had there."""
    running, batch = getattr(cells, name), getattr(cells, name.replace("running", "batch"))
    seen = "mean of one batch, which train mode uses"
    if name == "running_var":
        seen = "unbiased variance of one batch, which the buffer takes"

    line = f"{name}, which eval mode uses"

    def until(step: int) -> Panel:
        return Curve(
            f"{name}[:, 0]", [str(k) for k in range(params.steps + 1)], {line: [row[0] for row in running]},
            dots={seen: [None, *(row[0] for row in batch)]}, bold=line, ringed={params.steps: "@remains"},
            x_title="batches", badge="buffer ▤", upto=step,
        )  # fmt: skip

    frames = [until(step) for step in shown]
    return stepped(frames)
