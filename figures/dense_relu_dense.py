"""What a changed token moves in DenseReluDense and in self-attention; below, the layer's matrices from left to right."""

from collections.abc import Callable
from typing import Any

from explorable.words import listing, spelled
from figures.cells import Bar, cells_of
from figures.panels import Bars, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.dense_relu_dense import Params, Result, rows_moved

AXES = {
    "x": ("T", "D"),
    "y": ("T", "D"),
    "wi": ("F", "D"),
    "wo": ("D", "F"),
}


def draw(params: Params, result: Result) -> Figure:
    top = limit(result.x, result.h, result.a, result.g, result.hidden, result.dropped, result.y)
    weights = limit(result.wi, result.wo)
    moves = limit(result.moved, result.moved_attention)
    call = Operator(_changed(params), f"then {_layers(result)}")
    after = [veiled(_moved(params, result, name, moves)) for name in ("moved", "moved_attention")]
    return figure(
        hero=[[_x(params, result, top), call, *after], [_facts(params, result)]],
        more=[
            _pipeline(params, result, top),
            [_places(params, result)],
            [_weight("wi", result.wi, weights), _weight("wo", result.wo, weights)],
        ],
    )


def _layers(result: Result) -> str:
    """What DenseReluDense is."""
    gate = " · Linear" if result.g is not None else ""
    return f"Linear → {result.act}{gate} → Linear".replace(" →", "\N{NO-BREAK SPACE}→")


def _changed(params: Params) -> str:
    """The change as code."""
    changes = {"perturb one token": f"x[{params.token}] += 1", "reverse the tokens": "x.flip(0)", "double x": "2 * x"}
    return changes[params.change]


def _told(params: Params) -> str:
    """What `moved` is."""
    old = {"perturb one token": "old", "reverse the tokens": "reversed old", "double x": "2 · old"}[params.change]
    return f"new − {old}".replace(" ", "\N{NO-BREAK SPACE}")


def _x(params: Params, result: Result, top: float) -> Panel:
    changed = [params.token] if params.change == "perturb one token" else range(len(result.x))
    return _tokens("x", result.x, top, "four tokens, old", mark=lambda _, t, j: "lit" if t in changed else "")


def _facts(params: Params, result: Result) -> Panel:
    attention = "self-attention, causal mask" if params.stack == "decoder" else "self-attention, no mask"
    names = [name.removesuffix(".weight") for name in result.parameters if not name.endswith("bias")]
    biases = [name for name in result.parameters if name.endswith("bias")]
    [place] = [path for path in result.places if path.startswith(f"{params.stack}.block.0.")]
    return veiled(Facts([
        ("moved", "outputs of DenseReluDense", _outputs(params, result.moved)),
        ("attention", attention, _outputs(params, result.moved_attention)),
        ("linears", "its Linears", f"{spelled(len(names))}: {', '.join(names)}"),
        ("biases", "its biases", ", ".join(biases) or "none at all"),
        ("place", f"place in {params.stack}.block[0]", f"layer[{place.split('.')[-2]}]"),
    ]))  # fmt: skip


def _outputs(params: Params, moved: Any) -> str:
    """Which outputs moved, or how they compare with the reversed or doubled ones."""
    rows = rows_moved(moved)
    if params.change == "perturb one token":
        named = {(): "none moves", (params.token,): "its own alone", (0, 1, 2, 3): "all four move"}
        return named.get(tuple(rows), f"tokens {listing(list(map(str, rows)))} move")
    if rows:
        return "other numbers"
    return "the same, reversed" if params.change == "reverse the tokens" else "twice the numbers"


def _pipeline(params: Params, result: Result, top: float) -> list[Panel]:
    gated, into = result.g is not None, "wi_0" if result.g is not None else "wi"
    panels = [
        _tokens("h", result.h, top, into, note=_products("h", result.x, result.wi, "x", into)),
        _tokens("a", result.a, top, result.act, result.h, note=lambda a, h, *_: f"{result.act}({h:+.4f}) = {a:+.4f}"),
    ]
    if gated:
        panels += [
            _tokens("g", result.g, top, "wi_1"),
            _tokens("hidden", result.hidden, top, "a · g", result.a, result.g, note=_gated),
        ]
    if params.dropout_rate:
        panels.append(_tokens("dropped", result.dropped, top, "dropout", result.hidden, mark=_dropped))
    return [*panels, _tokens("y", result.y, top, "wo", note=_products("y", result.dropped, result.wo, "dropped", "wo"))]


def _tokens(name: str, values: Any, top: float, badge: str, *beside: Any, **entries: Any) -> Panel:
    """A (T, ...) tensor; the cells of one token light up together in all panels."""
    axes = AXES.get(name, ("T", "F"))
    entries = {"key": lambda *cell: f"t{cell[-2]}", **entries}
    cells = cells_of(values, *beside, **entries)
    tensor = described(name, values, axes)
    if name == "x":  # in the hero
        tokens = [f"token {t}" for t in range(len(values))]
        return Grid(
            name, cells, badge=badge, tensor=tensor, limit=top, row_labels=tokens, label_width=56, digits=1,
            col_labels=[""] * len(values[0]),
        )  # fmt: skip
    return Grid(name, cells, badge=badge, tensor=tensor, limit=top, rows=axes[0], cols=axes[1])


def _weight(name: str, values: Any, top: float) -> Panel:
    axes = AXES[name]
    return Grid(
        name, cells_of(values), badge="▲ weight", tensor=described(name, values, axes), limit=top, rows=axes[0], cols=axes[1],
        row_dim=None, col_dim=None,
    )  # fmt: skip


def _products(name: str, left: Any, weight: Any, of: str, by: str) -> Callable[..., str]:
    rows, weights = left.tolist(), weight.tolist()
    return lambda value, t, j: _sum(f"{name}[{t}, {j}] = Σ {of}[{t}, k] · {by}[{j}, k]", rows[t], weights[j], value)


def _sum(start: str, row: list[float], weights: list[float], value: float) -> str:
    terms = " ".join(f"{a:+.2f}·{_bracket(b)}" for a, b in zip(row, weights, strict=True))
    return f"{start} = {terms} = {value:+.4f}"


def _bracket(value: float) -> str:
    return f"{value:.2f}" if value >= 0 else f"({value:.2f})"


def _gated(hidden: float, a: float, g: float, *_: int) -> str:
    return f"a · g = {a:+.4f} · {_bracket(g)} = {hidden:+.4f}"


def _dropped(dropped: float, hidden: float, *_: int) -> str:
    return "dropped" if not dropped and hidden else ""


def _moved(params: Params, result: Result, name: str, top: float) -> Panel:
    """How far the output of each token moved; the first token that DenseReluDense moved is ringed, or where none moved the first one.

    SelfAttention, of the same block, stands back: it is there for comparison.
    """
    here = name == "moved"
    who, moved = ("DenseReluDense", result.moved) if here else ("SelfAttention", result.moved_attention)
    ringed = (rows_moved(result.moved) or [0])[0] if here else None
    bars = []
    for t, row in enumerate(moved.tolist()):
        note = f"{who}, {_told(params)} at token {t}: {', '.join(f'{move:+.4f}' for move in row)}"
        key = [f"t{t}", *["@moved"] * (t == ringed)]
        bars.append(Bar(f"token {t}", max(map(abs, row)), note, key, mark="" if here else "quiet"))
    what = "moves by" if params.change == "perturb one token" else f"max\N{NO-BREAK SPACE}|{_told(params)}|"
    return Bars(f"{who}: {what}" if here else f"to compare: {who}", bars, limit=top, digits=2)


def _places(params: Params, result: Result) -> Panel:
    rows, lit = [], []
    for index, (path, place) in enumerate(result.places.items()):
        weights = ", ".join(
            f"{name.removesuffix('.weight')} {'×'.join(map(str, shape))}" for name, shape in place["weights"].items()
        )
        rows.append([_access(path), place["class"], weights, f"{place['zeros']:.3f}"])
        lit += [index] if path.startswith(f"{params.stack}.block.0.") else []
    note = "encoder: layer[0] self-attention, layer[1] this; decoder: layer[1] is cross-attention, so layer[2] is this"
    columns = ["the line that gets it", "class", "weights", "share of activations at 0"]
    return Table("places", columns, rows, lit=lit, note=note, wide=True, badge=params.measured)


def _access(path: str) -> str:
    return "model" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path.split("."))
