"""Of each class that drops where its rate stands and how many of its calls a loop over nn.Dropout leaves; below, parts by size and the tree."""

from typing import Any

from figures.cells import Bar, Node
from figures.panels import Bars, Facts, Figure, Operator, Panel, Table, Tree, figure, keyed, veiled
from lessons.what_it_holds import Params, Result, kept, left, most_names, name_of

MOST_NODES = 160
MOST_CLASSES = 6  # rows, and one of their sum
LONGEST = 36  # letters of a rate that do not wrap
MOST_HELD = 7  # rows of what a module holds, and the last one
LOOP = "The loop: for m in model.modules(): if isinstance(m, nn.Dropout): m.p = 0"


def draw(params: Params, result: Result) -> Figure:
    drops = result.calls_before > 0  # where nothing drops there is no loop to look at
    counts = drops and not params.search
    return figure(
        hero=[
            [veiled(_classes(params, result), cells=True)] if counts else _walk(params, result),
            [veiled(_facts(result, counted=counts))],
        ],
        more=[
            [_parts(result)] if drops or params.search else [],
            [_classes(params, result)] if drops and params.search else [],
            [_meets(params, result)] if drops else [],
            [_tree(params, result)],
            [_rates(result), _sits(result)],
            [_names(result), _buffers(result)],
            _found(params, result),
        ],
    )


def _classes(params: Params, result: Result) -> Panel:
    """The classes whose forward drops: where the rate stands, and of the calls how many are left; the small ones in one row."""
    rows = sorted(result.calls, key=lambda row: (int(row[4]), int(row[3])), reverse=True)
    apart = rows if len(rows) <= MOST_CLASSES else rows[: MOST_CLASSES - 1]
    shown = [
        _class(f"{makers} × {kind}", {str(kind)}, f"{each} each: {many}" if each and makers != 1 else str(many), many, stay, result)
        for kind, makers, each, many, stay in apart
    ]  # fmt: skip
    if rest := rows[len(apart) :]:
        many, stay = (sum(int(row[at]) for row in rest) for at in (3, 4))
        shown.append(_class(f"{len(rest)} other classes", {str(row[0]) for row in rest}, str(many), many, stay, result))
    drop = "warn" if result.calls_after else "yes"
    total: list[Any] = ["all classes", "", str(result.calls_before), keyed(left(result), drop, "left")]
    heads = [
        f"class of {name_of(params.config)}",
        "its dropout rate",
        "dropout calls per forward",
        "still drop after the loop",
    ]
    return Table(LOOP, heads, [*shown, total], breaks=True, wide=True)


def _class(name: str, kinds: set[str], calls: str, many: Any, stay: Any, result: Result) -> list[Any]:
    """A row, coloured by whether the loop leaves calls."""
    drop = "warn" if stay else "yes"
    return [_whole(name), (_stands(kinds, result), drop), _whole(calls), (_whole(f"{stay} of {many}"), drop)]


def _whole(text: str) -> str:
    """The text for one line, however narrow its column."""
    return text.replace(" ", "\u00a0")


def _stands(kinds: set[str], result: Result) -> str:
    """`self.dropout = 0.1: a float`, `dropout, activation_dropout: floats`, `nn.Dropout(0.1): a module`."""
    rows = [row for row in result.stands if row[0] in kinds]
    floats = list(dict.fromkeys(str(what) for _, what, as_what, _ in rows if as_what == "float"))
    named = ", ".join(what.partition(" = ")[0].removeprefix("self.") for what in floats)
    modules = {str(what): int(many) for _, what, as_what, many in rows if as_what == "dropout"}
    said = [f"{floats[0]}: a float" if len(floats) == 1 else f"{named}: floats"] if floats else []
    several = sum(modules.values()) > 1 or len(kinds) > 1
    said += [f"{', '.join(modules)}: {'modules' if several else 'a module'}"] if modules else []
    return "; ".join(_whole(one) if len(one) <= LONGEST else one for one in said) or "elsewhere"


def _walk(params: Params, result: Result) -> list[Panel]:
    """What a walk over the parameters gives: those whose name holds the text, or else all by what they are for."""
    if params.search:
        walk, came = Operator(f"{params.search!r} in name", "of each parameter"), _places(result)
    else:
        walk, came = Operator("named_parameters()", "each once"), _parts(result)
    return [_model(params, result), walk, veiled(came)]


def _meets(params: Params, result: Result) -> Panel:
    """What one module holds, what the loop asks of each, and the calls in its forward that read it."""
    size = f"{name_of(params.config)}, {_size(result)} of {params.dtype}"
    return Table(
        f"each {result.holder}", ["holds", "the loop sets p = 0?", "its forward() calls", "still drops?"], _rows(result),
        badge=size, breaks=True, wide=True,
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
    own = {row[0] for row in result.calls}
    rows: list[list[Any]] = []
    for what, kind, many in held:
        shown = f"{what} ×{many}" if many > 1 else what
        calls = [_call(line) for line in reads.get(what, [])] or [["its own, counted above" if what in own else "", ""]]
        rows.append([shown, asked[kind], *calls[0]])
        rows += [["", "", *call] for call in calls[1:]]
    return rows + [["", "", *_call(line)] for line in reads.get("", [])]


def _call(line: list[Any]) -> list[Any]:
    """The calls of a line, and whether they still drop."""
    _, text, many, stay = line
    shown = call_of(str(text)) + (f" ×{many}" if many > 1 else "")
    drops = ("yes", "warn") if stay == many else f"{stay} of {many}" if stay else ("no: p = 0", "yes")
    return [shown, drops]


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


def _facts(result: Result, *, counted: bool) -> Panel:
    """counted: the calls that are left stand in a table already."""
    most = max(result.parts, key=result.parts.__getitem__)
    names = most_names(result)
    return Facts(
        [
            *([] if counted else [("left", "dropout calls that still drop", left(result))]),
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
