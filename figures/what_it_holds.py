"""What a loop over modules meets in one of them, and the dropout calls in its forward after that; below, parts by size and the tree."""

from typing import Any

from explorable.words import count
from figures.cells import Bar, Node
from figures.panels import Bars, Facts, Figure, Operator, Panel, Table, Tree, figure, keyed, veiled
from lessons.what_it_holds import Params, Result, kept, left, most_names, name_of

MOST_NODES = 160
MOST_HELD = 7  # rows of what a module holds, and the last one


def draw(params: Params, result: Result) -> Figure:
    drops = result.calls_before > 0  # where nothing drops there is no loop to look at
    loop = _meets(params, result) if drops else None
    return figure(
        hero=[
            [veiled(loop, cells=True)] if loop and not params.search else _walk(params, result),
            [veiled(_facts(result))],
        ],
        more=[
            [_parts(result)] if drops or params.search else [],
            [loop] if loop and params.search else [],
            [_tree(params, result)],
            [_rates(result), _sits(result)],
            [_names(result), _buffers(result)],
            _found(params, result),
        ],
    )


def _walk(params: Params, result: Result) -> list[Panel]:
    """What a walk over the parameters gives: those whose name holds the text, or else all by what they are for."""
    if params.search:
        walk, came = Operator(f"{params.search!r} in name", "of each parameter"), _places(result)
    else:
        walk, came = Operator("named_parameters()", "each once"), _parts(result)
    return [_model(params, result), walk, veiled(came)]


def _meets(params: Params, result: Result) -> Panel:
    """What one module holds, what the loop asks of each, and the calls in its forward that read it; of all classes below how many."""
    [(kind, makers, many, stay)] = [row for row in result.calls if row[0] == result.holder]
    rest = count(len(result.calls) - 1, "other class", "other classes")
    note = f"calls that still drop: {stay} of {many} in {makers} × {kind}" + (
        f" + {result.calls_after - int(stay)} of {result.calls_before - int(many)} in {rest}"
        if len(result.calls) > 1
        else ""
    )
    size = f"{name_of(params.config)}, {_size(result)} of {params.dtype}"
    return Table(
        f"each {result.holder}", ["holds", "the loop sets p = 0?", "its forward() calls", "still drops?"], _rows(result),
        note=note, badge=size, breaks=True, wide=True,
    )  # fmt: skip


def _rows(result: Result) -> list[list[Any]]:
    """What is held, and beside a rate the calls that read it; a call that names none of several rates has a row of its own."""
    asked = {"module": ("no", "muted"), "dropout": ("yes", "yes"), "float": ("no: float", "warn")}
    held = [
        (str(what), str(kind), int(many))
        for what, kind, many in [*result.held[:MOST_HELD], *result.held[MOST_HELD:][-1:]]
    ]
    rates = [what for what, kind, _ in held if kind != "module"]
    reads: dict[str, list[list[Any]]] = {}
    for line in result.lines:
        named = [rate for rate in rates if f"{rate.partition(' = ')[0]}," in str(line[1])]
        reads.setdefault((named or (rates if len(rates) == 1 else [""]))[0], []).append(line)
    first = next((rate for rate in rates if rate in reads), "")
    rows: list[list[Any]] = []
    for what, kind, many in held:
        shown = f"{what} ×{many}" if many > 1 else what
        calls = [_call(line, "@left" * (what == first)) for line in reads.get(what, [])] or [["", ""]]
        rows.append([keyed(shown, "", "@left") if what == first else shown, asked[kind], *calls[0]])
        rows += [["", "", *call] for call in calls[1:]]
    return rows + [["", "", *_call(line, "")] for line in reads.get("", [])]


def _call(line: list[Any], key: str) -> list[Any]:
    """The calls of a line, and whether they still drop."""
    _, text, many, stay = line
    shown = call_of(str(text)) + (f" ×{many}" if many > 1 else "")
    drops = ("yes", "warn") if stay == many else f"{stay} of {many}" if stay else ("no: p = 0", "yes")
    return [keyed(shown, "", key) if key else shown, drops]


def call_of(line: str) -> str:
    """The call in a line that drops: of its arguments the rate alone, where the line holds all of them."""
    name, opened, rest = line.partition("dropout(")
    given = rest.removesuffix(")").split(", ")
    rate = next((one for one in given[1:] if one.startswith("p=")), given[1] if len(given) > 1 else "")
    return f"F.dropout(…, {rate})" if rate else line


def _places(result: Result) -> Panel:
    """Where the names stand that hold the text: one row for each beginning of a name, up to the part in which the text ends."""
    rows: list[list[Any]] = [[place, many] for place, many in result.found_in] or [["no name holds it", 0]]
    return Table("it is in", ["names that begin with", "parameters"], rows, wide=True, breaks=True)


def _model(params: Params, result: Result) -> Panel:
    rates = dict.fromkeys(str(what).rpartition(" = ")[2] for what, _ in result.rates)
    rows: list[list[Any]] = [
        ["model", name_of(params.config)],
        [params.dtype, _size(result)],
        ["mode", "train"],
        *([["dropout", ", ".join(rates)]] if rates else []),
        *([["search", params.search]] if params.search else []),
    ]
    return Table("What goes in", ["", "is"], rows, breaks=True)


def _size(result: Result) -> str:
    return f"{sum(result.by_dtype.values()) / 2**20:,.1f} MiB"


def _parts(result: Result) -> Panel:
    most = max(result.parts.values())
    shown = [
        Bar(part, size / 1e6, f"{part}: {size:,} numbers", [f"part-{part.replace(' ', '-')}", *(["@part"] if size == most else [])])
        for part, size in result.parts.items()
    ]  # fmt: skip
    return Bars("Numbers by part", shown, unit="million", digits=2)


def _facts(result: Result) -> Panel:
    most = max(result.parts, key=result.parts.__getitem__)
    names = most_names(result)
    return Facts(
        [
            ("left", "dropout calls that still drop", left(result)),
            ("names", "most names of one weight", f"{names} {'name' if names == 1 else 'names'}"),
            ("saved", "buffers in state_dict()", kept(result)),
            ("part", "most numbers are in", f"the {most}"),
        ]
    )


def _tree(params: Params, result: Result) -> Panel:
    """Equal neighbours once, with their number; marked where a name below holds the text."""
    nodes = []
    for row in result.tree[:MOST_NODES]:
        depth, path, kind, times, numel, own = (
            int(row[0]),
            str(row[1]),
            str(row[2]),
            int(row[3]),
            int(row[4]),
            str(row[5]),
        )
        name = path.rpartition(".")[2] or "model"
        many = f" × {times}" if times > 1 else ""
        drawn = Node(
            depth,
            name + many,
            kind=kind,
            facts=f"{numel:,}",
            value=own[:80],
            key=f"at-{path}",
            note=_told(path, kind, times, numel, own),
            mark="walked" if params.search and params.search in path else "",
        )
        nodes.append(drawn)
    more = len(result.tree) - MOST_NODES
    note = f"The first {MOST_NODES} rows; {more} more follow." if more > 0 else ""
    return Tree("The tree; equal neighbours are one row", nodes, note=note, wide=True)


def _told(path: str, kind: str, times: int, numel: int, own: str) -> str:
    each = f"{times} of them with {numel:,} numbers each" if times > 1 else f"{numel:,} numbers"
    return f"model.get_submodule({path!r}): {kind}, {each}" + (f"; {own}" if own else "")


def _rates(result: Result) -> Panel:
    rows: list[list[Any]] = [["nn.Dropout modules, p above 0", result.modules_before]]
    rows += [[what, times] for what, times in result.rates[:8]]
    rows += [["calls that drop, in one forward", result.calls_before], ["calls after the loop", result.calls_after]]
    note = "Rates that a module of another class keeps as a float are not found by isinstance(m, nn.Dropout)."
    return Table("Dropout", ["", "how many"], rows, note=note)


def _sits(result: Result) -> Panel:
    rows = [[what, times] for what, times in result.sits] or [["nothing by these names", 0]]
    note = (
        "Class that holds it, attribute and shape of the weight. Parts are told by the names that transformers gives."
    )
    return Table("Where the feed-forward sits", ["matrix", "how many"], rows, note=note)


def _names(result: Result) -> Panel:
    rows = [[names[0], ", ".join(names[1:])] for names in result.tied[:8]] or [["no parameter has two names", ""]]
    return Table("Tied: one parameter under several names", ["given as", "also there as"], rows, breaks=True)


def _buffers(result: Result) -> Panel:
    rows: list[list[Any]] = [
        [name, str(shape), f"{size:,}", ("saved", "yes") if saved else ("not saved", "no")]
        for name, shape, size, saved in result.buffers[:8]
    ] or [["no buffer", "", "", ""]]
    note = f"The first 8 of {len(result.buffers)}." if len(result.buffers) > 8 else ""
    return Table("Buffers", ["name", "shape", "bytes", "state_dict()"], rows, note=note)


def _found(params: Params, result: Result) -> list[Panel]:
    if not params.search:
        return []
    rows: list[list[Any]] = [[name, str(shape), f"{size:,}"] for name, shape, size in result.found] or [
        ["no name holds it", "", ""]
    ]
    note = f"The first {len(result.found)} of {result.found_count}." if result.found_count > len(result.found) else ""
    return [Table(f"Names that hold {params.search!r}", ["name", "shape", "numbers"], rows, note=note, wide=True)]
