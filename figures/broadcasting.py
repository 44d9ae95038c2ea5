"""x, the operator and what it made, each number lit with its place in memory; below them that memory."""

from typing import Any

from explorable.words import count
from figures.cells import cells_of
from figures.panels import Cube, Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.broadcasting import Params, Result, compared, of_x

WRITES = {"nothing": "", "one number": "then out[0, ...] = 9", "all numbers": "then out += 1"}


def draw(params: Params, result: Result) -> Figure:
    top = limit(result.before, result.y, result.out)
    given = [_x(result, top), *([] if result.y is None else [_y(result.y, top)])]
    call = Operator(params.first + params.op[1:], WRITES[params.write])
    came = [] if result.out is None else [veiled(_out(result, top))]
    said = [veiled(Error("What PyTorch says", result.error))] if result.error else []
    memory = [] if result.memory is None else [veiled(_memory(result, top))]
    hero = [[*given, call, *(came or said)], memory or (said if came else []), [_facts(params, result)]]
    return figure(hero=hero, more=[[_strides(result)]] if result.out is not None else [])


def _x(result: Result, top: float) -> Panel:
    """Each number of x lights with its place in the memory of out, where this is the memory of x."""
    name = "place" if result.shared else "x"
    cells = cells_of(result.before, key=lambda _, i, j: f"{name}{3 * i + j}")
    return Grid("x, at first", cells, tensor=described("x", result.before), limit=top, digits=0, labels=False)


def _y(y: Any, top: float) -> Panel:
    cells = cells_of(y, key=lambda _, *index: "y" + "".join(map(str, index)))
    return Cube("y", cells, tensor=described("y", y), limit=top, axes=[*"ijk"[: y.dim()]], digits=0, solid=False)


def _out(result: Result, top: float) -> Panel:
    out, kept = result.out, result.kept
    assert out is not None and kept is not None
    cells = cells_of(
        out,
        kept,
        key=lambda value, before, *index: f"place{_place(result, index)}",
        note=lambda value, before, *index: _note(result, value, index),
        mark=lambda value, before, *index: "" if value == before else "differs",
    )
    return Cube(
        "out", cells, tensor=f"{described('out', out)}, strides {result.strides}", limit=top, axes=[*"ijk"[: out.dim()]],
        digits=0, solid=False,
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
    cells = cells_of([result.memory], key=lambda _, row, place: f"place{place}")
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
        if params.op == "a.view(3, 2)" and params.first == "x" and params.write == "nothing":
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
