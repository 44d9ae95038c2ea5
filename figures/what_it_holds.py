"""The dropout calls that a loop over modules stops, and what else a walk would miss; below, parts by size and the tree."""

from itertools import takewhile
from textwrap import dedent
from typing import Any

from explorable.words import count, one_of
from figures.cells import Bar, Node
from figures.panels import Bars, Facts, Figure, Operator, Panel, Table, Tree, figure, keyed, veiled
from lessons.what_it_holds import LESSON, Params, Result, kept, left, most_names, name_of

MOST_NODES = 160


def draw(params: Params, result: Result) -> Figure:
    loop = _loop(params), Operator("model(**batch)", "in train mode"), veiled(_calls(result))
    walk = _model(params, result), Operator("named_parameters()", "each once"), veiled(_parts(result))
    drops = result.calls_before > 0  # where nothing drops there is no loop to look at
    return figure(
        hero=[
            [*(loop if drops else walk)],
            [_line(result)] if drops else [],
            [veiled(_why(result))] if drops else [],
            [veiled(_facts(result))],
        ],
        more=[
            [_parts(result)] if drops else [_calls(result)],
            [_tree(params, result)],
            [_rates(result), _sits(result)],
            [_names(result), _buffers(result)],
            _found(params, result),
        ],
    )


def _loop(params: Params) -> Panel:
    """The loop, out of the program's point."""
    point = next(cell for cell in LESSON.program.cells(params) if cell.kind == "point")
    at = next(at for at, line in enumerate(point.lines) if line.lstrip().startswith("for m in "))
    outer = point.lines[at].removesuffix(point.lines[at].lstrip())
    inside = takewhile(lambda line: line.startswith(f"{outer} "), point.lines[at + 1 :])
    lines = dedent("\n".join([point.lines[at], *inside])).split("\n")
    rows = [[line.replace("    ", "\N{NO-BREAK SPACE}" * 2)] for line in lines]
    of = ", ".join([name_of(params.config), params.dtype])
    return Table(
        "the loop", [f"over {of}"], rows, note=f"search: {params.search}" if params.search else "", breaks=True
    )


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


def _calls(result: Result) -> Panel:
    """The calls that drop entries before the loop, and those that it finds and does not find."""
    before, after = result.calls_before, result.calls_after
    shown = [
        Bar("before the loop", before, f"{before} calls of F.dropout drop values in one forward in train mode"),
        Bar(
            "after the loop",
            after,
            f"{count(after, 'call')} of F.dropout {one_of(after, 'drops', 'drop')} values after the loop, which stops {before - after}",
            key=["calls-left", "@left"],
        ),
    ]
    return Bars("Calls that drop, in one forward", shown, digits=0, limit=max(before, 1))


def _why(result: Result) -> Panel:
    """Where the rates stand, how many calls drop by them, and which of them the loop finds."""
    modules, floats = result.modules_before, sum(int(times) for _, times in result.rates)
    stopped, stay = result.calls_before - result.calls_after, result.calls_after
    classes = [*dict.fromkeys(str(what).partition(".")[0] for what, _ in result.rates)]
    named = f"{floats}: {classes[0]}{', …' * (len(classes) > 1)}" if classes else "none"
    nothing = ("nothing to find", "muted")
    rows: list[list[Any]] = [
        [
            "p of an nn.Dropout",
            f"{modules or 'none'}",
            f"{stopped or 'none'}",
            ("yes: p = 0", "yes") if modules else keyed(*nothing, "@left"),
        ],
        [
            "a module's own float",
            named,
            f"{stay or 'none'}",
            keyed("no: it stays", "no", "@left") if floats else nothing,
        ],
    ]
    columns = ["the rate is", "modules that hold one", "calls", "found by the loop?"]
    return Table("where the dropout rates stand", columns, rows, wide=True, breaks=True)


def _line(result: Result) -> Panel:
    """The line of the library that makes most of the calls that drop."""
    file, text = result.line
    return Table(f"a call that drops, in {file}", [""], [[text]], wide=True, breaks=True)


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
            ("left", _asked(result), left(result)),
            ("names", "most names of one weight", f"{names} {'name' if names == 1 else 'names'}"),
            ("saved", "buffers in state_dict()", kept(result)),
            ("part", "most numbers are in", f"the {most}"),
        ]
    )


def _asked(result: Result) -> str:
    calls = result.calls_before
    return f"of {calls} dropout {one_of(calls, 'call', 'calls')} still {one_of(calls, 'drops', 'drop')} after the loop"


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
