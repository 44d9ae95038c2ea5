"""What learns in each block, how far down the gradient comes and what it leaves saved; below, all names, the optimizer, the buffers."""

from collections.abc import Sequence
from itertools import groupby
from math import ceil
from re import search
from typing import Any, NamedTuple

from explorable.words import count, one_of, percent
from figures.cells import Bar, Cell, Node, Part
from figures.panels import Bars, Dots, Error, Facts, Figure, Grid, Operator, Panel, Table, Tree, figure, veiled
from lessons.what_moves import (
    LINES,
    STEPPED,
    THAWED,
    Params,
    Result,
    left,
    moved,
    name_of,
    passed,
    pattern_of,
    share_of,
    state,
    tied,
    written,
)

MOST_ROWS = 80
MOST_NODES = 12  # lines of the tree
MOST_COLUMNS = 12  # of blocks
FAR = 1e9  # a colour limit that leaves numbers on paper
LABELS = 142  # pixels in front of a row
KINDS = {
    "norms": r"(?i)norm|\bln_",
    "biases": r"(?i)bias$",
}  # the first that fits; the others are weights


def draw(params: Params, result: Result) -> Figure:
    twice = bool(result.tied) and not params.remove_duplicate  # then it is asked what becomes of the tied weight
    tree, saved, other = _frozen(params, result), _saved(params, result), _optimizer_decides(params, result)
    statistics = any("running" in name for name, *_ in result.written)  # of a BatchNorm: no other buffer is written
    way = veiled(_way(params, result, saved=not other), cells=True)
    forward, step = Operator("model(**batch)", "forward"), Operator("optim.step()", "the last one")
    return figure(
        hero=[
            [] if twice else [way],
            [veiled(tree), step if other else forward, veiled(other or saved)] if twice else [step, veiled(other)] if other else [],
            [_said(result)] if result.refusal else [veiled(_buffers_written(result))] if statistics else [],
            [veiled(_facts(result))],
        ],
        more=[
            [] if twice and not other else [saved],
            [_way(params, result, saved=True)] if twice or other else [],
            [] if twice else [tree],
            [_model(params, result), _dots(result)],
            [_names(result)],
            [_sees(result), _bytes(result)],
            [_tied(result), _buffers(result)],
        ],
    )  # fmt: skip


class Column(NamedTuple):
    """Neighbouring blocks, or what lies before, between and behind the lists of blocks."""

    name: str
    blocks: str  # the list that they are in, "" outside of blocks
    parts: list[str]


def _columns(result: Result) -> list[Column]:
    """From the input to the loss, as forward goes."""
    names = [part for part, *_ in result.parts]
    each = _each(result)
    columns = []
    for blocks, inside in groupby(names, key=_list_of):
        parts = list(inside)
        if blocks:
            some = (parts[at : at + each] for at in range(0, len(parts), each))
            columns += [Column(first.rpartition(".")[2], blocks, [first, *others]) for first, *others in some]
        else:
            behind, before = parts[-1] == names[-1], parts[0] == ""
            name = "model" if behind and before else "head" if behind else "input" if before else "between"
            columns.append(Column(name, "", parts))
    return columns


def _each(result: Result) -> int:
    """How many blocks a column stands for: where it can be, the same number in every column."""
    blocks = sum(bool(_list_of(part)) for part, *_ in result.parts)
    least = ceil(blocks / MOST_COLUMNS) or 1
    return next((each for each in range(least, 2 * least) if blocks % each == 0), least)


def _list_of(part: str) -> str:
    blocks, _, at = part.rpartition(".")
    return blocks if at.isdigit() and not part.startswith("after ") else ""


def _way(params: Params, result: Result, *, saved: bool) -> Panel:
    """What learns in each block, how far down the gradient comes, and what each still saves."""
    columns, every = _columns(result), [part for part, *_ in result.parts]
    named = [*columns, Column("all", "", every)] if len(columns) > 1 else columns
    learns = _learning(columns, result)
    rows = {
        label: [_badge(*counted, _elsewhere(label, column, result)) for column, counted in zip(columns, counts, strict=True)]
        for label, counts in learns.items()
    }  # fmt: skip
    lowest = next((column for column in columns if _reached(column, result)), None)
    rows["gradient"] = [_gradient(column, result, column is lowest) for column in columns]
    if len(named) > len(columns):
        rows = {label: [*cells, Cell(None, key="")] for label, cells in rows.items()}
    scale, unit = (2**20, "MiB") if max(free for _, free, *_ in result.parts) >= 2**20 else (2**10, "KiB")
    now = "thawed" if params.order == THAWED else "this freeze"
    bars = f"; a bar is {now} ÷ unfrozen" if saved and passed(result) else ""
    if saved:
        sizes = [_sizes(column, result) for column in named]
        rows[f"{unit} saved, unfrozen"] = [Cell(_short(free, scale), f"{free:,} bytes") for free, _ in sizes]
        still = [_still(column, *size, scale, named[-1]) for column, size in zip(named, sizes, strict=True)]
        rows[f"{unit} saved, {now}"] = still if passed(result) else []
    blocks = "blocks" if _each(result) == 1 else f"{_each(result)} blocks a column, from number"
    groups = [
        (name, len(list(inside))) for name, inside in groupby(column.blocks or f" {column.name}" for column in named)
    ]
    return Grid(
        f"{name_of(params.config)}, from its input to its loss", [row for row in rows.values() if row],
        row_labels=[label for label, row in rows.items() if row], limit=FAR, label_width=LABELS,
        col_labels=[column.name for column in named],
        col_groups=[("" if name.startswith(" ") else f"{name}: {blocks}", many) for name, many in groups],
        tensor=f"▲ learns, ❄ is frozen, ◀ the gradient comes here from the loss{bars}", row_dim=None, col_dim=None, wide=True,
    )  # fmt: skip


def _learning(columns: list[Column], result: Result) -> dict[str, list[tuple[int, int]]]:
    """Kinds of parameters -> in each column how many learn, of how many; kinds that do alike are one row."""
    home = {part: at for at, column in enumerate(columns) for part in column.parts}
    kinds = {kind: [[0, 0] for _ in columns] for kind in (*KINDS, "weights")}
    for name, _, learns, _, _, _, numbers in result.rows:
        kind = _kind(name)
        for number in numbers:
            column = kinds[kind][home[_part_of(name.replace("*", number), result)]]
            column[0] += learns
            column[1] += 1
    merged: dict[str, list[tuple[int, int]]] = {}
    for kind, counts in kinds.items():
        alike = next((label for label, others in merged.items() if all(map(_alike, counts, others))), "")
        if not any(many for _, many in counts):
            continue
        before = merged.pop(alike, [(0, 0)] * len(columns))
        merged[f"{alike}, {kind}" if alike else kind] = [
            (a + c, b + d) for (a, b), (c, d) in zip(before, counts, strict=True)
        ]
    return {"parameters": [*merged.values()][0]} if len(merged) == 1 else merged


def _kind(name: str) -> str:
    return next((kind for kind, found in KINDS.items() if search(found, name)), "weights")


def _elsewhere(label: str, column: Column, result: Result) -> tuple[str, str]:
    """Badge and name of a parameter of an earlier column that this one uses too, under another name; empty where there is none."""
    for names, learns in result.tied:
        first = str(names).partition(", ")[0]
        here = label == "parameters" or _kind(first) in label.split(", ")
        if here and set(result.again[first]) & set(column.parts):
            return "▲" if learns else "❄", first
    return "", ""


def _alike(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether both learn or both are frozen, or one of them is not there."""
    return not one[1] or not other[1] or bool(one[0]) == bool(other[0])


def _part_of(name: str, result: Result) -> str:
    """The block that a parameter is in, or the part that uses it."""
    if name in result.outside:
        return result.outside[name]
    return next(part for part, *_ in result.parts if part and name.startswith(f"{part}."))


def _badge(learning: int, many: int, elsewhere: tuple[str, str]) -> Cell:
    if not many:
        badge, name = elsewhere
        return Cell(
            badge,
            f"the same tensor as {name}" if badge else "there is none",
            sub="tied" if badge else "",
            mark="given big",
        )
    some = "some" if 0 < learning < many else ""
    return Cell(
        "▲" if learning else "❄",
        f"{learning} of {count(many, 'parameter')} {one_of(learning, 'learns', 'learn')}",
        sub=some,
        mark="given big",
    )


def _reached(column: Column, result: Result) -> bool:
    return any(reached for part, _, _, reached in result.parts if part in column.parts)


def _gradient(column: Column, result: Result, lowest: bool) -> Cell:
    """Whether the gradient comes here; where it ends decides what is saved."""
    if _reached(column, result):
        return Cell("◀", "the gradient comes here", ["way", *["@saved"] * lowest], mark="way")
    return Cell("–", "no gradient comes here", "no-way")


def _sizes(column: Column, result: Result) -> tuple[int, int]:
    """The bytes that forward saves in it with nothing frozen, and now."""
    inside = [(free, now) for part, free, now, _ in result.parts if part in column.parts]
    return sum(free for free, _ in inside), sum(now for _, now in inside)


def _still(column: Column, free: int, now: int, scale: int, asked: Column) -> Cell:
    """What is still saved in it; a full bar is what it saves with nothing frozen. What is asked for is that of the column `asked`."""
    note = f"{column.name}: {now:,} of {free:,} bytes"
    bar = (0.0, round(now / free, 4), "part") if free else None
    keys = [f"part-{column.name}", *["@saved"] * (column is asked)]
    return Cell(_short(now, scale), note, keys, mark="tall thirds", bar=bar)


def _short(size: int, scale: int) -> str:
    """Bytes in at most four letters."""
    return f"{size / scale:.{1 if size < 99.95 * scale else 0}f}"


def _optimizer_decides(params: Params, result: Result) -> Panel | None:
    """What there is to see where the optimizer is made at another time, or is not given everything."""
    if params.order == STEPPED:
        return _state(params, result)
    usual = Params()
    return _optimizer(result) if (params.order, params.given) != (usual.order, usual.given) else None


def _frozen(params: Params, result: Result) -> Panel:
    """A line for each module, equal blocks once, with its parameters as chips: ▲ learns, ❄ is frozen."""
    firsts = {name.partition(".")[0] for name, *_ in result.rows}
    root = firsts.pop() if len(firsts) == 1 else ""
    also = {first: others for first, *others in (str(names).split(", ") for names, _ in result.tied)}
    modules: dict[tuple[str, str], list[Part]] = {}  # block and module -> its parameters
    for name, shape, learns, _, _, _, blocks in result.rows:
        path, _, own = name.removeprefix(f"{root}.").rpartition(".")
        above, star, below = path.partition(".*")
        block, module = (f"{above}.*{_which(blocks)}", below.removeprefix(".") or "itself") if star else ("", path)
        facts = "".join(f"= {other}" for other in also.get(name, [])[:1])
        part = Part(
            own, "▲" if learns else "❄", facts, f"name-{name}{' @tied' if name in also else ''}",
            f"{name} {tuple(shape)}: {'learns' if learns else 'is frozen'}", "walked" if learns else "",
        )  # fmt: skip
        modules.setdefault((block, module), []).append(part)
    nodes = [Node(0, root, key="root")] if root else []
    for block, inside in groupby(modules.items(), key=lambda item: item[0][0]):
        nodes += _lines(block, [(module, parts) for (_, module), parts in inside], int(bool(root)))
    more = len(nodes) - MOST_NODES
    note = f"{count(more, 'more line')}; all names below. " if more > 0 else ""
    return Tree(
        f"{name_of(params.config)}: ▲ learns, ❄ frozen", nodes[:MOST_NODES], note=f"{note}pattern {pattern_of(params)}"
    )


def _which(blocks: list[str]) -> str:
    """Of which blocks the modules are that one line stands for."""
    if len(blocks) < 2:
        return f" ({blocks[0]})" if blocks[0] else ""
    run = [str(number) for number in range(int(blocks[0]), int(blocks[0]) + len(blocks))]
    return (
        f" × {len(blocks)} ({blocks[0]} … {blocks[-1]})"
        if blocks == run
        else f" × {len(blocks)} ({', '.join(blocks[:2])} …)"
    )


def _lines(block: str, modules: list[tuple[str, list[Part]]], depth: int) -> list[Node]:
    """A block with its modules below it, or in one line where all of it is alike; modules outside of blocks as they are."""
    key = f"{block}-".replace(" ", "_")
    badges = [part.badge for _, parts in modules for part in parts]
    if block and len(set(badges)) == 1 < len(badges):
        mark = "walked" if badges[0] == "▲" else ""
        every = Part(
            f"all {len(badges)}", badges[0], "", f"all-{key}", f"all {len(badges)} parameters of the block", mark
        )
        return [Node(depth, block, parts=[every], key=f"block-{key}")]
    lines = [Node(depth + bool(block), name, parts=parts, key=f"module-{key}{name}") for name, parts in modules]
    return [Node(depth, block, key=f"block-{key}"), *lines] if block else lines


def _buffers_written(result: Result) -> Panel:
    bars = [
        Bar("the model has", result.buffers_count, key="buffers-there"),
        Bar("the pass wrote", result.buffers_written, key=["buffers-written", "@buffers"]),
    ]
    return Bars("buffers", bars, digits=0, limit=result.buffers_count)


def _optimizer(result: Result) -> Panel:
    """How many of the parameters reach the last step."""
    ringed = {"it holds": ["@moved"], "the last step updated": ["@moved"]}
    names = {"it holds": "the optimizer holds"}
    bars = [
        Bar(names.get(what, what), many, key=[f"sees-{what.replace(' ', '-')}", *ringed.get(what, [])])
        for what, many in result.sees.items()
    ]
    return Bars(f"of {count(result.count, 'parameter')}", bars, digits=0, limit=result.count)


def _state(params: Params, result: Result) -> Panel:
    sizes = {"learns": result.state_bytes - result.state_frozen, "frozen": result.state_frozen}
    bars = [
        Bar("▲ of what learns", sizes["learns"] / 2**20, f"{sizes['learns']:,} bytes", "state-learns"),
        Bar("❄ of what is frozen", sizes["frozen"] / 2**20, f"{sizes['frozen']:,} bytes", ["state-frozen", "@state"]),
    ]
    return Bars(f"{params.optimizer.partition(',')[0]}'s state after it", bars, unit="MiB", digits=1)


def _model(params: Params, result: Result) -> Panel:
    rows: list[list[Any]] = [
        ["model", f"{name_of(params.config)}, {params.mode} mode"],
        ["learns", f"▲ {params.learns}"],
        ["pattern", pattern_of(params)],
        ["names", f"{result.walked_count}, {'each tensor once' if params.remove_duplicate else 'all of each tensor'}"],
        ["order", LINES[params.order]],
        ["optimizer", f"{params.optimizer}, {params.given}"],
    ]
    return Table("what goes in", ["", "set to"], rows, breaks=True)


def _saved(params: Params, result: Result) -> Panel:
    """What the last forward saves, below what it would save with nothing frozen, and thirds of that."""
    this = "after the thaw" if params.order == THAWED else "with this freeze"
    free = 100.0 * bool(result.saved_free)
    bars = [
        Bar("nothing frozen", free, f"{result.saved_free:,} bytes", "saved-free"),
        Bar(this, 100 * share_of(result), f"{result.saved:,} bytes", ["saved-now", "@saved"]),
    ]
    thirds = [("1/3", 100 / 3), ("2/3", 200 / 3)]
    return Bars(
        "saved for backward()",
        bars,
        unit="%",
        digits=_digits(100 * share_of(result)),
        limit=100,
        references=thirds,
        named=True,
    )


def _digits(share: float) -> int:
    """Enough that a percentage is only printed as 0 or 100 where it is."""
    return 2 if round(share) in (0, 100) and share != round(share) else 0


def _dots(result: Result) -> Panel:
    return Dots(
        "A dot for each parameter",
        result.flags,
        off="❄ frozen",
        on="▲ learns",
        badge=_of(result.learning_count, result),
    )


def _of(part: int, result: Result) -> str:
    return f"{part} of {result.count}"


def _facts(result: Result) -> Panel:
    share = percent(result.learning_numel / max(result.numel, 1))
    saved = f"{result.saved:,} of {result.saved_free:,} bytes"
    held = f"{result.state_bytes:,} bytes, {result.state_frozen:,} of them for what is frozen"
    buffers = f"{result.buffers_written} of {result.buffers_count}"
    return Facts(
        [
            ("count", "tensors that learn", _of(result.learning_count, result)),
            ("share", "of all numbers", share),
            ("tied", "the tied weight", tied(result)),
            ("moved", "updated by the step", _of(moved(result), result)),
            ("state", "optimizer state", state(result), held),
            ("saved", "share of its activations still saved", left(result), saved),
            ("buffers", "buffers written", written(result), buffers),
        ]
    )


def _said(result: Result) -> Panel:
    where = "optim = ..." if "empty" in result.refusal else "loss.backward()"
    return Error("What torch says", result.refusal, where=where)


def _names(result: Result) -> Panel:
    rows = [_row(*row) for row in result.rows[:MOST_ROWS]]
    more = len(result.rows) - MOST_ROWS
    note = "Parameters that are alike are one row; * stands for the numbers in it."
    note += f" {more} more rows follow." if more > 0 else ""
    columns = ["parameter", "shape", "", "in the optimizer", "the step", "bytes of state"]
    return Table("Names: found and not found", columns, rows, wide=True, note=note)


def _row(name: str, shape: list[int], learns: bool, held: bool, moves: bool, size: int, blocks: list[str]) -> list[Any]:
    many = f" × {len(blocks)}" if len(blocks) > 1 else ""
    which = f" ({', '.join(blocks) if len(blocks) < 9 else f'{blocks[0]} … {blocks[-1]}'})" if many else ""
    return [
        f"{name}{many}{which}",
        str(tuple(shape)),
        ("▲ learns", "yes") if learns else ("❄ frozen", "no"),
        ("held", "yes") if held else ("not held", "muted"),
        ("updates it", "yes") if moves else ("does not", "warn" if learns else "muted"),
        f"{size:,}",
    ]


def _sees(result: Result) -> Panel:
    rows = [[what, f"{many:,}"] for what, many in result.sees.items()]
    return Table("What the optimizer sees", ["of the parameters", "how many"], rows, note=f"There are {result.count}.")


def _bytes(result: Result) -> Panel:
    rows = [
        ["saved by forward", f"{result.saved:,}"],
        ["with nothing frozen", f"{result.saved_free:,}"],
        ["optimizer state", f"{result.state_bytes:,}"],
        ["of it for what is frozen", f"{result.state_frozen:,}"],
    ]
    note = f"In bfloat16, of a batch of {tuple(result.shape)}; parameters and buffers are not counted."
    return Table("Bytes", ["", "bytes"], rows, note=note)


def _tied(result: Result) -> Panel:
    rows: list[list[Any]] = [
        [names, ("▲ learns", "yes") if on else ("❄ frozen", "no")] for names, on in result.tied[:8]
    ]
    return Table(
        "One parameter under several names", ["names", ""], rows or [["no parameter has two names", ""]], breaks=True
    )


def _buffers(result: Result) -> Panel:
    rows: list[list[Any]] = [
        [f"▤ {name}", str(tuple(shape)), ("saved", "yes") if kept else ("not saved", "no"), ("yes", "warn") if wrote else ("no", "muted")]
        for name, shape, kept, wrote in result.written
    ]  # fmt: skip
    note = f"The last pass wrote {result.buffers_written} of {result.buffers_count}; those first, at most 12."
    columns = ["buffer", "shape", "state_dict()", "written"]
    return Table("Buffers", columns, rows or [["no buffer", "", "", ""]], note=note)
