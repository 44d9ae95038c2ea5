"""The list, the operator, what comes out; then the memory of the result and the same list through the other operator."""

from collections.abc import Callable
from typing import Any

from explorable.words import count
from figures.panels import Figure, Panel, cube, described, error, facts, figure, grid, limit, operator, table, veiled
from lessons.stack import CATS, Params, Result

NEW = 3  # the colour of the inserted axis; the inputs' own axes i, j, k keep the colours 0, 1, 2
CALLS = {
    "stack": "torch.stack(tensors, dim={})",
    "cat": "torch.cat(tensors, dim={})",
    "cat in a loop": "for t in tensors[1:]: out = torch.cat([out, t], dim={})",
    "unsqueeze + cat": "torch.cat([t.unsqueeze({0}) for t in tensors], dim={0})",
    "stack + reshape": "torch.stack(tensors).reshape(torch.stack(tensors, dim={}).shape)",
}


def draw(params: Params, result: Result) -> Figure:
    tensors, call = _tensors(params, result), operator(CALLS[params.op].format(params.dim))
    if result.out is None:
        refusal = veiled(error("out", str(result.error), where=CALLS[params.op].format(params.dim)))
        counts = str(result.error).startswith("IndexError") and result.tensors
        legal = [_legal_dims(params, result)] if counts else []
        return figure(hero=[[tensors, call, refusal]], more=[legal])
    out = veiled(_joined("out", params.op, params, result, result.out))
    deep = params.shape == "(2, 3, 4)"  # too wide to stand side by side
    hero = [[tensors, call], [out]] if deep else [[tensors, call, out]]
    return figure(
        hero=[*hero, [_facts(params, result, result.out)]], more=[[_memory(params, result)], [_other(params, result)]]
    )


def _facts(params: Params, result: Result, out: Any) -> Panel:
    items = [
        ("shape", "shape of out", str(tuple(out.shape))),
        ("legal", "legal dims", f"{-out.dim()} to {out.dim() - 1}"),
        ("write", "a later x[0] = 9 changes in out", "x's part" if result.shared else "nothing"),
        ("copied", "copied on the way", f"{result.copied} numbers"),
    ]
    if params.inputs == "last one float64":
        items.append(("dtype", "dtype of out", str(out.dtype)))
    if params.op == "stack + reshape":
        same = result.other is not None and out.tolist() == result.other.tolist()  # type: ignore[union-attr]
        items.append(
            ("compared", f"beside stack(dim={params.dim})", f"same shape, {'same' if same else 'other'} numbers")
        )
    return veiled(facts(items))


# -- where a number comes from: all numbers of a list differ, so a number names its cell -------------------------------


def _names(params: Params) -> list[str]:
    pair = params.shape == "(4,)" and params.n == 2
    return ["x", "y"] if pair else [f"tensors[{entry}]" for entry in range(params.n)]


def _sources(params: Params, result: Result) -> dict[float, tuple[int, str]]:
    """For each number the entry of the list that holds it, and the expression that reads it."""
    sources: dict[float, tuple[int, str]] = {}
    for entry, (name, tensor) in enumerate(zip(_names(params), result.tensors, strict=False)):
        if tensor is not None:
            _each(lambda value, index, e=entry, n=name: sources.setdefault(value, (e, _at(n, index))), tensor.tolist())
    return sources


def _each(apply: Callable[..., Any], nested: Any, index: tuple[int, ...] = ()) -> Any:
    """Nested lists of the same shape that hold apply(value, index)."""
    if isinstance(nested, list):
        return [_each(apply, item, (*index, place)) for place, item in enumerate(nested)]
    return apply(nested, index)


def _at(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _number(value: float | None) -> str:
    return "None" if value is None else f"{value:g}"


def _key(value: float | None, index: tuple[int, ...]) -> str:
    return f"v{_number(value)}"


# -- panels -----------------------------------------------------------------------------------------------------------


def _tensors(params: Params, result: Result) -> Panel:
    names, values = _names(params), [None if t is None else t.tolist() for t in result.tensors]
    axes = [*"ijk"[: max((t.dim() for t in result.tensors if t is not None), default=0)]]
    if params.inputs == "last one shorter" and result.out is None and axes:
        axes[-1] += " ✗"  # the axis in which the shapes differ
    shapes = dict.fromkeys(described("", t, "ijk"[: t.dim()]).strip() for t in result.tensors if t is not None)
    marks = [
        _each(lambda _, index, e=entry: _offending(params, result, e, index), value)
        for entry, value in enumerate(values)
    ]
    return cube(
        "tensors", values, parts=names[: len(values)], axes=axes, limit=limit(*result.tensors), digits=0,
        tensor=f"list of {len(values)}: {' and '.join(shapes)}" if shapes else f"list of {len(values)}",
        keys=_each(_key, values),
        notes=[_each(lambda value, index, n=name: f"{_at(n, index)} = {_number(value)}", value) for name, value in zip(names, values, strict=False)],
        groups=[_each(lambda *_, e=entry: e, value) for entry, value in enumerate(values)],
        marks=marks if any("error" in str(mark) for mark in marks) else None,
        badge="a Python list", solid=False,
    )  # fmt: skip


def _offending(params: Params, result: Result, entry: int, index: tuple[int, ...]) -> str:
    """Marks the cells that have no partner in the last, shorter tensor; of a shape that has an axis too many, all."""
    last = result.tensors[-1]
    if result.out is not None or last is None:
        blamed = last is None and not str(result.error).startswith("IndexError")
        return "error" if blamed and entry == len(result.tensors) - 1 else ""
    if params.inputs == "last one shorter" and not result.tensors[0].dim():  # type: ignore[union-attr]
        return "error" if index else ""
    return "error" if index and index[-1] >= last.shape[-1] else ""


def _joined(title: str, op: str, params: Params, result: Result, tensor: Any) -> Panel:
    sources, values = _sources(params, result), tensor.tolist()
    axes, dims, at = [*"ijk"[: tensor.dim()]], [*range(tensor.dim())], params.dim % tensor.dim()
    if op not in CATS:
        axes, dims = [*"ijk"[: tensor.dim() - 1]], [*range(tensor.dim() - 1)]
        axes.insert(at, "n")
        dims.insert(at, NEW)
    right = result.other.tolist() if op == "stack + reshape" else values  # type: ignore[union-attr]
    wanted = _flat(right)
    marks = _each(lambda value, index: "" if wanted[index] == value else "error", values)
    return cube(
        title, values, axes=axes, dims=dims, new_dim=at if op not in CATS else None, limit=limit(*result.tensors), digits=0,
        tensor=f"{described(title, tensor, axes)}, strides {tensor.stride()}", keys=_each(_key, values),
        notes=_each(lambda value, index: _note(title, value, index, sources, wanted), values),
        groups=_each(lambda value, _: sources[value][0], values), group_names=_names(params) if title == "out" else None,
        marks=marks if right != values else None, badge=CALLS[op].format(params.dim), wide=title == "out", solid=tensor.dim() > 2,
    )  # fmt: skip


def _flat(nested: Any) -> dict[tuple[int, ...], float]:
    cells: dict[tuple[int, ...], float] = {}
    _each(lambda value, index: cells.setdefault(index, value), nested)
    return cells


def _note(
    title: str,
    value: float,
    index: tuple[int, ...],
    sources: dict[float, tuple[int, str]],
    wanted: dict[tuple[int, ...], float],
) -> str:
    said = f"{_at(title, index)} = {sources[value][1]} = {value:g}"
    return said if wanted[index] == value else f"{said}; stack has {sources[wanted[index]][1]} = {wanted[index]:g} here"


def _memory(params: Params, result: Result) -> Panel:
    assert result.out is not None and result.every is not None and result.memory is not None
    sources, chosen = _sources(params, result), params.dim % result.out.dim()
    dims = [*range(len(result.every))] if params.inputs == "equal shapes" else [chosen]
    rows = [memory.tolist() for memory in result.memory]
    return grid(
        "memory", rows, limit=limit(*result.tensors), digits=0, rows="dim", cols="offset in storage", row_dim=None, col_dim=None,
        tensor="; ".join(f"dim {d}: {tuple(t.shape)}, strides {t.stride()}" for d, t in zip(dims, result.every, strict=True)),
        row_labels=[f"▸{d}" if d == chosen else str(d) for d in dims], keys=_each(_key, rows),
        groups=_each(lambda value, _: sources[value][0], rows), group_names=_names(params),
        notes=[
            [_place(offset, value, tensor, sources) for offset, value in enumerate(row)]
            for tensor, row in zip(result.every, rows, strict=True)
        ],
        badge="in storage order", wide=True,
    )  # fmt: skip


def _place(offset: int, value: float, tensor: Any, sources: dict[float, tuple[int, str]]) -> str:
    steps = [(offset // step % size, step) for size, step in zip(tensor.shape, tensor.stride(), strict=True)]
    index = ", ".join(str(place) for place, _ in steps)
    arithmetic = " + ".join(f"{place}·{step}" for place, step in steps)
    return f"index ({index}) lies at offset {arithmetic} = {offset} and holds {sources[value][1]} = {value:g}"


def _other(params: Params, result: Result) -> Panel:
    op = "cat" if params.op == "stack" else "stack"
    if isinstance(result.other, str):
        return error("other", result.other, where=CALLS[op].format(params.dim))
    return _joined("other", op, params, result, result.other)


def _legal_dims(params: Params, result: Result) -> Panel:
    """The number line of dims; how many are legal follows from the rank of the inputs."""
    rank = result.tensors[0].dim() + (params.op not in CATS)  # type: ignore[union-attr]
    said = [("legal", "yes") if -rank <= d < rank else ("not legal", "muted") for d in range(-5, 5)]
    said[params.dim + 5] = ("not legal", "warn")
    note = f"The result has {count(rank, 'dim')}, so dim runs from {-rank} to {rank - 1}."
    return table("dim", ["dim", *map(str, range(-5, 5))], [[params.op, *said]], note=note, wide=True)
