"""What goes in, the operator and what was made; below, how two shapes meet, or the memory in which each number lies."""

from dataclasses import replace
from typing import Any

from explorable.words import count
from figures.cells import Cell, cells_of
from figures.panels import (
    Cube,
    Error,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Table,
    described,
    figure,
    limit,
    veiled,
)
from lessons.broadcasting import SHAPES, SUMS, Params, Result, Y, compared, line, of_x

WRITES = {"nothing": "", "one number": "then out[0, ...] = 9", "all numbers": "then out += 1"}


MISSING = "none"  # the size of a dim that a shape does not have
PLAIN = 1e9  # a scale on which no number has a colour


def draw(params: Params, result: Result) -> Figure:
    top = 2 * limit(result.before, result.y, result.out)  # pale, so that the numbers are read
    given = [_x(params, result, top), *([] if result.y is None else [_y(params, result.y, top)])]
    call = Operator(line(params), WRITES[params.write])
    came = [] if result.out is None else [veiled(_out(params, result, top))]
    if _is_view_for_transpose(params):
        came.append(veiled(_turned(result, top)))
    said = [veiled(Error("What PyTorch says", result.error, key="@outcome"))] if result.error else []
    memory = [] if result.memory is None else [_memory(result, top)]
    strides = [_strides(result)] if result.out is not None else []
    if params.op in SUMS:
        made = [veiled(_sizes(params, result)), call, *(came or said)]
        hero = [given, made, [_facts(params, result)], said if came else []]
        return figure(hero=hero, more=[_stretched(result, top), memory, strides])
    below = [veiled(panel) for panel in memory] or (said if came else [])
    return figure(hero=[[*given, call, *(came or said)], below, [_facts(params, result)]], more=[strides])


def _x(params: Params, result: Result, top: float) -> Panel:
    """Each number of x lights with its place in the memory of out, where this is the memory of x."""
    name = "place" if result.shared else "x"
    cells = cells_of(result.before, key=lambda _, i, j: f"{name}{3 * i + j}")
    title = "x" if result.before.equal(result.x) else "x before the write"
    top = PLAIN if params.op in SUMS else top  # where colour tells which number of y is added
    tensor = described("x", result.before)
    if params.op not in SUMS or params.first != "x":
        return Grid(title, cells, tensor=tensor, limit=top, digits=0, labels=False)
    dims = _from_the_right(params, 2)
    axes = ["ijk"[dim] for dim in dims]
    return Cube(title, cells, tensor=tensor, limit=top, axes=axes, dims=dims, digits=0, solid=False)


def _from_the_right(params: Params, length: int) -> list[int]:
    """The dims of the sum that the dims of an operand stand for."""
    longest = max(len(SHAPES[params.first]), len(Y[params.y_shape]))
    return [*range(longest - length, longest)]


def _y(params: Params, y: Any, top: float) -> Panel:
    """Each number of y has a colour of its own, which it keeps where it is read again."""
    return replace(_coloured("y", y, y, _from_the_right(params, y.dim()), top), wide=True)


def _stretched(result: Result, top: float) -> list[Panel]:
    if result.stretched is None:
        return []
    return [_coloured("y, repeated", result.stretched, result.y, [*range(result.stretched.dim())], top)]


def _coloured(title: str, values: Any, y: Any, dims: list[int], top: float) -> Panel:
    known = _known(y)
    cells = cells_of(
        values, key=lambda value, *_: f"y{known.index(value)}", group=lambda value, *_: known.index(value), mark="card"
    )
    axes = ["ijk"[dim] for dim in dims]
    return Cube(title, cells, tensor=described("y", values), limit=top, axes=axes, dims=dims, digits=0, solid=False)


def _known(y: Any) -> list[float]:
    """The numbers of y; the place here of one is its colour."""
    numbers: list[float] = y.flatten().tolist()
    return numbers


def _sizes(params: Params, result: Result) -> Panel:
    """The sizes of both shapes, matched from the right, and those in which they meet."""
    shapes = {"x" if params.first == "x" else "left": SHAPES[params.first], "y": Y[params.y_shape]}
    length = max(map(len, shapes.values()))
    padded = {
        name: [MISSING for _ in range(length - len(shape))] + [str(size) for size in shape]
        for name, shape in shapes.items()
    }
    met: list[Cell] = []
    for one, other in zip(*padded.values(), strict=True):
        sizes = {int(size) for size in (one, other) if size != MISSING} - {1}
        differ = len(sizes) > 1
        told = f"{one} ≠ {other}" if differ else str(max(sizes, default=1))
        said = f"{one} meets {other}".replace(MISSING, "nothing")
        met.append(Cell(told, said, ["@shape", *["@outcome"] * differ], mark="big error" if differ else "big"))
    name = "out" if result.out is not None else "sum"
    given = [[Cell(size, key="", mark="" if size == MISSING else "big") for size in sizes] for sizes in padded.values()]
    return Grid(
        "how the sizes meet", [*given, met], tensor="from the right: a 1 and a missing dim are repeated", limit=1e9,
        row_labels=[*padded, name], col_labels=[f"dim {dim}" for dim in range(length)], label_width=34, row_dim=None, col_dim=None,
    )  # fmt: skip


def _is_view_for_transpose(params: Params) -> bool:
    return params.op == ".view(3, 2)" and params.first == "x" and params.write == "nothing"


def _turned(result: Result, top: float) -> Panel:
    turned = result.turned
    assert turned is not None
    cells = cells_of(turned, key=lambda value, *_: f"place{value:.0f}")
    return Grid(
        "x.permute(1, 0)", cells, tensor=described("x.permute(1, 0)", turned), limit=top, digits=0, labels=False
    )


def _out(params: Params, result: Result, top: float) -> Panel:
    out, kept = result.out, result.kept
    assert out is not None and kept is not None

    known = [] if result.y is None else _known(result.y)  # a sum has the colour of the number of y that is added

    def key(value: float, before: float, added: float, *index: int) -> list[str]:
        other = result.turned is not None and result.turned.shape == out.shape and value != result.turned[index].item()
        changed = value != before
        return [f"place{_place(result, index)}", *["@of_out"] * changed, *["@compared"] * other]

    cells = cells_of(
        out,
        kept,
        kept if result.stretched is None else result.stretched,
        key=key,
        note=lambda value, before, added, *index: _note(result, value, index),
        mark=lambda value, before, *_: f"{'card' if known else ''} {'' if value == before else 'differs'}".strip(),
        group=lambda value, before, added, *index: known.index(added) if known else None,
    )
    strides = "" if params.op in SUMS else f", strides {result.strides}"
    return Cube(
        "out", cells, tensor=described("out", out) + strides, limit=top, axes=[*"ijk"[: out.dim()]], digits=0, solid=False,
        wide=params.op in SUMS, badge="in the colour of its y" * bool(known),
    )  # fmt: skip


def _place(result: Result, index: tuple[int, ...]) -> int:
    """Where the number lies in memory."""
    assert result.strides is not None and result.offset is not None
    return result.offset + sum(i * step for i, step in zip(index, result.strides, strict=True))


def _note(result: Result, value: float, index: tuple[int, ...]) -> str:
    assert result.strides is not None
    steps = " + ".join(f"{i}·{step}" for i, step in zip(index, result.strides, strict=True)) or "0"
    start = f"{result.offset} + " if result.offset else ""
    at = f"out[{', '.join(map(str, index))}]" if index else "out"
    return f"{at} lies at {start}{steps} = {_place(result, index)} and holds {value:g}"


def _memory(result: Result, top: float) -> Panel:
    assert result.memory is not None
    first = result.offset or 0
    cells = cells_of(
        [result.memory], key=lambda _, row, place: [f"place{place}", *["@of_x", "@shared"] * (place == first)]
    )
    name = "of x and of out" if result.shared else "of out alone"
    text = f"{described('memory', result.memory)}, in storage order"
    return Grid(
        "memory", cells, badge=name, tensor=text, limit=top, digits=0, row_dim=None, col_dim=None, labels=False,
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    items = [("outcome", "the line ends with", f"a {result.error.partition(':')[0]}" if result.error else "no error")]
    if result.out is not None and result.turned is not None:
        shape = ("shape", "shape of out", str(tuple(result.out.shape)))
        items = [
            shape,
            ("shared", "out lies in", "the memory of x" if result.shared else "a memory of its own"),
            *items,
        ]
        if _is_view_for_transpose(params):
            items.insert(1, ("compared", "out, compared with x.permute(1, 0)", compared(result.out, result.turned)))
    if result.x_changed is not None:
        items.insert(2, ("of_x", "the write changes in x", of_x(result)))
        if params.write != "nothing":
            items.insert(3, ("of_out", "the write changes in out", count(result.out_changed or 0, "number")))
    return veiled(Facts(items))


def _strides(result: Result) -> Panel:
    assert result.out is not None and result.strides is not None
    rows = [
        [
            f"dim {dim}",
            str(size),
            str(step),
            "the same numbers again" if step == 0 and size > 1 else f"{count(step, 'place')} on",
        ]
        for dim, (size, step) in enumerate(zip(result.out.shape, result.strides, strict=True))
    ]
    return Table("strides of out", ["dim", "size", "stride", "the next index reads"], rows, wide=True)
