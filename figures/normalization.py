"""One colour a group: the same x before and after a normalisation layer, and what sets the layers apart."""

from collections.abc import Callable
from typing import Any

from figures.formula import standardised
from figures.panels import Figure, Panel, cube, described, error, figure, grid, limit, table
from lessons.normalization import Params, Result

AXES = ("N", "C", "L")
RAISES = "y_train = {name: layer(x) for name, layer in layers.items()}"


def draw(params: Params, result: Result) -> Figure:
    if result.error:
        return figure([error(params.norm, result.error, where=RAISES)], [_refused(result)])
    moments = [_moments(result, "x"), _moments(result, "y")]
    rows = [moments] if len(result.before) <= 6 else [[panel] for panel in moments]
    return figure([_input(params, result), _output(params, result)], [_layers(params, result)], *rows)


def _refused(result: Result) -> Panel:
    """The input, with the values marked that the layer would have normalised together first."""
    size = result.x.shape[2]
    note = f"LayerNorm takes the last axis: {size} values here, where normalized_shape says 4"
    return cube(
        "x", result.x, tensor=described("x", result.x, AXES), limit=limit(result.x), axes=AXES, wide=True,
        marks=_nested(result.x, lambda n, c, i: "error" if n == c == 0 else ""),
        notes=_nested(result.x, lambda n, c, i: f"x[{n}, {c}, :] · {note}"),
        keys=_nested(result.x, lambda n, c, i: f"row-{n},{c}"),
    )  # fmt: skip


def _nested(group: Any, cell: Callable[[int, int, int], Any]) -> Any:
    """`cell(n, c, l)` for every cell of an (N, C, L) tensor."""
    samples, channels, length = group.shape
    return [[[cell(n, c, i) for i in range(length)] for c in range(channels)] for n in range(samples)]


def _cells(params: Params, result: Result, name: str, notes: Any) -> Panel:
    values, group = getattr(result, name), result.group[params.norm]
    numbers = group.tolist()
    return cube(
        name, values, tensor=described(name, values, AXES), limit=limit(result.x, result.y), axes=AXES, notes=notes,
        groups=numbers, group_names=_names(result, name),
        keys=_nested(group, lambda n, c, i: f"group-{numbers[n][c][i]}"),
        badge="before" if name == "x" else f"after {params.norm}",
    )  # fmt: skip


def _names(result: Result, name: str) -> list[str]:
    """What the colours mean; with many groups the numbers in the cells have to do."""
    moments = (result.before if name == "x" else result.after).tolist()
    return [f"mean {round(mean, 2) + 0.0:.2f}" for mean, _, _ in moments] if len(moments) <= 6 else []


def _input(params: Params, result: Result) -> Panel:
    group, before = result.group[params.norm].tolist(), result.before.tolist()

    def note(n: int, c: int, i: int) -> str:
        mean, var, square = before[group[n][c][i]]
        return f"group {group[n][c][i]}: mean {mean:.4f}, biased variance {var:.4f}, mean of the squares {square:.4f}"

    return _cells(params, result, "x", _nested(result.x, note))


def _output(params: Params, result: Result) -> Panel:
    group, before = result.group[params.norm].tolist(), result.before.tolist()
    x, y = result.x.tolist(), result.y.tolist()

    def note(n: int, c: int, i: int) -> str:
        mean, var, square = before[group[n][c][i]]
        if params.norm == "RMSNorm(L)":
            formula = f"x / √(mean(x²) + eps) = {x[n][c][i]:.4f} / √({square:.4f} + {result.eps:.3g})"
        else:
            formula = standardised(x[n][c][i], mean, var, result.eps)
        return f"{formula} = {y[n][c][i]:+.4f}"

    return _cells(params, result, "y", _nested(result.y, note))


def _moments(result: Result, name: str) -> Panel:
    moments = result.before.T if name == "x" else result.after.T
    title, words = "before.T" if name == "x" else "after.T", ("mean", "biased variance", "mean of the squares")
    groups = range(len(result.before))
    return grid(
        title, moments, tensor=described(title, moments, ("moments", "groups")), limit=limit(result.x, result.y),
        badge=f"mean, variance and mean square of {name}", row_labels=["μ", "σ²", f"{name}²"], cols="group", row_dim=None,
        col_dim=None, keys=[[f"group-{k}" for k in groups]] * 3, groups=[list(groups)] * 3,
        notes=[[f"group {k} of {name}: {word} {v:.6f}" for k, v in enumerate(row)]
               for word, row in zip(words, moments.tolist(), strict=True)],
    )  # fmt: skip


def _layers(params: Params, result: Result) -> Panel:
    columns = ["layer", "groups × values", "weight, bias", "parameters", "buffers", "max |train - eval|"]
    rows = [_layer(result, name) for name in result.group]
    note = "Equal groups do not mean equal parameters. max |train - eval| is taken after this one batch in train mode."
    return table(
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
