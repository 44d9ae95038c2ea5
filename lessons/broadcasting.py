"""Elementwise operators match sizes from the right, and repeat what has size 1 or is missing; views copy nothing."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import choice
from explorable.program import Program, unscoped
from explorable.words import count, listing, one_of, spelled

Op = Literal[
    "+ y", "+= y", ".expand(2, -1, -1)", ".repeat(2, 1, 1)", ".view(-1)", ".reshape(-1)", ".view(3, 2)",
    ".permute(1, 0)", ".contiguous()",
]  # fmt: skip
SUMS = ("+ y", "+= y")
SHAPES = {"x": (2, 3), "x.permute(1, 0)": (3, 2), "x[:, :2]": (2, 2)}
Y = {"(3,)": (3,), "(2,)": (2,), "(2, 1)": (2, 1), "(2, 1, 1)": (2, 1, 1), "()": ()}


@dataclass(frozen=True)
class Params:
    op: Op = choice("+ y", about="what is done to it")
    y_shape: Literal["(3,)", "(2,)", "(2, 1)", "(2, 1, 1)", "()"] = choice(
        "(2, 1, 1)", about="shape of y", when={"op": SUMS}
    )
    first: Literal["x", "x.permute(1, 0)", "x[:, :2]"] = choice("x", about="what the line begins with")
    write: Literal["nothing", "one number", "all numbers"] = choice(
        "nothing", about="out[0, ...] = 9, or out += 1, afterwards"
    )


@dataclass(frozen=True)
class Result:
    before: Tensor  # (2, 3) x as it was
    x: Tensor  # (2, 3) x afterwards
    y: Tensor | None  # the other operand, where there is one
    out: Tensor | None  # what the operator made, after the write; None where torch refused it
    kept: Tensor | None  # out before the write
    strides: tuple[int, ...] | None  # of out, in numbers
    offset: int | None  # of its first number in memory
    shared: bool | None  # whether out lies in the memory of x
    memory: Tensor | None  # (n,) all numbers of the memory under out; None where the write was refused
    turned: Tensor | None  # (3, 2) x.permute(1, 0) as it was
    stretched: Tensor | None  # like out, y as the sum reads it
    out_changed: int | None  # how many numbers of out the write changed
    x_changed: list[list[int]] | None  # indices of x that hold another number than before
    error: str | None


def meet(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape in which two shapes meet, matched from the right; None where they do not."""
    length = max(len(one), len(other))
    padded = [(1,) * (length - len(shape)) + shape for shape in (one, other)]
    pairs = list(zip(*padded, strict=True))
    return tuple(max(pair) for pair in pairs) if all(a == b or 1 in (a, b) for a, b in pairs) else None


def why(params: Params) -> str:
    """The cause of the error."""
    if params.op in SUMS:
        if meet(SHAPES[params.first], Y[params.y_shape]) is None:
            return "from the right, two sizes differ and neither of them is one"
        return f"the sum is larger than {params.first}, and += cannot make that larger"
    if params.op == ".expand(2, -1, -1)":
        return "several places of out are one place in memory, and out += would write it more than once"
    if params.op == ".view(3, 2)" and params.first == "x[:, :2]":
        return f"{params.first} has four numbers, and the new shape has room for six"
    return "no strides over this memory give that shape, so view() would have to copy"


def caption(params: Params, result: Result) -> str:
    if result.error:
        return f"PyTorch stops with {result.error.partition(':')[0]}: {why(params)}."
    assert result.out is not None and result.memory is not None and result.x_changed is not None
    if params.op == "+ y" and params.write == "nothing":
        return f"{_repeated(params, result)}."
    size = result.out.numel()
    if result.shared:
        said = f"The {size} numbers of out lie in the memory of x, which holds {result.memory.numel()}"
    else:
        said = f"The {size} numbers of out lie in a memory of their own"
    return f"{said}{_written(params, result)}."


def line(params: Params) -> str:
    """What makes out, as code; a call is no target of +=."""
    if params.op == "+= y" and params.first == "x.permute(1, 0)":
        return "a += y"
    return f"{params.first} {params.op}" if params.op in SUMS else params.first + params.op


def left(params: Params) -> str:
    """The left operand, without the numbers of a call."""
    return "x" if params.first == "x" else "the left operand"


def _repeated(params: Params, result: Result) -> str:
    """Along which dims of out each operand is repeated."""
    assert result.out is not None
    shapes = {left(params): SHAPES[params.first], "y": Y[params.y_shape]}
    dims = {name: repeated(shape, tuple(result.out.shape)) for name, shape in shapes.items()}
    said = [f"{name} is repeated along {_dims(along)}" for name, along in dims.items() if along]
    return (
        f"Matched from the right, {' and '.join(said)}" if said else "The sizes are the same, and nothing is repeated"
    )


def repeated(shape: tuple[int, ...], together: tuple[int, ...]) -> list[int]:
    """The dims of the shape in which they meet along which this one is repeated."""
    padded = (1,) * (len(together) - len(shape)) + shape
    return [dim for dim, (size, met) in enumerate(zip(padded, together, strict=True)) if size < met]


def _dims(dims: list[int]) -> str:
    return f"{one_of(len(dims), 'dim', 'dims')} {listing([str(dim) for dim in dims])}"


def _written(params: Params, result: Result) -> str:
    changed, of_x = (_few(number) for number in (result.out_changed or 0, len(result.x_changed or [])))
    if params.write == "nothing":
        return f", and {of_x} of x changed" if result.x_changed else ""
    if params.op == "+= y":
        return f": the write changed {changed} of them, and with += {of_x} of x have changed"
    return f": {changed} of them changed, and {of_x} of x"


def _few(number: int) -> str:
    return spelled(number) if number else "none"


def details(params: Params, result: Result) -> str:
    of_y = f" with y of shape {params.y_shape}" if params.op in SUMS else ""
    said = f"out = {line(params)}{of_y}"
    if params.op == "+= y":
        named = "a" if params.first == "x.permute(1, 0)" else params.first
        said = f"{f'a = {params.first}, then ' * (named == 'a')}{line(params)}{of_y}"
        if result.out is not None:
            said += f", then out = {named}: out"
    if result.out is None:
        return f"{said} stops with {_sentence(str(result.error))}"
    memory = f"{said} has shape {tuple(result.out.shape)}, strides {result.strides} and storage offset {result.offset}."
    wrote = {"nothing": "", "one number": " Then out[0, ...] = 9.", "all numbers": " Then out += 1."}[params.write]
    return f"{memory}{wrote}{' ' + _sentence(result.error) if result.error else ''}"


def _sentence(text: str) -> str:
    return text if text[-1] in ".!?" else f"{text}."


def compared(out: Tensor, turned: Tensor) -> str:
    """What two tensors share: shape, numbers, both."""
    shape = out.shape == turned.shape
    return f"{'same' if shape else 'other'} shape, {'same' if shape and out.tolist() == turned.tolist() else 'other'} numbers"


def of_x(result: Result) -> str:
    """What of x holds another number than before."""
    changed = result.x_changed or []
    if not changed:
        return "nothing"
    return f"x[{', '.join(map(str, changed[0]))}]" if len(changed) == 1 else count(len(changed), "number")


ERROR = "a RuntimeError"

LESSON = Lesson(
    slug="broadcasting",
    title="Broadcasting and views",
    truth=__doc__,
    Params=Params,
    program=Program("broadcasting", Result, raises=(RuntimeError,), scope=unscoped),
    caption=caption,
    details=details,
    minutes=6,
    main=("first", "op", "y_shape", "write"),
    related=("stack", "loss_shapes"),
    predictions=(
        Prediction(
            id="three_dims",
            question="x has shape (2, 3), y has shape (2, 1, 1). What is the shape of x + y?",
            choices=(
                Choice(
                    "(2, 3)",
                    "The twos do not meet: dims are matched from the right, so the 2 of y stands in front of both dims of x.",
                ),
                Choice(
                    "(2, 2, 3)",
                    "From the right: 3 with 1, 2 with 1, and nothing with 2. Each 1, and what is missing, is repeated.",
                ),
                Choice(
                    "an error: the dims differ",
                    "Shapes of unequal length can meet: the shorter one is taken to have dims of size 1 in front.",
                ),
                Choice(
                    "(4, 3)",
                    "Nothing is laid end to end: that is torch.cat. Broadcasting repeats, along dims of its own.",
                ),
            ),
            answer=1,
            proof="three dims",
            show={},
            ring="shape",
        ),
        Prediction(
            id="from_the_right",
            question="x has shape (2, 3), y has shape (2,). What does x + y give?",
            choices=(
                Choice(
                    "shape (2, 3): one of y a row",
                    "That needs y of shape (2, 1): y[:, None] adds the dim on the right, which is then repeated.",
                ),
                Choice("shape (2, 3, 2)", "No dim is added on the right. torch matches the 2 of y with the 3 of x."),
                Choice(ERROR, "From the right 2 meets 3, they differ, and neither is 1."),
            ),
            answer=2,
            proof="two against three",
            show={"y_shape": "(2,)"},
            ring="outcome",
        ),
        Prediction(
            id="view_permute",
            question="x = torch.arange(6.0).reshape(2, 3). What have x.view(3, 2) and x.permute(1, 0) in common?",
            choices=(
                Choice(
                    "same shape, other numbers",
                    "view reads the memory in its order and begins a new row after two; permute goes along the columns of x.",
                ),
                Choice(
                    "same shape, same numbers",
                    "Both have shape (3, 2), and nothing raises: a view in the place of a transpose mixes rows and columns.",
                ),
                Choice("other shape, other numbers", "Both have shape (3, 2). The mistake stays unseen because of it."),
            ),
            answer=0,
            proof="view and permute",
            show={"op": ".view(3, 2)"},
            ring="compared",
        ),
        Prediction(
            id="reshape_view",
            question="x = torch.arange(6.0).reshape(2, 3), out = x.reshape(-1), then out[0] = 9. What changes in x?",
            choices=(
                Choice(
                    "nothing", "reshape copies where it must. x lies in order, so it gives a view, as view(-1) does."
                ),
                Choice("x[0, 0]", "The numbers of x lie in order already: out is a view of the same memory."),
                Choice("x[0]", "out[0] is a single number of the flat tensor, and it lies where x[0, 0] does."),
            ),
            answer=1,
            proof="reshape of what lies in order",
            show={"op": ".reshape(-1)", "write": "one number"},
            ring="of_x",
        ),
        Prediction(
            id="reshape_copy",
            question="x = torch.arange(6.0).reshape(2, 3), out = x.permute(1, 0).reshape(-1), then out[0] = 9. What changes in x?",
            choices=(
                Choice(
                    "x[0, 0]",
                    "So it is without permute. Permuted, x would have to be read in jumps that no single stride can give.",
                ),
                Choice("all of x[:, 0]", "Only one number was written, and into memory that x does not share."),
                Choice("nothing", "No stride gives this order, so reshape copied; view(-1) would have raised."),
            ),
            answer=2,
            proof="reshape of what was permuted",
            show={"op": ".reshape(-1)", "first": "x.permute(1, 0)", "write": "one number"},
            ring="of_x",
        ),
        Prediction(
            id="expanded",
            question="out = x.expand(2, -1, -1), then out[0, 0, 0] = 9. How much of out changes?",
            choices=(
                Choice("1 number", "out[1, 0, 0] lies at the same place: the first stride of out is 0."),
                Choice("2 numbers", "The first stride is 0: out[0] and out[1] are the same six numbers of memory."),
                Choice(
                    "nothing: it raises",
                    "out += 1 raises, because it would write each place twice. To write one place is allowed.",
                ),
            ),
            answer=1,
            proof="expanded",
            show={"op": ".expand(2, -1, -1)", "write": "one number"},
            ring="of_out",
        ),
    ),
    traps=(
        Trap(
            name="view in place of transpose",
            sentence="The shape is the right one, and rows and columns are mixed up; nothing raises.",
            source="https://github.com/rish-16/tokenlearner-pytorch/issues/1",
            params={"op": ".view(3, 2)"},
        ),
        Trap(
            name="view after permute",
            sentence="This permuted tensor has no single stride over its memory; contiguous() or reshape() copies it first.",
            source="https://github.com/agrimgupta92/sgan/issues/22",
            params={"op": ".view(-1)", "first": "x.permute(1, 0)"},
        ),
        Trap(
            name="reshape is no copy",
            sentence="Where it can, reshape gives a view: who writes into out writes into x. clone() makes a copy.",
            source="https://github.com/pytorch/pytorch/issues/100900",
            params={"op": ".reshape(-1)", "write": "one number"},
        ),
        Trap(
            name="A write into what expand made",
            sentence="Each number stands there several times and is stored once, so one write changes all of them.",
            source="https://github.com/pytorch/pytorch/issues/95989",
            params={"op": ".expand(2, -1, -1)", "write": "one number"},
        ),
        Trap(
            name="+= on what expand made",
            sentence="Every place would be written more than once; clone() or repeat() gives each number a place of its own.",
            source="https://github.com/pytorch/pytorch/issues/15358",
            params={"op": ".expand(2, -1, -1)", "write": "all numbers"},
        ),
        Trap(
            name="+= cannot make x larger",
            sentence="x + y makes a new, larger tensor; x += y has to put the sum into x, which keeps its shape.",
            source="https://github.com/pytorch/pytorch/issues/17185",
            params={"op": "+= y"},
        ),
    ),
)
