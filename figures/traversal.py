"""The children of a model, the walk, and the names it gives; below, the whole tree, every name and the length of all walks."""

import re
from itertools import groupby

from figures.module_tree import BADGES, ModuleTree, Walk, access
from figures.panels import Error, Facts, Figure, Operator, Panel, Table, Tree, figure, keyed, veiled
from lessons.traversal import NAMED, OF_MODULES, Params, Result, block_of, called, names_of_one

Cell = str | tuple[str, str] | tuple[str, str, dict[str, str]]
MOST_NAMES = 8  # in the hero; more are counted by their blocks
MOST_RINGED = 6
MOST_BLOCKS = 9
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
    call = Operator(called(params), _test(params))
    out = _refused(result, params) if result.error else _out(params, result)
    return figure(
        hero=[[_children(params, result), call, veiled(out)], [veiled(_facts(params, result))]],
        more=[[_tree(params, result)], [_given(params, result)], [_counts(params, result)]],
    )


def _children(params: Params, result: Result) -> Panel:
    """Each child of the root, numbered as they are registered, and for a walk of modules those in a plain container of the root."""
    children = [(path, kind) for path, kind in result.places.items() if path and "." not in path]
    rows: list[list[Cell]] = [
        [f"{number}.\N{NO-BREAK SPACE}{path}", _held(result, path, kind)]
        for number, (path, kind) in enumerate(children, 1)
    ]
    if params.walk in OF_MODULES:
        lists = groupby(result.hidden, lambda place: place.partition("[")[0])
        rows += [[name, (f"list of {len(list(places))}, not registered", "warn")] for name, places in lists]
    title = f"{params.architecture}: its children, in order"
    return Table(title, ["self.", "holds"], rows, breaks=True)


def _held(result: Result, path: str, kind: str) -> Cell:
    """The class with its parameters and buffers, or whose object it is under another name."""
    first = {name: names[0] for names in result.twins for name in names[1:]}
    if path in first:
        return (f"same layer as {first[path]}", "no")
    below = [name for name in result.tensors if name.startswith(f"{path}.")]
    names = next((group for group in result.twins if below[:1] and below[0] in group), [])
    others = [name for name in names if name != below[0]]
    if len(below) == 1 and others and (len(names) == 2 or below[0] in first):
        return f"{kind}, same weight as {others[0].partition('.')[0]}"
    if result.twins:  # then it is told whose an object is, and not how many there are
        return kind
    kinds = [result.tensors[name]["kind"] for name in below]
    said = ", ".join([kind, *(_counted(kinds.count(of), of) for of in BADGES if of in kinds)])
    return keyed(said, "", "@buffers") if "buffer" in kinds else said


def _out(params: Params, result: Result) -> Panel:
    """The names, or where there are many how many of them each block has."""
    kept = result.kept or []
    title = "what it gives" if not (params.walk in NAMED and params.pattern) else "what is kept of it"
    if not kept:
        return Table(title, ["name"], [[("nothing", "muted")]], breaks=True)
    if len(kept) <= MOST_NAMES:
        return _names(params, result, title, kept)
    blocks = _blocks(kept)
    shown: list[list[Cell]] = [
        [keyed(name, "", "@blocks") if re.search(r"\d", name) and at < MOST_RINGED else name, size]
        for at, (name, size) in enumerate(blocks[:MOST_BLOCKS])
    ]  # fmt: skip
    left = f"… and {len(blocks) - MOST_BLOCKS} more rows" if len(blocks) > MOST_BLOCKS else ""
    return Table(title, ["names below", "how many"], shown, note=left, breaks=True)


def _names(params: Params, result: Result, title: str, kept: list[str]) -> Panel:
    """Each name, its kind where there are several, and further names of the same object that the walk does not give."""
    columns = ["name" if params.walk in NAMED else "first name"]
    rows: list[list[Cell]] = [[_ringed(params, result, path)] for path in kept]
    if len({_kind(result, path) for path in kept}) > 1:
        columns.append("is")
        rows = [[*row, _kind(result, path)] for row, path in zip(rows, kept, strict=True)]
    if others := _left_out(params, result):
        columns.append(f"same {'layer' if params.walk in OF_MODULES else 'tensor'}, not given")
        rows = [[*row, _other(params, result, others.get(path, []))] for row, path in zip(rows, kept, strict=True)]
    return Table(title, columns, rows, breaks=True)


def _other(params: Params, result: Result, names: list[str]) -> Cell:
    if not names:
        return ""
    key = "@layer" if params.walk in OF_MODULES else "@tied"
    said = ", ".join(names)
    return keyed(said, "muted", key) if names[0] in names_of_one(params, result) else (said, "muted")


def _ringed(params: Params, result: Result, path: str) -> Cell:
    """The name, ringed where it is one of the object with most names."""
    key = "@layer" if params.walk in OF_MODULES else "@tied"
    return keyed(_name(path), "", key) if path in names_of_one(params, result) else _name(path)


def _left_out(params: Params, result: Result) -> dict[str, list[str]]:
    """A name that is given -> further names of its object that are not; none where names are filtered."""
    walked = result.walked or []
    if params.walk in NAMED and params.pattern:
        return {}
    left = {group[0]: [name for name in group if name not in walked] for group in result.twins if group[0] in walked}
    return {name: others for name, others in left.items() if others}


def _name(path: str) -> str:
    return path or "model itself"


def _kind(result: Result, path: str) -> str:
    return result.places[path] if path in result.places else result.tensors[path]["kind"]


def _blocks(names: list[str]) -> list[tuple[str, str]]:
    """Numbered neighbours with equally many names stand in one row."""
    sizes: dict[str, int] = {}
    for name in names:
        block = block_of(name)
        sizes[block] = sizes.get(block, 0) + 1
    rows: list[tuple[str, list[str], int]] = []
    for block, size in sizes.items():
        stem, _, last = block.rpartition(".")
        if rows and last.isdigit() and rows[-1][::2] == (stem, size) and int(rows[-1][1][-1]) + 1 == int(last):
            rows[-1][1].append(last)
        else:
            rows.append((stem, [last], size))
    return [(_span(stem, lasts), f"{size} each" if len(lasts) > 1 else str(size)) for stem, lasts, size in rows]


def _span(stem: str, lasts: list[str]) -> str:
    last = lasts[0] if len(lasts) == 1 else f"{lasts[0]} … {lasts[-1]}"
    return _name(f"{stem}.{last}".lstrip("."))


def _refused(result: Result, params: Params) -> Panel:
    took_long = str(result.error).startswith("TimeoutError")
    title = "The pattern takes too long" if took_long else "The pattern is no regex"
    return Error(title, str(result.error), where=f'search("{params.pattern}", name, timeout=0.05)')


def _facts(params: Params, result: Result) -> Panel:
    walked, kept = result.walked or [], result.kept or []
    items = [("gives", "the walk gives", f"{len(walked)} {GIVES[params.walk]}")]
    if params.walk in NAMED and params.pattern:
        items.append(("kept", "the filter keeps", f"{len(kept)} names"))
    if blocks := {block_of(path) for path in kept if any(part.isdigit() for part in path.split("."))}:
        items.append(("blocks", "the names come from", _counted(len(blocks), "block")))
    if group := names_of_one(params, result):
        items.append(_of_one(params, group, walked))
    buffers = [name for name, tensor in result.tensors.items() if tensor["kind"] == "buffer"]
    if buffers and params.walk not in OF_MODULES:
        items.append(("buffers", "buffers among them", f"{sum(b in walked for b in buffers)} of {len(buffers)}"))
    if result.hidden:
        items.append(("hidden", "modules in a list", f"0 of {len(result.hidden)} given"))
    return Facts(items)


def _of_one(params: Params, group: list[str], walked: list[str]) -> tuple[str, str, str]:
    """How the object with most names is given: a module how often, a tensor under which names."""
    given = [name for name in walked if name in group]
    if params.walk in OF_MODULES:
        return "layer", f"{group[0]}, {len(group)} names", _counted(len(given), "time")
    many = "both names" if len(group) == 2 else f"all {len(group)} names"
    told = many if len(given) == len(group) else f"{given[0]} alone" if given else "not given"
    return "tied", "the tied tensor", told


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _tree(params: Params, result: Result) -> Panel:
    walked = result.walked or []
    walk = Walk({path: k for k, path in enumerate(walked, 1)}, set(walked if result.kept is None else result.kept))
    nodes = ModuleTree(result, walk).drawn
    badge = f"{params.architecture}, {result.numel:,} numbers in its parameters"
    return Tree("The whole tree", nodes, badge=badge, note=LEGEND, wide=True, tall=True)


def _counts(params: Params, result: Result) -> Panel:
    rows = [[f".{walk}", count, GIVES[walk]] for walk, count in result.counts.items()]
    lit = [list(result.counts).index(params.walk)]
    return Table(
        "The seven walks", ["list(model. ...)", "length", "of"], rows, lit=lit, note="with their default arguments"
    )


def _given(params: Params, result: Result) -> Panel:
    """What the walk gave and the filter kept, in order."""
    walked, kept = result.walked or [], result.kept or []
    order = {path: k for k, path in enumerate(walked, 1)}
    named = params.walk in NAMED
    rows = [
        [f"#{order[path]}", path if named else ("no name", "muted"), *_line(result, path)] for path in kept[:MOST_ROWS]
    ]
    left = f"… and {len(kept) - MOST_ROWS} more" if len(kept) > MOST_ROWS else ""
    columns = ["number", "name", "is", "the line that gets it"]
    return Table(
        "In order", columns, rows, note=left, wide=True, badge=f"{len(kept)} of {len(walked)} {_test(params)}".strip()
    )


def _line(result: Result, path: str) -> list[str]:
    if path in result.places:
        return [result.places[path], access(path)]
    tensor = result.tensors[path]
    shape = "×".join(map(str, tensor["shape"])) or "scalar"
    return [f"{BADGES[tensor['kind']]} {shape}", access(path)]


def _test(params: Params) -> str:
    if params.walk not in NAMED or not params.pattern:
        return ""
    return f'"{params.pattern}" in name' if params.match == "in" else f'search("{params.pattern}", name)'
