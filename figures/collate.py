"""The tree of one sample beside the tree of the batch, and the type of a batch for every batch_size."""

from typing import Any

from figures.panels import Figure, Panel, error, figure, node, table, tree
from lessons.collate import Params, Result

WHY = {
    "Tensor": "tensors are stacked along a new first axis",
    "ndarray": "NumPy arrays become tensors of their dtype and are stacked",
    "int": "numbers become one tensor",
    "float": "Python floats have 64 bits, and so has the tensor",
    "str": "text has no tensor: it is kept, one for each sample",
    "dict": "a dict stays a dict with the keys of the first sample",
    "tuple": "a tuple becomes a list with one batch for each place",
    "list": "a list is read as columns: one batch for each place",
    "Point": "a NamedTuple keeps its type, each field is batched",
}


def draw(params: Params, result: Result) -> Figure:
    kinds = dict(zip(_paths(result.sample_tree), (kind for _, _, kind, *_ in result.sample_tree), strict=True))
    below = [_by_size(params, result)]
    if result.loop:
        below.insert(
            0,
            table('for item in batch["text"]', ["item", "it is"], [[i, met] for i, met in enumerate(result.loop[:4])]),
        )
    if result.error:
        where = 'for item in batch["text"]' if result.batch_tree else "next(iter(loader))"
        below.insert(0, error("what torch says", result.error, where=where))
    first = [_tree("sample_tree", result.sample_tree, {}, f"dataset[0], one of {params.batch_size or 1}")]
    if result.batch_tree:
        first.append(
            _tree(
                "batch_tree", result.batch_tree, kinds if params.collate_fn == "default_collate" else {}, _badge(params)
            )
        )
        return figure(first, below)
    return figure([*first, below[0]], below[1:])


def _badge(params: Params) -> str:
    given = f"list of {params.batch_size} samples" if params.batch_size else "one sample"
    rule = "default_convert" if not params.batch_size and params.collate_fn == "default_collate" else params.collate_fn
    return f"{rule}({given})"


def _tree(title: str, nodes: list[tuple], kinds: dict[str, str], badge: str) -> Panel:
    drawn = []
    for path, (depth, name, kind, facts, value) in zip(_paths(nodes), nodes, strict=True):
        why = WHY.get(kinds.get(path, ""), "")
        told = (
            f"sample {kinds[path]} -> batch {kind} {facts}: {why}" if why else f"{name}: {kind} {facts} {value}".strip()
        )
        drawn.append(node(depth, name, kind=kind, facts=facts, value=value, key=path, note=told))
    return tree(title, drawn, badge=badge)


def _paths(nodes: list[tuple]) -> list[str]:
    """For each node the names on the way to it, without the root's: the same place in the sample and in the batch."""
    way: list[str] = []
    paths = []
    for depth, name, *_ in nodes:
        way = [*way[:depth], name.lstrip(".[").rstrip("]").replace(" ", "_")]
        paths.append("/".join(["root", *way[1:]]))
    return paths


def _by_size(params: Params, result: Result) -> Panel:
    rows: list[list[Any]] = [
        [
            size,
            (found[0][2], "yes"),
            "; ".join(f"{name} {kind} {facts}" for depth, name, kind, facts, _ in found if depth == 1) or found[0][3],
        ]
        if isinstance(found, list)
        else [size, ("refused", "warn"), found]
        for size, found in result.by_size.items()
    ]
    lit = [list(result.by_size).index(str(params.batch_size))] if str(params.batch_size) in result.by_size else []
    return table("by_size", ["batch_size", "type(batch)", "what is in it"], rows, lit=lit, wide=True)
