"""What forward saves with these freezes and without; below, a dot for each parameter, the names, the optimizer and the buffers."""

from typing import Any

from explorable.words import percent
from figures.cells import Bar
from figures.panels import Bars, Dots, Error, Facts, Figure, Operator, Panel, Table, figure, veiled
from lessons.what_moves import Params, Result, left, moved, name_of, pattern_of, state, tied, written

MOST_ROWS = 80


def draw(params: Params, result: Result) -> Figure:
    return figure(
        hero=[
            [_model(params, result), Operator("search(pattern, name)", "for each name"), veiled(_saved(result))],
            [veiled(_facts(result))],
        ],
        more=[
            [_dots(result)],
            [_said(result)] if result.refusal else [],
            [_names(result)],
            [_sees(result), _bytes(result)],
            [_tied(result), _buffers(result)],
        ],
    )


def _model(params: Params, result: Result) -> Panel:
    rows: list[list[Any]] = [
        ["model", f"{name_of(params.config)}, {params.mode} mode"],
        ["learns", f"▲ {params.learns}"],
        ["pattern", pattern_of(params)],
        ["names", f"{result.walked_count}, {'each tensor once' if params.remove_duplicate else 'all of each tensor'}"],
        ["order", params.order],
        ["optimizer", f"{params.optimizer}, {params.given}"],
    ]
    return Table("What goes in", ["", "set to"], rows, breaks=True)


def _saved(result: Result) -> Panel:
    """What the last forward saves, below what it would save with nothing frozen, and thirds of that."""
    free, now = (size / 2**20 for size in (result.saved_free, result.saved))
    bars = [
        Bar("nothing frozen", free, f"{result.saved_free:,} bytes", "saved-free"),
        Bar("with this freeze", now, f"{result.saved:,} bytes", "saved-now"),
    ]
    thirds = [("⅓", free / 3), ("⅔", 2 * free / 3)]
    return Bars("saved by forward for backward", bars, unit="MiB", digits=1, references=thirds)


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
            ("moved", "moved by the step", _of(moved(result), result)),
            ("state", "optimizer state", state(result), held),
            ("saved", "saved for backward", left(result), saved),
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
        ("moves it", "yes") if moves else ("does not", "warn" if learns else "muted"),
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
    note = f"The pass wrote {result.buffers_written} of {result.buffers_count}; those first, at most 12."
    columns = ["buffer", "shape", "state_dict()", "written"]
    return Table("Buffers", columns, rows or [["no buffer", "", "", ""]], note=note)
