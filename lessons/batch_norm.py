"""A BatchNorm that keeps running statistics normalises with them in eval mode, and with those of the batch in train mode."""

from dataclasses import dataclass

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, switch
from explorable.program import Program
from explorable.words import count, number, percent


@dataclass(frozen=True)
class Params:
    N: int = bounded(4, low=1, high=6, step=1, about="samples in a batch")
    L: int = bounded(5, low=1, high=6, step=1, about="positions; always 3 channels")
    momentum: float | None = bounded(0.1, low=0.0, high=1.0, step=0.05, about="weight of the new batch; None: mean")
    steps: int = bounded(30, low=0, high=60, step=1, about="train batches before eval()")
    shift: float = bounded(5.0, low=0.0, high=20.0, step=0.5, about="added to all but sample 0")
    frozen: bool = switch(False, about="requires_grad_(False), no_grad")


@dataclass(frozen=True)
class Result:
    """Where train mode refuses, `error` is set and only loc, x, eps, weight, bias and y_eval are not None."""

    loc: Tensor  # (3, 1) mean of the distribution that the data is drawn from, by channel
    x: Tensor  # (N, 3, L) one batch, the same for every number of steps
    eps: float  # added to the variance, inside the root
    weight: Tensor  # (3,)
    bias: Tensor  # (3,)
    running_mean: Tensor  # (steps + 1, 3) the buffer before the first and after each batch
    running_var: Tensor  # (steps + 1, 3) likewise
    batch_mean: Tensor  # (steps, 3) of each batch
    batch_var: Tensor  # (steps, 3) of each batch, unbiased: what the buffer takes
    remains: float  # share of the first values, 0 and 1, that is left in the buffers
    drift: dict[str, float]  # how far the batches moved each entry of the state dict, at most
    mean: Tensor  # (3,) of x: what train mode subtracts
    var: Tensor  # (3,) of x, biased: what train mode divides by
    divisor: float  # what running_var divided the sum of squares of channel 0 of x by
    y_train: Tensor  # (N, 3, L)
    y_eval: Tensor  # (N, 3, L)
    gap: Tensor  # (N, 3, L) y_train - y_eval
    move_eval: Tensor  # (N, 3, L) what shifting the other samples does to all outputs in eval mode
    move_train: Tensor  # (N, 3, L) likewise in train mode
    change_train: Tensor  # (3, L) what shifting the other samples does to the output of sample 0
    change_eval: Tensor  # (3, L) likewise
    shifted_mean: Tensor  # (3,) of x with the other samples shifted: what train mode then subtracts
    error: str | None  # what torch says where train mode refuses


def caption(params: Params, result: Result) -> str:
    if result.error:
        return "Train mode refuses with ValueError: less its own mean, the single value of a channel would always be 0."
    if not params.steps:
        return "No batch has come yet, so eval mode works with the first mean and variance, 0 and 1."
    if not result.drift["running_mean"]:
        return f"A new batch has no weight: after {count(params.steps, 'batch')} the stored mean and variance are still 0 and 1."
    if params.N > 1 and not of_the_buffers(params):
        still, drawn = moves(result.change_eval[0]), moves(result.change_train[0])
        how_far = f"{still} in eval mode and {drawn} in train mode" if drawn != still else "in neither mode"
        return f"Adding {params.shift:g} to the other samples moves the first channel of sample 0 {how_far}."
    stored = number(result.running_mean[-1, 0].item(), 2)
    frozen = ", although every parameter is frozen" if params.frozen else ""
    return (
        f"In {count(params.steps, 'batch')} the stored mean of the first channel has gone from 0 to {stored}{frozen}."
    )


def of_the_buffers(params: Params) -> bool:
    """Whether it is the buffers that were asked about: what is frozen, other batches or another momentum moves nothing else."""
    return params.frozen or (params.steps, params.momentum) != (Params.steps, Params.momentum)


def details(params: Params, result: Result) -> str:
    if result.error:
        answer = ", ".join(number(y) for y in result.y_eval.flatten().tolist())
        return f"{result.error}. Eval mode needs no batch: with the first buffers, 0 and 1, it answers {answer}."
    return " ".join(part(params, result) for part in (_modes, _buffers, _neighbours, _frozen))


def _modes(params: Params, result: Result) -> str:
    apart = number(result.gap.square().mean().sqrt().item())
    return (
        f"Train mode takes mean and variance of the {count(params.N * params.L, 'value')} in each channel of this batch, "
        f"eval mode takes the buffers; the outputs are {apart} apart (root mean square)."
    )


def _buffers(params: Params, result: Result) -> str:
    stored, batch = (number(value.item()) for value in (result.running_mean[-1, 0], result.mean[0]))
    meaning = "makes it the plain mean over the batches so far"
    if params.momentum is not None:
        meaning = f"gives the newest batch the weight {params.momentum:g} and what was stored the rest"
    return (
        f"In channel 0 this batch has mean {batch} and running_mean is {stored}: momentum {params.momentum} {meaning}, "
        f"and {percent(result.remains)} of the first values, 0 and 1, is left."
    )


def _neighbours(params: Params, result: Result) -> str:
    if params.N == 1:
        return f"There is no other sample that {params.shift:g} could be added to."
    train, still = (moves(change) for change in (result.change_train, result.change_eval))
    how_far = f"moves {train} in train mode and {still} in eval mode" if train != still else "moves in neither mode"
    others = "the other sample" if params.N == 2 else "each of the others"
    return f"With {params.shift:g} added to {others}, the output of sample 0 {how_far}."


def moves(change: Tensor) -> str:
    """How far an output moves, in words."""
    largest = change.abs().max().item()
    if 0 < largest < 0.005:
        return "by less than 0.01"
    return f"by up to {number(largest, 2)}" if largest else "not at all"


def _frozen(params: Params, result: Result) -> str:
    moved = result.drift["running_mean"]
    if not moved:
        return "The stored mean and variance have not moved from 0 and 1."
    who = "Every parameter is frozen and no gradient was recorded" if params.frozen else "No optimizer stepped"
    return f"{who}: the forward passes alone moved running_mean, by up to {number(moved)}."


LESSON = Lesson(
    slug="batch_norm",
    title="BatchNorm",
    truth=__doc__,
    Params=Params,
    program=Program("batch_norm", Result, raises=(ValueError,)),
    caption=caption,
    details=details,
    minutes=6,
    main=("steps", "momentum", "shift", "N"),
    related=("normalization", "modes", "freeze"),
    predictions=(
        Prediction(
            id="neighbour",
            question="BatchNorm in eval mode: add 5 to samples 1 to 3. How far does sample 0's output move?",
            choices=(
                Choice(
                    "a little",
                    "It moves in train mode, where all samples share the mean and variance of a channel. In eval mode the "
                    "stored ones stand in for them.",
                ),
                Choice(
                    "by 5",
                    "Nothing was added to sample 0 itself, and normalising does not carry a sum from one sample to the next.",
                ),
                Choice(
                    "not at all", "Eval mode reads the stored mean and variance, which no sample of this batch moves."
                ),
            ),
            answer=2,
            proof="neighbour",
            show={},
            ring="eval",
        ),
        Prediction(
            id="first_value",
            question="momentum is 0.1. How much of its first value is left in running_mean after 10 train batches?",
            choices=(
                Choice(
                    "0 %",
                    "Ten tenths would be all of it if each took a tenth of the start. Each batch takes a tenth of what is left.",
                ),
                Choice("35 %", "Each batch keeps 0.9 of what was stored, and 0.9 to the power of 10 is 0.35."),
                Choice(
                    "90 %",
                    "In TensorFlow momentum is the weight of the old value. In PyTorch it is the weight of the new "
                    "batch, and this is what is left after one.",
                ),
            ),
            answer=1,
            proof="first value",
            show={"steps": 10},
            ring="remains",
        ),
        Prediction(
            id="batch_of_one",
            question="A batch of ONE sample, shape (1, 3, 5), goes through BatchNorm1d(3) in train mode. What comes out?",
            choices=(
                Choice("a (1, 3, 5) tensor", "Each channel still has five values to take a mean and variance of."),
                Choice(
                    "a ValueError",
                    "That comes where a channel holds one value, as for shape (1, 3). Here five positions share each channel.",
                ),
                Choice(
                    "NaN everywhere",
                    "The variance of one value would be 0 / 0 if it were unbiased. torch counts values, not samples, and here "
                    "there are five a channel.",
                ),
            ),
            answer=0,
            proof="batch of one",
            show={"N": 1},
            ring="train_returns",
        ),
        Prediction(
            id="two_values",
            question="In train mode a channel gets two values, far apart. What does a new BatchNorm return, rounded?",
            choices=(
                Choice(
                    "two numbers near N(0, 1)",
                    "Mean 0 and variance 1 leave two values no freedom: they must be one deviation below and above.",
                ),
                Choice(
                    "0 and 0",
                    "That is LayerNorm over an axis of size 1, where a value is its own mean. Here the two share a mean.",
                ),
                Choice(
                    "-1 and 1",
                    "Two values lie one biased deviation below and above their mean: all that is left of them is "
                    "which was larger.",
                ),
            ),
            answer=2,
            proof="two values",
            show={"N": 2, "L": 1},
            ring="range",
        ),
        Prediction(
            id="unbiased",
            question="Train mode divides the sum of squares by n for its output. What does running_var divide it by?",
            choices=(
                Choice("by n", "One would expect one variance for both. The output uses this one, the buffer another."),
                Choice("by n - 1", "The buffer takes the unbiased variance, in the same forward pass."),
                Choice(
                    "by n, and adds eps",
                    "eps is added inside the root when an output is computed. It is never stored in the buffer.",
                ),
            ),
            answer=1,
            proof="unbiased",
            show={"momentum": 1.0, "steps": 1},
            ring="divisor",
        ),
    ),
    traps=(
        Trap(
            name="A last batch of one",
            sentence="One sample and one position: in train mode each channel has a single value, and torch raises. "
            "drop_last=True keeps such a last batch away.",
            source="https://github.com/fastai/fastai/issues/1352",
            params={"N": 1, "L": 1},
        ),
        Trap(
            name="TensorFlow's momentum",
            sentence="PyTorch's momentum is the weight of the new batch: at 0.9 the last two batches make up 99 % of the buffers.",
            source="https://github.com/r9y9/tacotron_pytorch/issues/19",
            params={"momentum": 0.9},
        ),
        Trap(
            name="Frozen, and still drifting",
            sentence="requires_grad_(False) and no_grad stop gradients. In train mode each forward pass still moves running_mean.",
            source="https://github.com/pytorch/pytorch/issues/86590",
            params={"frozen": True},
        ),
        Trap(
            name="momentum=0 in a ported model",
            sentence="At momentum 0 a new batch has no weight: running_mean stays 0, running_var 1, and eval mode uses those.",
            source="https://github.com/Cadene/pretrained-models.pytorch/issues/5",
            params={"momentum": 0.0},
        ),
    ),
)
