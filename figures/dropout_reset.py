"""Where a model keeps its dropout probabilities, what each loop made of them, and whether two passes agree."""

from collections import Counter
from typing import Any

from figures.cells import Bar, cells_of
from figures.panels import Bars, Facts, Figure, Grid, Operator, Panel, Table, described, figure, keyed, limit, veiled
from lessons.dropout_reset import Params, Result, differ

MOST = 6  # rows of a table that are ringed
BREAK = "\u200b"  # where a long name may go on in the next line
WHOLE = "\u00a0"  # where a short text may not
STAGES = ("before", "after the loop", "after the complete loop")


def draw(params: Params, result: Result) -> Figure:
    config = [_config(result)] if result.config else []
    loop = Operator(f"m.p = {params.p:g}", f"for each m that is an {params.family}")
    return figure(
        hero=[
            [_kinds(params, result), loop, veiled(_found(params, result))],
            [veiled(_passes(result))],
            [_facts(params, result)],
        ],
        more=[[_largest(result), _loops(params)], [_places(params, result)], _differences(result), config],
    )


def _grouped(result: Result) -> dict[str, list[str]]:
    """The places by kind: `T5Attention.dropout` -> their paths, in the order in which they are met."""
    kinds: dict[str, list[str]] = {}
    for place in result.before:
        path, _, attribute = place.rpartition(".")
        kinds.setdefault(f"{result.types[path]}.{attribute}", []).append(place)
    return kinds


def _name(kind: str) -> str:
    """A kind of place as it is read: `nn.Dropout.p`, `T5Attention.dropout`."""
    return f"nn.{kind}" if kind.endswith(".p") else kind.replace(".", f".{BREAK}")


def _kinds(params: Params, result: Result) -> Panel:
    """Which modules hold the dropouts of the model, how many of each class, and the p of all before any loop."""
    [p] = set(result.before.values())
    held = Counter(_name(kind).rpartition(".")[0] for kind, places in _grouped(result).items() for _ in places)
    note = f"p = {p:g} in each, train mode"
    rows = [[f"{times}× {owner}"] for owner, times in held.items()]
    return Table(params.architecture, [f"its {len(result.before)} dropouts"], rows, note=note, breaks=True)


def _found(params: Params, result: Result) -> Panel:
    """Whether each kind keeps its p as a module or as a float, and what the loop made of it."""
    rows: list[list[Any]] = []
    for kind, places in _grouped(result).items():
        path, _, attribute = places[0].rpartition(".")
        found = path in result.matched and attribute == "p"
        text, colour = _badge(result.after_loop[places[0]], found)
        keys = ["@found"] * (len(rows) < MOST) + ["@word"] * (path == "word_dropout") + ["@config"] * found
        keys += ["@loop"] * (not found and len(rows) < MOST)
        kept = "a module" if attribute == "p" else "a float"
        rows.append([_name(kind), kept.replace(" ", WHOLE), keyed(text.replace(" ", WHOLE), colour, *keys)])
    return Table("after the loop", ["where", "kept as", "p"], rows, breaks=True, wide=True)


def _passes(result: Result) -> Panel:
    """What two passes after the loop give for the first token, as colours."""
    rows = [result.pass_1.tolist()[0], result.pass_2.tolist()[0]]
    apart = [one != other for one, other in zip(*rows, strict=True)]
    cells = cells_of(
        rows,
        note=lambda value, row, d: f"pass {row + 1}: {value:.4f}",
        key=lambda value, row, d: f"entry-{d}",
    )
    tensor = described("", result.pass_1[0], ("D",)).strip().replace("[", f"[{len(rows)} passes, ")
    return Grid(
        "the first token's output, twice, after the loop", cells, tensor=tensor, badge=f"differ in {sum(apart)} of {len(apart)}",
        limit=limit(result.pass_1, result.pass_2), signed=False, row_labels=["pass 1", "pass 2"], label_width=52, cols="D", col_dim=1,
        row_dim=None, wide=True, quiet=True,
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    _, loop, complete = ("they differ" if largest else "they are equal" for largest in result.largest)
    items = [
        ("loop", "two passes after the loop", loop),
        ("found", "dropouts that the loop finds", _how_many(result)),
        ("complete", "after the complete loop", complete),
        *([("config", f"config.{name}", f"it still says {rate:g}") for name, rate in _rate(result)]),
    ]
    if "word_dropout" in result.types:
        set_ = "word_dropout" in result.matched
        items.append(("word", "nn.Dropout1d", f"word_dropout is {'set' if set_ else 'missed'}"))
    return veiled(Facts(items))


def _how_many(result: Result) -> str:
    if result.n_reset in (0, len(result.before)):
        return "all of them" if result.n_reset else "none of them"
    return f"{result.n_reset} of {len(result.before)}"


def _rate(result: Result) -> list[tuple[str, float]]:
    """The entry of the config that most of its dropouts are built from."""
    first = [name for name in ("hidden_dropout_prob", "dropout_rate", "dropout") if name in result.config]
    return [(name, result.config[name]) for name in first]


def _places(params: Params, result: Result) -> Panel:
    names = params.attributes.split(", ")
    rows = []
    for place, before in result.before.items():
        path, _, attribute = place.rpartition(".")
        found = path in result.matched and attribute == "p"
        rows.append([
            f"{result.types[path]}.{attribute}", f"{before:g}",
            _badge(result.after_loop[place], found),
            _badge(result.after_complete[place], found or attribute in names),
            path,
        ])  # fmt: skip
    note = f"{len(rows)} dropout probabilities in {len(result.types)} modules, in the order of model.modules()"
    return Table("p of every dropout", ["attribute", *STAGES, "of the module"], rows, note=note)


def _badge(value: float, found: bool) -> tuple[str, str]:
    return (f"{value:g} set", "yes") if found else (f"{value:g} missed", "warn")


def _largest(result: Result) -> Panel:
    shown = [
        Bar(stage, largest, f"{stage}: the two passes {differ(largest)}")
        for stage, largest in zip(STAGES, result.largest, strict=True)
    ]
    return Bars("Largest difference of two passes in train mode", shown, digits=4)


def _loops(params: Params) -> Panel:
    """What the two loops do to each module m of model.modules()."""
    floats = " or ".join(f"m.{name}" for name in params.attributes.split(", "))
    return Table(
        "for m in model.modules()",
        ["", "sets"],
        [
            ["the loop", f"m.p if isinstance(m, {params.family})"],
            ["the complete loop", f"the same, and {floats} if it is a float"],
        ],
    )


def _differences(result: Result) -> list[Panel]:
    tensors = {
        "difference_before": result.difference_before,
        "difference_loop": result.difference_loop,
        "difference_complete": result.difference_complete,
    }
    top = limit(*tensors.values())
    return [
        Grid(
            name, cells_of(values, *tensors.values(), note=_note), tensor=described(name, values, ("T", "D")), limit=top,
            rows="T", cols="D",
        )
        for name, values in tensors.items()
    ]  # fmt: skip


def _note(_: float, before: float, loop: float, complete: float, *at: int) -> str:
    told = (f"{stage} {value:+.4f}" for stage, value in zip(STAGES, (before, loop, complete), strict=True))
    return f"pass 1 - pass 2: {', '.join(told)}"


def _config(result: Result) -> Panel:
    rows = [[name, f"{rate:g}"] for name, rate in result.config.items()]
    note = (
        "No loop writes to the config: save_pretrained() stores these numbers and from_pretrained() builds with them."
    )
    return Table("model.config, after both loops", ["field", "says"], rows, note=note)
