"""Where a model keeps its dropout probabilities, what each loop made of them, and whether two passes agree."""

from figures.panels import Figure, Panel, bars, described, figure, grid, limit, table
from lessons.dropout_reset import Params, Result

STAGES = ("before", "after the loop", "after the complete loop")


def draw(params: Params, result: Result) -> Figure:
    config = [_config(result)] if result.config else []
    return figure([_largest(result), _loops(params)], [_places(params, result)], _differences(result), config)


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
    return table("p of every dropout", ["attribute", *STAGES, "of the module"], rows, note=note)


def _badge(value: float, found: bool) -> tuple[str, str]:
    return (f"{value:g} set", "yes") if found else (f"{value:g} missed", "warn")


def _largest(result: Result) -> Panel:
    notes = [
        f"{stage}: the two passes {f'differ by up to {largest:.6f}' if largest else 'are equal to the last bit'}"
        for stage, largest in zip(STAGES, result.largest, strict=True)
    ]
    return bars("Largest difference of two passes in train mode", STAGES, result.largest, digits=4, notes=notes)


def _loops(params: Params) -> Panel:
    """What the two loops do to each module m of model.modules()."""
    family = "nn.Dropout" if params.family == "nn.Dropout" else params.family
    floats = " or ".join(params.attributes.split(", "))
    return table(
        "for m in model.modules()",
        ["", "sets"],
        [
            ["the loop", f"m.p if isinstance(m, {family})"],
            ["the complete loop", f"the same, and m.{floats} if it is a float"],
        ],
    )


def _differences(result: Result) -> list[Panel]:
    tensors = {
        "difference_before": result.difference_before,
        "difference_loop": result.difference_loop,
        "difference_complete": result.difference_complete,
    }
    top = limit(*tensors.values())
    lists = [tensor.tolist() for tensor in tensors.values()]
    notes = [[_note(cell) for cell in zip(*rows, strict=True)] for rows in zip(*lists, strict=True)]
    return [
        grid(name, values, tensor=described(name, values, ("T", "D")), limit=top, rows="T", cols="D", notes=notes)
        for name, values in tensors.items()
    ]


def _note(cell: tuple[float, ...]) -> str:
    told = (f"{stage} {value:+.4f}" for stage, value in zip(STAGES, cell, strict=True))
    return f"pass 1 - pass 2: {', '.join(told)}"


def _config(result: Result) -> Panel:
    rows = [[name, f"{rate:g}"] for name, rate in result.config.items()]
    note = (
        "No loop writes to the config: save_pretrained() stores these numbers and from_pretrained() builds with them."
    )
    return table("model.config, after both loops", ["field", "says"], rows, note=note)
