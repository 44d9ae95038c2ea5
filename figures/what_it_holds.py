"""What a loop over modules meets in one of them, and the dropout calls before and after it; below, parts by size and the tree."""

from typing import Any

from explorable.words import count, one_of
from figures.cells import Bar, Node
from figures.panels import Bars, Facts, Figure, Operator, Panel, Table, Tree, figure, keyed, veiled
from lessons.what_it_holds import Params, Result, kept, left, most_names, name_of

MOST_NODES = 160
MOST_HELD = 7  # rows of what a module holds, and the last one
MOST_KINDS = 6
MOST_MARKS = 36


def draw(params: Params, result: Result) -> Figure:
    drops = result.calls_before > 0  # where nothing drops there is no loop to look at
    loop = [_holder(params, result), _calls(result)] if drops else []
    return figure(
        hero=[_meets(loop) if drops and not params.search else _walk(params, result), [veiled(_facts(result))]],
        more=[
            [_parts(result)] if drops or params.search else [],
            loop if params.search else [],
            [_tree(params, result)],
            [_rates(result), _sits(result)],
            [_names(result), _buffers(result)],
            _found(params, result),
        ],
    )


def _meets(loop: list[Panel]) -> list[Panel]:
    """What the loop meets, the loop, and the calls after it."""
    holder, calls = loop
    return [veiled(holder, cells=True), Operator("m.p = 0.0", "for each m that is an nn.Dropout"), veiled(calls)]


def _walk(params: Params, result: Result) -> list[Panel]:
    """What a walk over the parameters gives: those whose name holds the text, or else all by what they are for."""
    if params.search:
        walk, came = Operator(f"{params.search!r} in name", "of each parameter"), _places(result)
    else:
        walk, came = Operator("named_parameters()", "each once"), _parts(result)
    return [_model(params, result), walk, veiled(came)]


def _holder(params: Params, result: Result) -> Panel:
    """What the loop meets in one module: what it asks each module in it, and what it never meets."""
    asked = {"module": ("no", "muted"), "dropout": ("yes: p = 0", "yes"), "float": ("not a module", "warn")}
    held = [*result.held[:MOST_HELD], *result.held[MOST_HELD:][-1:]]
    rows = [[f"{what} ×{many}" if int(many) > 1 else what, asked[str(kind)]] for what, kind, many in held]
    note = ", ".join([name_of(params.config), params.dtype])
    return Table(f"in each {result.holder}", ["it holds", "nn.Dropout?"], rows, note=note, breaks=True)


def _calls(result: Result) -> Panel:
    """Each call that drops entries before the loop as a mark, by the class in whose forward it stands: what it does after the loop."""
    told = [(str(kind), int(many), int(stay)) for kind, many, stay in result.calls]
    if rest := told[MOST_KINDS:]:
        name = count(len(rest), "more class", "more classes")
        told = [*told[:MOST_KINDS], (name, sum(many for _, many, _ in rest), sum(stay for *_, stay in rest))]
    rows: list[list[Any]] = [[kind, _marks(stay, many - stay)] for kind, many, stay in told]
    said = keyed(left(result), "warn" if result.calls_after else "yes", "left")
    called = result.line[1].partition(" = ")[2] or result.line[1].removeprefix("return ")
    return Table(
        "F.dropout: ● drops, ○ does not", ["in the forward of", "calls after the loop"],
        [*rows, [f"of {result.calls_before} still {one_of(result.calls_before, 'drops', 'drop')}", said]], breaks=True,
        note=f"{result.holder}: {called}",
    )  # fmt: skip


def _marks(full: int, empty: int) -> str:
    """A mark for each call, in groups of six; of very many the first ones."""
    marks = "●" * full + "○" * empty
    groups = [marks[at : at + 6] for at in range(0, min(len(marks), MOST_MARKS), 6)]
    return " ".join([*groups, *[f"… {len(marks)}"] * (len(marks) > MOST_MARKS)])


def _places(result: Result) -> Panel:
    """Where the names stand that hold the text: one row for each beginning of a name, up to the part in which the text ends."""
    rows: list[list[Any]] = [[place, many] for place, many in result.found_in] or [["no name holds it", 0]]
    return Table("it is in", ["names that begin with", "parameters"], rows, wide=True, breaks=True)


def _model(params: Params, result: Result) -> Panel:
    rates = dict.fromkeys(str(what).rpartition(" = ")[2] for what, _ in result.rates)
    size = sum(result.by_dtype.values()) / 2**20
    rows: list[list[Any]] = [
        ["model", name_of(params.config)],
        [params.dtype, f"{size:,.1f} MiB"],
        ["mode", "train"],
        *([["dropout", ", ".join(rates)]] if rates else []),
        *([["search", params.search]] if params.search else []),
    ]
    return Table("What goes in", ["", "is"], rows, breaks=True)


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
