"""torch.stack inserts a new axis and copies; torch.cat extends an axis that is already there."""

import math
from dataclasses import dataclass
from typing import Any, Literal, no_type_check

import torch
from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from lessons.source import snippet_of

Op = Literal["stack", "cat", "unsqueeze + cat", "stack + reshape"]
Shape = Literal["()", "(4,)", "(2, 3)", "(2, 3, 4)"]
Inputs = Literal["equal shapes", "last one shorter", "last one None", "empty list"]


@dataclass(frozen=True)
class Params:
    op: Op = choice("stack", about="how the tensors are joined")
    dim: int = bounded(0, low=-5, high=4, step=1, about="index of the new axis (stack) or of the axis that grows (cat)")
    shape: Shape = choice("(4,)", about="of each tensor in the list")
    n: int = bounded(2, low=2, high=5, step=1, about="tensors in the list")
    inputs: Inputs = choice("equal shapes", about="what the list holds")


@dataclass(frozen=True)
class Result:
    tensors: list[Tensor | None]  # the list that is joined: n entries of `shape`, unless `inputs` spoils it
    out: Tensor | None  # the joined tensor; this and all below are None where torch refuses
    every: list[Tensor] | None  # the same list joined with dim = 0, 1, ...; only out where shapes differ
    memory: list[Tensor] | None  # (numel,) for each of `every`: its numbers in the order of their storage
    shared: bool | None  # whether out lies in the memory of the first tensor
    other: Tensor | str | None  # same list and dim through cat (for op stack) or stack (any other op), or its refusal
    error: str | None  # what torch said when it refused


def equal_tensors(shape: str, n: int) -> list[Tensor]:
    if shape == "()":
        tensors = [torch.tensor(i + 1.0) for i in range(n)]
    if shape == "(4,)":
        x = torch.tensor([1.0, 3.0, 6.0, 10.0])
        y = torch.tensor([2.0, 7.0, 9.0, 13.0])
        if n == 2:
            tensors = [x, y]
        else:
            tensors = [x, y, x + 20, y + 20, x + 40][:n]
    if shape == "(2, 3)":
        tensors = [10 * i + torch.arange(6.0).reshape(2, 3) for i in range(n)]
    if shape == "(2, 3, 4)":
        tensors = [100 * i + torch.arange(24.0).reshape(2, 3, 4) for i in range(n)]
    return tensors


def spoiled(tensors: list[Any], shape: str, inputs: str) -> list[Any]:
    if inputs == "last one shorter" and shape == "()":
        tensors[-1] = tensors[-1].unsqueeze(0)  # a scalar has no axis to cut: shape (1,) instead
    if inputs == "last one shorter" and shape != "()":
        tensors[-1] = tensors[-1][..., :-1]
    if inputs == "last one None":
        tensors[-1] = None
    if inputs == "empty list":
        tensors = []
    return tensors


def joined(tensors: list[Tensor], op: str, dim: int) -> Tensor:
    if op == "stack":
        out = torch.stack(tensors, dim=dim)
    if op == "cat":
        out = torch.cat(tensors, dim=dim)
    if op == "unsqueeze + cat":
        out = torch.cat([t.unsqueeze(dim) for t in tensors], dim=dim)
    if op == "stack + reshape":
        out = torch.stack(tensors).reshape(torch.stack(tensors, dim=dim).shape)
    return out


def in_memory(tensors: list[Tensor], out: Tensor, op: str, inputs: str) -> tuple[list[Tensor], list[Tensor], bool]:
    if inputs != "equal shapes":
        every = [out]
    elif op == "stack":
        every = [torch.stack(tensors, dim=d) for d in range(out.dim())]
    elif op == "cat":
        every = [torch.cat(tensors, dim=d) for d in range(out.dim())]
    elif op == "unsqueeze + cat":
        every = [torch.cat([t.unsqueeze(d) for t in tensors], dim=d) for d in range(out.dim())]
    elif op == "stack + reshape":
        every = [torch.stack(tensors).reshape(torch.stack(tensors, dim=d).shape) for d in range(out.dim())]
    memory = [t.as_strided((t.numel(),), (1,)) for t in every]  # stride 1: as the numbers lie in storage
    shared = out.untyped_storage().data_ptr() == tensors[0].untyped_storage().data_ptr()
    return every, memory, shared


@no_type_check  # `other` is a Tensor or the text of a refusal; an annotation would show up in the snippet
def compared(tensors: list[Tensor], op: str, dim: int) -> Tensor | str:
    if op == "stack":
        try:
            other = torch.cat(tensors, dim=dim)
        except (IndexError, RuntimeError) as refusal:
            other = f"{type(refusal).__name__}: {refusal}"
    if op == "cat":
        try:
            other = torch.stack(tensors, dim=dim)
        except RuntimeError as refusal:
            other = f"{type(refusal).__name__}: {refusal}"
    if op in ("unsqueeze + cat", "stack + reshape"):
        other = torch.stack(tensors, dim=dim)
    return other


def run(params: Params) -> Result:
    tensors = spoiled(equal_tensors(params.shape, params.n), params.shape, params.inputs)
    try:
        out = joined(tensors, params.op, params.dim)
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as refusal:
        return Result(tensors, None, None, None, None, None, f"{type(refusal).__name__}: {refusal}")
    every, memory, shared = in_memory(tensors, out, params.op, params.inputs)
    return Result(tensors, out, every, memory, shared, compared(tensors, params.op, params.dim), None)


def snippet(params: Params) -> str:
    values, bound = vars(params), {"op": params.op, "inputs": params.inputs}
    parts = [
        snippet_of(equal_tensors, values, header="import torch"),
        snippet_of(spoiled, values, header=""),
        snippet_of(joined, values, header=""),
        snippet_of(in_memory, bound, header=""),
        snippet_of(compared, bound, header=""),
    ]
    return "\n".join(part for part in parts if part.strip())


def caption(params: Params, result: Result) -> str:
    out = result.out
    if out is None:
        return f"torch refuses with {str(result.error).partition(':')[0]}: {_blame(params, result)}"
    at, copied = params.dim % out.dim(), f"all {out.numel()} numbers are copied"
    if params.op == "cat":
        return f"dim {at} grows to {out.shape[at]}, no axis is added, and {copied}."
    if params.op != "stack + reshape":
        return f"dim {at} is new, with one place for each of the {params.n} tensors, and {copied}."
    wrong = 0 if not isinstance(result.other, Tensor) else int((out != result.other).sum())
    if not wrong:
        return f"Here reshape gives what stack gives: each of the {params.n} tensors lies in one piece."
    return f"The shape is that of stack, but {wrong} of {out.numel()} cells hold another number: reshape moves nothing."


def details(params: Params, result: Result) -> str:
    if result.out is None:
        return _sentence(str(result.error))
    said = (
        _what_happened(params, result, result.out),
        _copied(params, result.out),
        _beside(params, result, result.out),
    )
    return " ".join(said)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _what_happened(params: Params, result: Result, out: Tensor) -> str:
    shapes = [tuple(t.shape) for t in result.tensors if t is not None]
    given = f"{params.n} tensors of shape {' and '.join(map(str, dict.fromkeys(shapes)))} become {tuple(out.shape)}"
    at = params.dim % out.dim()
    if params.op == "cat":
        sizes = " + ".join(str(shape[at]) for shape in shapes)
        return f"{given}: dim {at} grows, {sizes} = {out.shape[at]}, and no axis is added."
    if params.op == "stack + reshape":
        return f"{given}, as if dim {at} were new."
    return f"{given}: dim {at} is new and has one place for each tensor."


def _copied(params: Params, out: Tensor) -> str:
    start = f"{out.numel()} numbers were copied into new memory with strides {out.stride()}"
    lead = math.prod(out.shape[: params.dim % out.dim()])
    if out.dim() == 1 or params.inputs != "equal shapes":
        return f"{start}."
    if lead == 1 or params.op == "stack + reshape":
        return f"{start}; there each tensor lies in one piece."
    return f"{start}; there the {params.n} tensors take turns, {out.numel() // lead // params.n} at a time."


def _beside(params: Params, result: Result, out: Tensor) -> str:
    name, other = f"torch.{'cat' if params.op == 'stack' else 'stack'}(tensors, dim={params.dim})", result.other
    if not isinstance(other, Tensor):
        return f"{name} refuses: {_sentence(str(other))}"
    if params.op == "unsqueeze + cat":
        return f"torch.equal(out, {name}) is {torch.equal(out, other)}: this is what stack does."
    if params.op == "stack + reshape":
        right, wrong = f"The shape is that of {name}", int((out != other).sum())
        cells = f"{wrong} of {out.numel()} cells hold another number: reshape moves nothing in memory"
        return f"{right}, but {cells}." if wrong else f"{right}, and here the numbers agree too."
    return f"{name} gives {tuple(other.shape)}."


def _blame(params: Params, result: Result) -> str:
    """The offending entry or axis of a refusal."""
    last, tensors = params.n - 1, result.tensors
    if params.inputs == "empty list":
        return "an empty list has no shape that the result could take over."
    if str(result.error).startswith("IndexError"):
        why = (
            "cat extends an axis of its inputs"
            if params.op == "cat"
            else "the result has one axis more than its inputs"
        )
        return f"dim={params.dim} is not there: {why}."
    if params.inputs == "last one None":
        return f"entry {last} of the list is None."
    if params.inputs == "last one shorter" and params.shape != "()":
        return f"in dim {len(tensors[0].shape) - 1} entry {last} is shorter than the others."  # type: ignore[union-attr]
    if params.op == "cat":
        return "a scalar has no axis that cat could make longer; stack gives it one."
    return f"entry 0 has no axis, entry {last} has one."


SAME, OTHER = "same shape, same numbers", "same shape, other numbers"

LESSON = Lesson(
    slug="stack",
    title="stack, cat, unsqueeze",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    details=details,
    minutes=6,
    main=("op", "dim", "shape", "n"),
    related=("indexing", "collate"),
    predictions=(
        Prediction(
            id="new_axis",
            question="x and y have shape (4,). What is the shape of torch.stack([x, y])?",
            choices=(
                Choice("(8,)", "That is torch.cat: it makes an axis longer. stack makes a new one."),
                Choice(
                    "(4, 2)",
                    "That is dim=1. The new axis stands where dim says, and dim is 0 unless you say otherwise.",
                ),
                Choice("(2, 4)", "stack makes a new axis, here dim 0, with one place for each of the two tensors."),
            ),
            answer=2,
            proof="tuple(torch.stack([torch.zeros(4), torch.zeros(4)]).shape)",
            show={},
            ring="shape",
        ),
        Prediction(
            id="last_axis",
            question="x and y have shape (4,). What is the shape of torch.stack([x, y], dim=1)?",
            choices=(
                Choice(
                    "(4, 2)",
                    "The new axis has one place for each tensor, and dim=1 puts it behind the old one: x[i] is out[i, 0].",
                ),
                Choice(
                    "(2, 4)", "That is dim=0: the order of the list is then the first axis. dim=1 makes it the second."
                ),
                Choice("(4, 4)", "Nothing is repeated: eight numbers go in, and eight come out."),
                Choice("(8,)", "No dim makes stack join the tensors end to end. That is torch.cat."),
            ),
            answer=0,
            proof="tuple(torch.stack([torch.zeros(4), torch.zeros(4)], dim=1).shape)",
            show={"dim": 1},
            ring="shape",
        ),
        Prediction(
            id="middle_axis",
            question="Four tensors of shape (2, 3). What is the shape of torch.stack(tensors, dim=1)?",
            choices=(
                Choice("(2, 12)", "That is torch.cat(tensors, dim=1): the axis of size 3 grows to 12."),
                Choice(
                    "(2, 4, 3)",
                    "The new axis, of size 4, stands at index 1, and the axis behind it moves one place to the right.",
                ),
                Choice("(4, 2, 3)", "That is dim=0. With dim=1 the new axis stands between the two old ones."),
            ),
            answer=1,
            proof="tuple(torch.stack([torch.zeros(2, 3)] * 4, dim=1).shape)",
            show={"shape": "(2, 3)", "n": 4, "dim": 1},
            ring="shape",
        ),
        Prediction(
            id="legal_dims",
            question="Which dims may stand in torch.stack(tensors, dim=...) for tensors of shape (2, 3)?",
            choices=(
                Choice(
                    "-2 to 1",
                    "Those are the dims of the inputs, and right for torch.cat. stack counts in the result, which has one more.",
                ),
                Choice("0 to 1", "Negative dims count from the end, and the new axis may also stand last, at dim 2."),
                Choice("-3 to 2", "The result has 3 dims, and the new one may be any of them."),
            ),
            answer=2,
            proof="(lambda rank: f'-{rank} to {rank - 1}')(torch.stack([torch.zeros(2, 3)] * 2).dim())",
            show={"shape": "(2, 3)"},
            ring="legal",
        ),
        Prediction(
            id="copies",
            question="After out = torch.stack([x, y]) comes x[0] = 9. What does that change in out?",
            choices=(
                Choice("nothing", "stack copies its inputs into new memory, which x knows nothing of."),
                Choice(
                    "out[0, 0]",
                    "So it would be for a view of x, such as x.unsqueeze(0) or x[None]. stack is no view: it copies.",
                ),
                Choice("all of out[0]", "x[0] is one number, and out keeps a copy of what x was before."),
            ),
            answer=0,
            proof="(lambda x: (lambda out: {0.0: 'nothing', 9.0: 'out[0, 0]'}[(x.fill_(9), out)[1][0, 0].item()])(torch.stack([x, x])))(torch.zeros(4))",
            show={},
            ring="write",
        ),
        Prediction(
            id="reshape",
            question="torch.stack([x, y]).reshape(4, 2) beside torch.stack([x, y], dim=1), for x and y of shape (4,): what agrees?",
            choices=(
                Choice(
                    SAME,
                    "The shapes agree, and nothing raises. But dim=1 takes x and y in turns, and reshape keeps x before y.",
                ),
                Choice(
                    OTHER,
                    "reshape moves no number in memory, it only cuts the same row anew; dim=1 interleaves the tensors.",
                ),
                Choice("neither shape nor numbers", "Both have shape (4, 2), which is why the mistake stays unseen."),
            ),
            answer=1,
            proof="(lambda xs: 'same shape, same numbers' if torch.equal(torch.stack(xs, dim=1), torch.stack(xs).reshape(4, 2)) "
            "else 'same shape, other numbers')([torch.tensor([1, 3, 6, 10]), torch.tensor([2, 7, 9, 13])])",
            show={"op": "stack + reshape", "dim": 1},
            ring="compared",
        ),
    ),
    traps=(
        Trap(
            name="Unequal shapes",
            sentence="stack needs equal shapes; pad the tensors first, or cat them along the dim in which they differ.",
            source="https://github.com/pytorch/pytorch/issues/29510",
            params={"inputs": "last one shorter", "shape": "(2, 3)"},
        ),
        Trap(
            name="cat along an axis that is not there",
            sentence="cat makes no axis: 1-D tensors have only dim 0, so dim=1 is out of range; stack was meant.",
            source="https://github.com/yunjey/pytorch-tutorial/issues/84",
            params={"op": "cat", "dim": 1},
        ),
        Trap(
            name="dim out of range",
            sentence="Two 1-D tensors stack to 2 dims, so dim runs from -2 to 1.",
            source="https://github.com/BarclayII/hart-pytorch/issues/2",
            params={"dim": 2},
        ),
        Trap(
            name="Empty list",
            sentence="A loop that never appended leaves an empty list, which has no shape to stack.",
            source="https://github.com/INVOKERer/DeepRFT/issues/42",
            params={"inputs": "empty list"},
        ),
        Trap(
            name="A None in the list",
            sentence="A model called without labels returns loss=None; collected in a list it fails only here.",
            source="https://github.com/Jumpat/SegAnyGAussians/issues/110",
            params={"inputs": "last one None"},
        ),
        Trap(
            name="cat of scalars",
            sentence="Losses are 0-dimensional: cat has no axis to extend, stack gives them one.",
            source="https://github.com/Cysu/open-reid/issues/69",
            params={"op": "cat", "shape": "()"},
        ),
        Trap(
            name="reshape instead of stack(dim=1)",
            sentence="The shape is right and the numbers are mixed up; nothing raises.",
            source="https://github.com/ikostrikov/pytorch-a2c-ppo-acktr-gail/issues/97",
            params={"op": "stack + reshape", "dim": 1},
        ),
    ),
)
