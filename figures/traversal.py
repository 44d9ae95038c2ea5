"""The tree of a model with what a walk gave, the counts of all walks, and what the filter kept, in order."""

from figures.module_tree import BADGES, ModuleTree, Walk, access
from figures.panels import Figure, Panel, error, figure, table, tree
from lessons.traversal import NAMED, Params, Result, refused

MOST_ROWS = 20
LEGEND = (
    "▲ parameter   ▤ buffer   ❄ frozen   filled: given by the walk, #n its number   =A: one object under several names"
)
GIVES = {
    "children()": "modules",
    "modules()": "modules",
    "named_modules()": "names",
    "parameters()": "tensors",
    "named_parameters()": "names",
    "buffers()": "tensors",
    "state_dict()": "names",
}


def draw(params: Params, result: Result) -> Figure:
    walked = result.walked or []
    walk = Walk({path: k for k, path in enumerate(walked, 1)}, set(walked if result.kept is None else result.kept))
    nodes = ModuleTree(result, walk).drawn
    shown = tree("model", nodes, badge=f"{params.architecture}, {result.numel:,} parameters", note=LEGEND, wide=True)
    beside = _counts(params, result)
    if result.error:
        where = f're.search("{params.pattern}", name)'
        return figure([{**shown, "tall": True}, error("The pattern is no regex", result.error, where=where)], [beside])
    if sentence := refused(params):
        return figure([{**shown, "tall": True}, error("The regex is not run here", sentence)], [beside])
    return figure([{**shown, "tall": True}, beside], [_given(params, result)])


def _counts(params: Params, result: Result) -> Panel:
    rows = [[f".{walk}", count, GIVES[walk]] for walk, count in result.counts.items()]
    lit = [list(result.counts).index(params.walk)]
    return table(
        "counts",
        ["list(model. ...)", "length", "of"],
        rows,
        lit=lit,
        note="with default arguments; only state_dict() gives every name of a tied tensor",
    )


def _given(params: Params, result: Result) -> Panel:
    """What the walk gave and the filter kept, in order."""
    walked, kept = result.walked or [], result.kept or []
    order = {path: k for k, path in enumerate(walked, 1)}
    named = params.walk in NAMED
    rows = [
        [f"#{order[path]}", path if named else ("no name", "muted"), *_facts(result, path)] for path in kept[:MOST_ROWS]
    ]
    left = f"… and {len(kept) - MOST_ROWS} more" if len(kept) > MOST_ROWS else ""
    title = "kept" if named else "walked"
    columns = ["number", "name", "is", "the line that gets it"]
    return table(
        title, columns, rows, note=left, wide=True, badge=f"{len(kept)} of {len(walked)} {_test(params)}".strip()
    )


def _facts(result: Result, path: str) -> list[str]:
    if path in result.places:
        return [result.places[path], access(path)]
    tensor = result.tensors[path]
    shape = "×".join(map(str, tensor["shape"])) or "scalar"
    return [f"{BADGES[tensor['kind']]} {shape}", access(path)]


def _test(params: Params) -> str:
    if params.walk not in NAMED or not params.pattern:
        return ""
    return f'"{params.pattern}" in name' if params.match == "in" else f'search(r"{params.pattern}", name)'
