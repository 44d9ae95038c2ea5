"""x, the operator and what it made, each number lit with its place in memory; below them that memory."""

from collections.abc import Callable, Sequence
from typing import Any

from explorable.words import count
from figures.panels import Figure, Panel, cube, described, error, facts, figure, grid, limit, operator, table, veiled
from lessons.broadcasting import Params, Result, compared, of_x

WRITES = {"nothing": "", "one number": "then out[0, ...] = 9", "all numbers": "then out += 1"}


def draw(params: Params, result: Result) -> Figure:
    top = limit(result.before, result.y, result.out)
    given = [_x(result, top), *([] if result.y is None else [_y(result.y, top)])]
    call = operator(params.first + params.op[1:], WRITES[params.write])
    came = [] if result.out is None else [veiled(_out(result, top))]
    said = [veiled(error("What PyTorch says", result.error))] if result.error else []
    memory = [] if result.memory is None else [veiled(_memory(result, top))]
    hero = [[*given, call, *(came or said)], memory or (said if came else []), [_facts(params, result)]]
    return figure(hero=hero, more=[[_strides(result)]] if result.out is not None else [])


def _x(result: Result, top: float) -> Panel:
    rows = result.before.tolist()
    keys = [[_key(result, 3 * i + j) for j in range(3)] for i in range(2)]
    text = described("x", result.before)
    return grid("x, at first", rows, tensor=text, limit=top, digits=0, labels=False, keys=keys)


def _key(result: Result, place: int) -> str:
    """A number of x lights with its place in the memory of out, where this is the memory of x."""
    return f"place{place}" if result.shared else f"x{place}"


def _y(y: Any, top: float) -> Panel:
    return cube("y", y, tensor=described("y", y), limit=top, axes=[*"ijk"[: y.dim()]], digits=0, solid=False,
                keys=_each(lambda index: "y" + "".join(map(str, index)), y.shape))  # fmt: skip


def _out(result: Result, top: float) -> Panel:
    out, kept = result.out, result.kept
    assert out is not None and kept is not None
    before = kept.tolist()
    return cube(
        "out",
        out,
        tensor=f"{described('out', out)}, strides {result.strides}",
        limit=top,
        axes=[*"ijk"[: out.dim()]],
        digits=0,
        solid=False,
        keys=_each(lambda index: f"place{_place(result, index)}", out.shape),
        notes=_each(lambda index: _note(result, index), out.shape),
        marks=_each(lambda index: "" if _at(out.tolist(), index) == _at(before, index) else "differs", out.shape),
    )


def _each(apply: Callable[[tuple[int, ...]], Any], shape: Sequence[int], index: tuple[int, ...] = ()) -> Any:
    """Nested lists of this shape that hold apply(index)."""
    if len(index) == len(shape):
        return apply(index)
    return [_each(apply, shape, (*index, place)) for place in range(shape[len(index)])]


def _at(nested: Any, index: tuple[int, ...]) -> Any:
    for place in index:
        nested = nested[place]
    return nested


def _place(result: Result, index: tuple[int, ...]) -> int:
    """Where the number lies in memory."""
    assert result.strides is not None and result.offset is not None
    return result.offset + sum(i * step for i, step in zip(index, result.strides, strict=True))


def _note(result: Result, index: tuple[int, ...]) -> str:
    assert result.strides is not None and result.out is not None
    steps = " + ".join(f"{i}·{step}" for i, step in zip(index, result.strides, strict=True)) or "0"
    start = f"{result.offset} + " if result.offset else ""
    at = f"out[{', '.join(map(str, index))}]" if index else "out"
    return f"{at} lies at {start}{steps} = {_place(result, index)} and holds {_at(result.out.tolist(), index):g}"


def _memory(result: Result, top: float) -> Panel:
    assert result.memory is not None
    keys = [[f"place{place}" for place in range(result.memory.numel())]]
    name = "of x and of out" if result.shared else "of out alone"
    text = f"{described('memory', result.memory)}, in storage order"
    return grid(
        "memory", [result.memory.tolist()], badge=name, tensor=text, limit=top, digits=0, keys=keys, row_dim=None, col_dim=None, labels=False,
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    items = [("outcome", "it ends with", f"a {result.error.partition(':')[0]}" if result.error else "no error")]
    if result.out is not None and result.turned is not None:
        shape = ("shape", "shape of out", str(tuple(result.out.shape)))
        items = [
            shape,
            ("shared", "out lies in", "the memory of x" if result.shared else "a memory of its own"),
            *items,
        ]
        if params.op == "a.view(3, 2)" and params.first == "x" and params.write == "nothing":
            items.insert(1, ("compared", "beside x.permute(1, 0)", compared(result.out, result.turned)))
    if result.x_changed is not None:
        items.insert(2, ("of_x", "of x has changed", of_x(result)))
        if params.write != "nothing":
            items.insert(3, ("of_out", "of out was changed", count(result.out_changed or 0, "number")))
    return veiled(facts(items))


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
    return table("strides of out", ["dim", "size", "stride", "the next index reads"], rows, wide=True)
