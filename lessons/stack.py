"""torch.stack inserts a new axis and copies; torch.cat extends an axis that is already there."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program, unscoped
from explorable.words import count, one_of

Op = Literal["stack", "cat", "cat in a loop", "unsqueeze + cat", "stack + reshape"]
CATS = ("cat", "cat in a loop")
Shape = Literal["()", "(4,)", "(2, 3)", "(2, 3, 4)"]
Inputs = Literal[
    "equal shapes", "last one float64", "last one empty", "last one shorter", "last one None", "empty list"
]


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
    copied: int | None  # how many numbers were written to make out
    shared: bool | None  # whether out lies in the memory of the first tensor
    other: Tensor | str | None  # same list and dim through cat (for op stack) or stack (any other op), or its refusal
    error: str | None  # what torch said when it refused


def caption(params: Params, result: Result) -> str:
    out = result.out
    if out is None:
        return f"{refuses(result)} refuses with {str(result.error).partition(':')[0]}: {_blame(params, result)}"
    at, copied = params.dim % out.dim(), f"every number is copied{_promoted(params, out)}"
    if params.inputs == "last one empty":
        return (
            f"torch.cat skips the tensor of shape (0,), and dim {at} of the result has {count(out.shape[at], 'place')}."
        )
    if params.op == "cat in a loop":
        steps = "in one step" if params.n == 2 else "step by step"
        return f"Dim {at} grows {steps}, and {result.copied} numbers are copied for the {out.numel()} of the result."
    if params.op == "cat":
        return f"Dim {at} grows to {out.shape[at]}, no axis is added, and {copied}."
    if params.op != "stack + reshape":
        return f"Dim {at} is new, with one place for each of the {params.n} tensors, and {copied}."
    wrong = 0 if not isinstance(result.other, Tensor) else int((out != result.other).sum())
    if not wrong:
        return f"Here reshape gives what stack gives: each of the {params.n} tensors lies in one piece."
    return f"The shape is that of stack, but {wrong} of {out.numel()} cells hold another number: reshape moves nothing."


def refuses(result: Result) -> str:
    """Who refuses: Python has no first entry of an empty list and no method of None, before torch is called."""
    return "Python" if str(result.error).startswith(("AttributeError", "IndexError: list index")) else "torch"


def _promoted(params: Params, out: Tensor) -> str:
    return f", as {str(out.dtype).removeprefix('torch.')}" if params.inputs == "last one float64" else ""


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
    kept = [shape for shape in shapes if shape != (0,)]
    given = f"{params.n} tensors of shape {' and '.join(map(str, dict.fromkeys(shapes)))} become {tuple(out.shape)}"
    at = params.dim % out.dim()
    if params.op in CATS:
        sizes = " + ".join(str(shape[at]) for shape in kept) + " = " if len(kept) > 1 else ""
        skipped = f"{count(len(shapes) - len(kept), 'tensor')} of shape (0,) skipped and " if kept != shapes else ""
        return f"{given}: dim {at} has {sizes}{count(out.shape[at], 'place')}, with {skipped}no axis added."
    if params.op == "stack + reshape":
        return f"{given}, as if dim {at} were new."
    return f"{given}: dim {at} is new and has one place for each tensor."


def _copied(params: Params, out: Tensor) -> str:
    start = f"{out.numel()} numbers lie in new memory with strides {out.stride()}"
    if params.op == "cat in a loop":
        return f"{start}; each cat of the loop made a tensor of its own, and copied all that was there before."
    if params.inputs == "last one float64":
        return f"{start}, all as {out.dtype}: a list of several dtypes is promoted to one, as + promotes."
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
        return f"torch.equal(out, {name}) is {torch.equal(out, other)}: stack gives the same."
    if params.op == "stack + reshape":
        right, wrong = f"The shape is that of {name}", int((out != other).sum())
        cells = f"{wrong} of {out.numel()} cells hold another number: reshape moves nothing in memory"
        return f"{right}, but {cells}." if wrong else f"{right}, and here the numbers agree too."
    return f"{name} gives {tuple(other.shape)}."


def _blame(params: Params, result: Result) -> str:
    """The offending entry or axis of a refusal."""
    last, tensors = params.n - 1, result.tensors
    if params.inputs == "empty list":
        lacks = "first tensor to begin with" if refuses(result) == "Python" else "shape that the result could take over"
        return f"an empty list has no {lacks}."
    if str(result.error).startswith("IndexError"):
        why = (
            "cat extends an axis of its inputs" if params.op in CATS else "the result has one axis more than its inputs"
        )
        return f"dim={params.dim} is not there: {why}."
    if params.inputs == "last one None":
        return f"entry {last} of the list is None."
    if params.inputs == "last one empty" and not (params.op in CATS and params.shape == "()"):
        if params.op == "unsqueeze + cat":
            return f"entry {last} is empty, and unsqueeze has given it another shape than the (0,) that cat skips."
        return f"entry {last} is empty, and stack skips no shape."
    if params.inputs == "last one shorter" and params.shape != "()":
        others = one_of(last, "the other", "the others")
        return f"{_where(params, len(tensors[0].shape))} entry {last} is shorter than {others}."  # type: ignore[union-attr]
    if params.op in CATS:
        return "a scalar has no axis that cat could make longer; stack gives it one."
    return f"entry 0 has no axis, entry {last} has one."


def _where(params: Params, rank: int) -> str:
    """The last axis, in which an entry is shorter; torch counts it behind the axis that unsqueeze has put in front."""
    renamed = params.op == "unsqueeze + cat" and params.dim % (rank + 1) < rank
    return f"in dim {rank - 1}" + (f", dim {rank} after unsqueeze," if renamed else "")


REFUSALS = (AttributeError, IndexError, RuntimeError, TypeError, ValueError)
SAME, OTHER = "same shape, same numbers", "same shape, other numbers"

LESSON = Lesson(
    slug="stack",
    title="stack, cat, unsqueeze",
    truth=__doc__,
    Params=Params,
    program=Program("stack", Result, raises=REFUSALS, scope=unscoped),
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
            proof="new axis",
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
            proof="last axis",
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
            proof="middle axis",
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
            proof="legal dims",
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
            proof="copies",
            show={},
            ring="write",
        ),
        Prediction(
            id="dtype",
            question="x is float32 and y float64, both of shape (4,). Which dtype has torch.stack([x, y])?",
            choices=(
                Choice(
                    "torch.float32",
                    "The first tensor decides nothing. A list of several dtypes is promoted to one, as + promotes.",
                ),
                Choice(
                    "none: it raises",
                    "An x @ y of two dtypes raises. stack and cat promote, as + does.",
                ),
                Choice(
                    "torch.float64",
                    "One float64 in the list, such as from NumPy, makes all of it float64; a float32 nn.Linear then refuses it.",
                ),
            ),
            answer=2,
            proof="float64",
            show={"inputs": "last one float64"},
            ring="dtype",
        ),
        Prediction(
            id="loop",
            question="Five tensors of shape (4,), out = tensors[0], then out = torch.cat([out, t]) for each of the others. How many numbers are copied?",
            choices=(
                Choice(
                    "16 numbers", "So many are appended. But cat makes a new tensor, and copies what is there already."
                ),
                Choice(
                    "56 numbers",
                    "8 + 12 + 16 + 20: each step copies all that came before. Collect a list, and cat once.",
                ),
                Choice(
                    "20 numbers",
                    "So many a single torch.cat(tensors) copies. In a loop the first ones are copied four times.",
                ),
            ),
            answer=1,
            proof="cat in a loop",
            show={"op": "cat in a loop", "n": 5},
            ring="copied",
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
            proof="reshape",
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
            name="An empty tensor in the list",
            sentence="cat silently skips a tensor of shape (0,) among tensors of other shapes; stack refuses it.",
            source="https://github.com/pytorch/pytorch/issues/86918",
            params={"op": "cat", "shape": "(2, 3)", "inputs": "last one empty"},
        ),
        Trap(
            name="One float64 among float32",
            sentence="stack and cat promote without a word: all of out is float64, twice the bytes, and a float32 nn.Linear refuses it.",
            source="https://github.com/pytorch/pytorch/issues/126964",
            params={"inputs": "last one float64"},
        ),
        Trap(
            name="cat in a loop",
            sentence="Each cat copies all that was joined before; append to a list, and cat once.",
            source="https://github.com/ulissigroup/amptorch/issues/12",
            params={"op": "cat in a loop", "n": 5},
        ),
        Trap(
            name="A None in the list",
            sentence="A transformers model called without labels returns loss=None; collected in a list it fails only here.",
            source="https://github.com/Jumpat/SegAnyGAussians/issues/110",
            params={"inputs": "last one None"},
        ),
        Trap(
            name="cat of scalars",
            sentence="A mean loss is 0-dimensional: cat has no axis to extend, stack makes one.",
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
