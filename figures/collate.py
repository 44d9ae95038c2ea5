"""The trees of the first samples beside the tree of the batch, and the type of a batch for every batch_size."""

from typing import Any

from explorable.words import count
from figures.cells import Node
from figures.panels import Error, Facts, Figure, Operator, Panel, Table, Tree, figure, veiled
from lessons.collate import Params, Result, kind_of, rule

LINES = 7  # of the samples that are drawn; the first one is always drawn

WHY = {
    "Tensor": "tensors are stacked along a new first axis",
    "ndarray": "NumPy arrays become tensors of their dtype and are stacked",
    "int": "numbers become one tensor",
    "float": "Python floats have 64 bits, and so has the tensor where the first one is a float",
    "str": "text has no tensor: it is kept, one for each sample",
    "dict": "a dict stays a dict with the keys of the first sample",
    "tuple": "a tuple becomes a list with one batch for each position",
    "list": "a list is read as columns: one batch for each position",
    "Point": "a NamedTuple keeps its type, each field is batched",
}


def draw(params: Params, result: Result) -> Figure:
    paths = zip(_paths(result.sample_tree), (kind for _, _, kind, *_ in result.sample_tree), strict=True)
    kinds = dict(paths) if rule(params) == "default_collate" else {}
    call = Operator("DataLoader", f"batch_size={params.batch_size}, {rule(params)}")
    title = "what comes out: one batch" if params.batch_size else "what comes out: no batch, one sample"
    hero: list[Panel] = [_samples(params, result), call]
    if result.batch_tree:
        hero.append(veiled(Tree(title, _nodes(result.batch_tree, kinds, "batch", "@items"))))
    if result.error:
        where = "for item in batch['text']" if result.batch_tree else "next(iter(loader))"
        hero.append(veiled(Error("what torch says", result.error, where=where)))
    return figure(hero=[hero, _met(result)], more=[_loop(result), [_by_size(params, result)]])


def _samples(params: Params, result: Result) -> Panel:
    """The first samples as trees, as many as there is room for, and how many more go into the batch."""
    size = params.batch_size or 1
    nodes = _nodes(result.sample_tree)
    drawn = 1
    for tree in result.next_trees:
        if len(nodes) + len(tree) <= LINES:
            nodes += _nodes(tree, place=f"sample-{drawn}/")
            drawn += 1
    if size > drawn:
        nodes.append(Node(0, f"… {size - drawn} more", key="more", note=f"a batch takes {count(size, 'sample')}"))
    return Tree(f"what goes in: {count(size, 'sample')}", nodes)


def _met(result: Result) -> list[Panel]:
    if not result.loop:
        return []
    strings = all(met.startswith("str ") for met in result.loop)
    return [veiled(Facts([("items", "a loop over batch['text'] meets", "key strings" if strings else "dicts")]))]


def _loop(result: Result) -> list[Panel]:
    rows = [[i, met] for i, met in enumerate((result.loop or [])[:4])]
    return [Table('for item in batch["text"]', ["item", "it is"], rows)] if rows else []


def _nodes(
    nodes: list[tuple], kinds: dict[str, str] | None = None, whole: str = "", text: str = "", place: str = ""
) -> list[Node]:
    """The root says what all of it is. The keys `whole` and `text` are those of the root, and of what a loop over batch["text"] meets."""
    drawn = []
    for path, (depth, name, kind, of, value) in zip(_paths(nodes), nodes, strict=True):
        was = (kinds or {}).get(path, "")
        told = (
            f"sample {was} -> batch {kind} {of}: {WHY[was]}" if was in WHY else f"{name}: {kind} {of} {value}".strip()
        )
        ringed = whole if path == "root" else text if path.startswith("root/'text'/") else ""
        said = "" if kind == "Tensor" else value  # of a tensor the rows and columns are drawn
        key = f"{place}{path} {ringed}".strip()
        sizes = _sizes(kind, of)
        if path == "root":
            kind, of = kind_of(nodes), of[of.find("(") :] if sizes else ""
        mark = "apart" if ringed and path == "root" else ""  # there is room for the ring
        drawn.append(Node(depth, name, kind=kind, facts=of, value=said, key=key, note=told, mark=mark, sizes=sizes))
    return drawn


def _sizes(kind: str, facts: str) -> list[int] | None:
    """Those of a tensor with one or two dims."""
    sizes = [int(size) for size in facts.partition(" ")[2].strip("()").split(",") if size.strip()]
    return sizes if kind == "Tensor" and len(sizes) in (1, 2) and all(sizes) else None


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
    return Table("by_size", ["batch_size", "type(batch)", "what is in it"], rows, lit=lit, wide=True)
