"""Which names the pattern leaves to learn, and what the freeze saves; below, all names, the optimizer and the buffers."""

from dataclasses import replace
from itertools import groupby
from math import inf
from re import search
from typing import Any

from explorable.words import count, percent
from figures.cells import Bar, Node, Part
from figures.panels import Bars, Dots, Error, Facts, Figure, Operator, Panel, Table, Tree, figure, keyed, veiled
from lessons.what_moves import (
    LINES,
    STEPPED,
    THAWED,
    Params,
    Result,
    left,
    moved,
    name_of,
    pattern_of,
    share_of,
    state,
    tied,
    written,
)

MOST_ROWS = 80
MOST_NODES = 12  # lines of the hero
KINDS = {
    "norms": r"(?i)norm|\bln_",
    "biases": r"(?i)bias$",
    "embeddings": r"(?i)emb|shared|\bw[tp]e\b",
}  # the first that fits


def draw(params: Params, result: Result) -> Figure:
    twice = bool(result.tied) and not params.remove_duplicate  # then it is asked what becomes of the tied weight
    tree = _frozen(params, result)
    kinds = None if twice else _kinds(params, result)
    saved, other = _saved(params, result), _optimizer_decides(params, result)
    statistics = any("running" in name for name, *_ in result.written)  # of a BatchNorm: no other buffer is written
    forward, step = Operator("model(**batch)", "forward"), Operator("optim.step()", "the last one")
    out = replace(veiled(other or saved), wide=bool(kinds))  # below the words, or beside the tree
    return figure(
        hero=[
            [kinds] if kinds else [],
            [*([] if kinds else [veiled(tree) if twice else tree]), step if other else forward, out],
            [_said(result)] if result.refusal else [veiled(_buffers_written(result))] if statistics else [],
            [veiled(_facts(result))],
        ],
        more=[
            [saved] if other else [],
            [tree] if kinds else [],
            [_model(params, result), _dots(result)],
            [_names(result)],
            [_sees(result), _bytes(result)],
            [_tied(result), _buffers(result)],
        ],
    )


def _optimizer_decides(params: Params, result: Result) -> Panel | None:
    """What there is to see where the optimizer is made at another time, or is not given everything."""
    if params.order == STEPPED:
        return _state(params, result)
    usual = Params()
    return _optimizer(result) if (params.order, params.given) != (usual.order, usual.given) else None


def _kinds(params: Params, result: Result) -> Panel | None:
    """What learns in words, and in which blocks; None where a kind of parameters learns in one place and is frozen in another."""
    seen: dict[str, list[Any]] = {kind: [] for kind in (*KINDS, "weights")}
    for row in result.rows:
        seen[next((kind for kind, found in KINDS.items() if search(found, row[0])), "weights")].append(row)
    if any(len({learns for _, _, learns, *_ in rows}) > 1 for rows in seen.values()):
        return None
    learn, frozen = (("▲\N{NO-BREAK SPACE}learn", "yes"), ("❄\N{NO-BREAK SPACE}frozen", "no"))
    learning = [kind for kind, rows in seen.items() if rows and rows[0][2]]
    lowest = min(learning, key=lambda kind: _lowest(kind, seen[kind]), default="")  # the gradient goes down to it
    rows: list[list[Any]] = [
        [
            kind if kind in KINDS else "other weights",
            learn if rows[0][2] else frozen,
            keyed(_where(rows), "", "@saved") if kind == lowest else _where(rows),
        ]
        for kind, rows in seen.items()
        if rows
    ]
    return Table(
        f"{name_of(params.config)}: what learns", ["parameters", "in the step", "where"], rows, breaks=True, wide=True
    )


def _blocks(rows: list[Any]) -> list[int]:
    """The numbers of the blocks that hold these parameters."""
    return [int(block) for *_, numbers in rows for block in numbers if block]


def _lowest(kind: str, rows: list[Any]) -> float:
    """The first block that holds these parameters; embeddings lie before it, and what else is outside behind the last."""
    return -1 if kind == "embeddings" else min(_blocks(rows), default=inf)


def _where(rows: list[Any]) -> str:
    """The blocks that hold these parameters, in a few words."""
    blocks = _blocks(rows)
    outside = any(not block for *_, numbers in rows for block in numbers)
    if not blocks:
        return "outside the blocks"
    first, last = min(blocks), max(blocks)
    inside = f"block {first}" if first == last else f"blocks {first} to {last}"
    return f"{inside}, and outside" if outside else inside


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
            ("saved", "share still saved for backward()", left(result), saved),
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
