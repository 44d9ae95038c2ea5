"""The list, the operator, what comes out; then the memory of the result and the same list through the other operator."""

from itertools import product
from typing import Any

from explorable.words import count
from figures.cells import cells_of
from figures.panels import Cube, Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
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
    tensors, call = _tensors(params, result), Operator(CALLS[params.op].format(params.dim))
    if result.out is None:
        refusal = veiled(Error("out", str(result.error), where=CALLS[params.op].format(params.dim)))
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
        ("copied", "the call copies", f"{result.copied} numbers"),
    ]
    if params.inputs == "last one float64":
        items.append(("dtype", "dtype of out", str(out.dtype)))
    if params.op == "stack + reshape":
        same = result.other is not None and out.tolist() == result.other.tolist()  # type: ignore[union-attr]
        items.append(
            ("compared", f"beside stack(dim={params.dim})", f"same shape, {'same' if same else 'other'} numbers")
        )
    return veiled(Facts(items))


# -- where a number comes from: all numbers of a list differ, so a number names its cell -------------------------------


def _names(params: Params) -> list[str]:
    pair = params.shape == "(4,)" and params.n == 2
    return ["x", "y"] if pair else [f"tensors[{entry}]" for entry in range(params.n)]


def _sources(params: Params, result: Result) -> dict[float, tuple[int, str]]:
    """For each number the entry of the list that holds it, and the expression that reads it."""
    sources: dict[float, tuple[int, str]] = {}
    for entry, (name, tensor) in enumerate(zip(_names(params), result.tensors, strict=False)):
        if tensor is not None:
            for index in product(*map(range, tensor.shape)):
                sources.setdefault(tensor[index].item(), (entry, _at(name, index)))
    return sources


def _at(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _number(value: float | None) -> str:
    return "None" if value is None else f"{value:g}"


def _key(value: float | None, *_: float) -> str:
    return f"v{_number(value)}"


# -- panels -----------------------------------------------------------------------------------------------------------


def _tensors(params: Params, result: Result) -> Panel:
    names = _names(params)
    axes = [*"ijk"[: max((t.dim() for t in result.tensors if t is not None), default=0)]]
    if params.inputs == "last one shorter" and result.out is None and axes:
        axes[-1] += " ✗"  # the axis in which the shapes differ
    shapes = dict.fromkeys(described("", t, "ijk"[: t.dim()]).strip() for t in result.tensors if t is not None)
    size = f"list of {len(result.tensors)}"

    def key(value: float | None, entry: int, *index: int) -> list[str]:
        first, last = not any(index), entry == len(result.tensors) - 1
        rung = [*["@write"] * (first and not entry), *["@copied"] * first, *["@dtype"] * (first and last)]
        return [_key(value), *rung]

    cells = cells_of(
        result.tensors,
        key=key,
        note=lambda value, entry, *index: f"{_at(names[entry], index)} = {_number(value)}",
        mark=lambda value, entry, *index: _offending(params, result, entry, index),
        group=lambda value, entry, *index: entry,
    )
    return Cube(
        "tensors", cells, parts=names[: len(result.tensors)], axes=axes, limit=limit(*result.tensors), digits=0,
        tensor=f"{size}: {' and '.join(shapes)}" if shapes else size, badge="a Python list", solid=False,
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
    sources = _sources(params, result)
    axes, dims, at = [*"ijk"[: tensor.dim()]], [*range(tensor.dim())], params.dim % tensor.dim()
    if op not in CATS:
        axes, dims = [*"ijk"[: tensor.dim() - 1]], [*range(tensor.dim() - 1)]
        axes.insert(at, "n")
        dims.insert(at, NEW)

    def note(value: float, wanted: float, *index: int) -> str:
        said = f"{_at(title, index)} = {sources[value][1]} = {value:g}"
        return said if wanted == value else f"{said}; stack has {sources[wanted][1]} = {wanted:g} here"

    def key(value: float, wanted: float, *index: int) -> list[str]:
        if title != "out":
            return [_key(value)]
        begins = op not in CATS and not any(place for dim, place in enumerate(index) if dim != at)
        return [_key(value), *["@shape"] * begins, *["@write"] * (not any(index)), *["@compared"] * (wanted != value)]

    cells = cells_of(
        tensor,
        result.other if op == "stack + reshape" else tensor,
        key=key,
        note=note,
        mark=lambda value, wanted, *_: "" if wanted == value else "error",
        group=lambda value, *_: sources[value][0],
    )
    strides = "" if title == "out" else f", strides {tensor.stride()}"
    return Cube(
        title, cells, axes=axes, dims=dims, new_dim=at if op not in CATS else None, limit=limit(*result.tensors), digits=0,
        tensor=described(title, tensor, axes) + strides, group_names=_names(params) if title == "out" else None,
        badge=CALLS[op].format(params.dim), wide=title == "out", solid=tensor.dim() > 2,
    )  # fmt: skip


def _memory(params: Params, result: Result) -> Panel:
    assert result.out is not None and result.every is not None and result.memory is not None
    every, sources, chosen = result.every, _sources(params, result), params.dim % result.out.dim()
    dims = [*range(len(every))] if params.inputs == "equal shapes" else [chosen]
    cells = cells_of(
        result.memory,
        key=_key,
        group=lambda value, row, offset: sources[value][0],
        note=lambda value, row, offset: _place(offset, value, every[row], sources),
    )
    return Grid(
        "memory", cells, limit=limit(*result.tensors), digits=0, rows="dim", cols="offset in storage", row_dim=None, col_dim=None,
        tensor="; ".join(f"dim {d}: {tuple(t.shape)}, strides {t.stride()}" for d, t in zip(dims, every, strict=True)),
        row_labels=[f"▸{d}" if d == chosen else str(d) for d in dims], group_names=_names(params),
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
        return Error("other", result.other, where=CALLS[op].format(params.dim))
    return _joined("other", op, params, result, result.other)


def _legal_dims(params: Params, result: Result) -> Panel:
    """The number line of dims; how many are legal follows from the rank of the inputs."""
    rank = result.tensors[0].dim() + (params.op not in CATS)  # type: ignore[union-attr]
    said = [("legal", "yes") if -rank <= d < rank else ("not legal", "muted") for d in range(-5, 5)]
    said[params.dim + 5] = ("not legal", "warn")
    note = f"The result has {count(rank, 'dim')}, so dim runs from {-rank} to {rank - 1}."
    return Table("dim", ["dim", *map(str, range(-5, 5))], [[params.op, *said]], note=note, wide=True)
