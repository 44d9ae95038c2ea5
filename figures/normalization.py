"""One colour a mean, over all cells of x: what has it is normalised together; then x itself, before and after."""

from collections.abc import Callable
from typing import Any

from explorable.words import listing, number
from figures.cells import Cell, cells_of
from figures.formula import standardised
from figures.panels import Cube, Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.normalization import Params, Result, called

AXES = ("N", "C", "L")
MEANING = {"N": "sample", "C": "channel", "L": "position"}
WIDEST = 20  # columns of a grid
ALONG = {"N": "N, the samples", "C": "C, the channels", "L": "L, the last axis"}


def draw(params: Params, result: Result) -> Figure:
    layer = Operator(f"nn.{_call(params)}", "train mode")
    if result.error:
        refusal = veiled(Error("y", result.error, where="y = layer(x)"))
        return figure(hero=[[_sample(result, 0), layer, refusal]], more=[[_refused(result)]])
    moments = [_moments(result, "x"), _moments(result, "y")]
    rows = [moments] if len(result.before) <= 6 else [[panel] for panel in moments]
    half = params.N if params.N * params.L <= WIDEST else params.N // 2
    parts = [range(params.N)[:half], *[range(params.N)[half:]] * (half < params.N)]
    return figure(
        hero=[[_axes(params), layer, *(_means_of(params, result, part) for part in parts)], [_facts(params, result)]],
        more=[[_input(params, result), _output(params, result)], [_layers(params, result)], *rows],
    )


def _axes(params: Params) -> Panel:
    sizes = (params.N, 4, params.L)
    return Table(
        f"x {sizes}", list(AXES), [[str(size) for size in sizes]], note="samples, channels, positions", breaks=True
    )


def _call(params: Params) -> str:
    """The layer with its numbers: C is 4."""
    name = {"BatchNorm1d": "BatchNorm1d(C)", "InstanceNorm1d": "InstanceNorm1d(C)"}.get(params.norm, called(params))
    return (
        name.removesuffix(", transposed")
        .replace("C", "4")
        .replace("L]", f"{params.L}]")
        .replace("(L)", f"({params.L})")
    )


def _sample(result: Result, n: int) -> Panel:
    values = result.x[n]
    cells = cells_of(
        values,
        key=lambda value, c, i: f"cell-{n},{c},{i}",
        note=lambda value, c, i: f"x[{n}, {c}, {i}] = {value:.4f}",
    )
    return Grid(
        f"x[{n}]", cells, tensor=described(f"x[{n}]", values, AXES[1:]), limit=limit(result.x), digits=1, signed=False, labels=False,
        rows="C", cols="L", row_dim=1, col_dim=2,
    )  # fmt: skip


def _means_of(params: Params, result: Result, samples: range) -> Panel:
    """Samples side by side, a channel a row: each cell names the mean that it is normalised with."""
    before, group = result.before.tolist(), result.group[params.norm].tolist()
    square = params.norm == "RMSNorm(L)"
    first = {g: at for at, g in reversed([((n, c, i), g) for n, c, i, g in _places(group)])}  # where each group begins

    def cell(n: int, c: int, i: int) -> Cell:
        g = group[n][c][i]
        mean, var, squares = before[g]
        moments = f"mean of the squares {squares:.4f}" if square else f"mean {mean:.4f}, biased variance {var:.4f}"
        rung = [
            *["@means", "@axes", "@leaves"] * (g == 0),
            *["@gap", "@parameters"] * (g == 0 and first[g] == (n, c, i)),
        ]
        return Cell(
            f"m{g}",
            f"m{g}, of its group in x: {moments}",
            [f"group-{g}", f"cell-{n},{c},{i}", *rung],
            mark="card",
            group=g,
        )

    rows = [[cell(n, c, i) for n in samples for i in range(params.L)] for c in range(4)]
    what = "mean of the squares" if square else "mean"
    named = [f"m{g} = {number(squares if square else mean, 2)}" for g, (mean, _, squares) in enumerate(before)]
    return veiled(
        Grid(
            f"the {what} that each cell of x is normalised with", rows, limit=1.0, digits=0, tensor="one colour a group",
            rows="channel", cols="position", row_dim=1, col_dim=2, row_labels=[f"channel {c}" for c in range(4)], label_width=66,
            col_labels=[str(i) for _ in samples for i in range(params.L)], col_groups=[(f"sample {n}", params.L) for n in samples],
            group_names=named if len(named) <= 6 else None,
        ),
        cells=True,
    )  # fmt: skip


def _places(group: Any) -> list[tuple[int, int, int, int]]:
    """Each cell of (N, C, L) and its group."""
    return [(n, c, i, g) for n, sample in enumerate(group) for c, row in enumerate(sample) for i, g in enumerate(row)]


def _facts(params: Params, result: Result) -> Panel:
    gap = result.gap[params.norm]
    items = [
        ("means", "mean squares" if params.norm == "RMSNorm(L)" else "means", _means(params, result)),
        ("axes", "normalised along", _along(params, result)),
        ("leaves", "each group leaves with", _leaves(result)),
        ("gap", "eval() moves y", f"by up to {number(gap, 2)}" if gap else "not at all"),
    ]
    if params.norm == "GroupNorm":
        items.append(("parameters", "parameters, and LayerNorm([C, L])'s", _parameters(params, result)))
    return veiled(Facts(items))


def _means(params: Params, result: Result) -> str:
    groups = len(result.before)
    parted = [
        MEANING[axis] for axis in AXES if _is_parted(result.group[params.norm].tolist(), AXES.index(axis)) is not False
    ]
    if "partly" in [_is_parted(result.group[params.norm].tolist(), axis) for axis in range(3)]:
        parted[-1] = "group of channels"
    return f"{groups}: one per {listing(parted)}" if parted else f"{groups}: one for all of x"


def _along(params: Params, result: Result) -> str:
    """The axes whose values are normalised together."""
    parted = {axis: _is_parted(result.group[params.norm].tolist(), place) for place, axis in enumerate(AXES)}
    shared = [axis for axis in AXES if parted[axis] is False and result.x.shape[AXES.index(axis)] > 1]
    partly = [f"part of {axis}" for axis in AXES if parted[axis] == "partly"]
    return ALONG[shared[0]] if len(shared) == 1 and not partly else listing([*shared, *partly])


def _is_parted(group: Any, axis: int) -> bool | str:
    """Whether places along this axis are in different groups: True, False, or "partly"."""
    lines = _lines(group, axis)
    sizes = {len(set(line)) for line in lines}
    return False if sizes == {1} else True if sizes == {len(lines[0])} else "partly"


def _lines(group: Any, axis: int) -> list[list[int]]:
    """All lines of numbers that run along one axis of (N, C, L)."""
    if axis == 2:
        return [row for sample in group for row in sample]
    if axis == 1:
        return [list(column) for sample in group for column in zip(*sample, strict=True)]
    return [list(cells) for rows in zip(*group, strict=True) for cells in zip(*rows, strict=True)]


def _leaves(result: Result) -> str:
    means, variances, squares = zip(*result.after.tolist(), strict=True)
    if max(map(abs, means)) < 1e-3 and all(abs(var - 1) < 0.01 for var in variances):
        return "mean 0, variance 1"
    if all(abs(square - 1) < 0.01 for square in squares) and max(map(abs, means)) > 1e-3:
        return "mean(y²) = 1"
    if max(map(abs, means)) < 1e-3:  # eps counts where the values of a group are close together
        return f"mean 0, variance {min(variances):.2f} to {max(variances):.2f}"
    return f"mean {min(means):.2f} to {max(means):.2f}"


def _parameters(params: Params, result: Result) -> str:
    owned = [sum(map(_size, result.parameters[name].values())) for name in (params.norm, "LayerNorm([C, L])")]
    return " and ".join(map(str, owned))


def _refused(result: Result) -> Panel:
    """The input, with the values marked that the layer would have normalised together first."""
    size = result.x.shape[2]
    note = f"LayerNorm takes the last axis: {size} values here, where normalized_shape says 4"
    cells = cells_of(
        result.x,
        mark=lambda _, n, c, i: "error" if n == c == 0 else "",
        note=lambda _, n, c, i: f"x[{n}, {c}, :] · {note}",
        key=lambda _, n, c, i: f"row-{n},{c}",
    )
    return Cube("x", cells, tensor=described("x", result.x, AXES), limit=limit(result.x), axes=AXES, wide=True)


def _grouped(params: Params, result: Result, name: str, note: Callable[[float, float, int], str]) -> Panel:
    """x or y; note: of a value of x, the y that it became, and their group."""
    values = getattr(result, name)
    cells = cells_of(
        values,
        result.x,
        result.y,
        result.group[params.norm],
        note=lambda _, x, y, g, *at: note(x, y, g),
        key=lambda _, x, y, g, *at: f"group-{g}",
        group=lambda _, x, y, g, *at: g,
    )
    return Cube(
        name, cells, tensor=described(name, values, AXES), limit=limit(result.x, result.y), axes=AXES,
        group_names=_names(result, name), badge="before" if name == "x" else f"after {params.norm}",
    )  # fmt: skip


def _names(result: Result, name: str) -> list[str]:
    """What the colours mean; with many groups the numbers in the cells have to do."""
    moments = (result.before if name == "x" else result.after).tolist()
    return [f"mean {round(mean, 2) + 0.0:.2f}" for mean, _, _ in moments] if len(moments) <= 6 else []


def _input(params: Params, result: Result) -> Panel:
    before = result.before.tolist()

    def note(x: float, y: float, g: int) -> str:
        mean, var, square = before[g]
        return f"group {g}: mean {mean:.4f}, biased variance {var:.4f}, mean of the squares {square:.4f}"

    return _grouped(params, result, "x", note)


def _output(params: Params, result: Result) -> Panel:
    before = result.before.tolist()

    def note(x: float, y: float, g: int) -> str:
        mean, var, square = before[g]
        if params.norm == "RMSNorm(L)":
            formula = f"x / √(mean(x²) + eps) = {x:.4f} / √({square:.4f} + {result.eps:.3g})"
        else:
            formula = standardised(x, mean, var, result.eps)
        return f"{formula} = {y:+.4f}"

    return _grouped(params, result, "y", note)


def _moments(result: Result, name: str) -> Panel:
    moments = result.before.T if name == "x" else result.after.T
    title, words = f"moments of the groups of {name}", ("mean", "biased variance", "mean of the squares")
    cells = cells_of(
        moments,
        key=lambda value, row, k: f"group-{k}",
        group=lambda value, row, k: k,
        note=lambda value, row, k: f"group {k} of {name}: {words[row]} {value:.6f}",
    )
    return Grid(
        title, cells, tensor=described(title, moments, ("moments", "groups")), limit=limit(result.x, result.y),
        badge="mean, variance and mean square", row_labels=["μ", "σ²", f"{name}²"], cols="group", row_dim=None,
        col_dim=None,
    )  # fmt: skip


def _layers(params: Params, result: Result) -> Panel:
    columns = ["layer", "groups × values", "weight, bias", "parameters", "buffers", "max |train - eval|"]
    rows = [_layer(result, name) for name in result.group]
    note = "Equal groups do not mean equal parameters. max |train - eval| is taken after this one batch in train mode."
    return Table(
        "every layer on this x", columns, rows, wide=True, note=note, lit=[list(result.group).index(params.norm)]
    )


def _layer(result: Result, name: str) -> list[Any]:
    group, shapes, gap = result.group[name], result.parameters[name], result.gap[name]
    count = max(group.flatten().tolist()) + 1
    same = len(shapes) == 2 and len(set(shapes.values())) == 1
    owned = f"both {shapes['weight']}" if same else ", ".join(f"{key} {shape}" for key, shape in shapes.items())
    return [
        name,
        f"{count} × {group.numel() // count}",
        owned or ("none", "muted"),
        str(sum(_size(shape) for shape in shapes.values())),
        ", ".join(result.buffers[name]) or ("none", "muted"),
        (f"{gap:.3f}", "warn") if gap else ("0", "no"),
    ]


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
