"""In train mode BatchNorm uses the mean and variance of the batch, in eval mode the running averages it has stored."""

from dataclasses import dataclass

from torch import Tensor

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, switch
from explorable.program import Program


@dataclass(frozen=True)
class Params:
    N: int = bounded(4, low=1, high=6, step=1, about="samples in a batch")
    L: int = bounded(5, low=1, high=6, step=1, about="positions in a sample; there are always 3 channels")
    momentum: float | None = bounded(0.1, low=0.0, high=1.0, step=0.05, about="weight of the new batch; None: mean")
    steps: int = bounded(30, low=0, high=60, step=1, about="batches seen in train mode before eval()")
    shift: float = bounded(5.0, low=0.0, high=20.0, step=0.5, about="added to every sample but sample 0")
    frozen: bool = switch(False, about="requires_grad_(False), and the batches run without gradients")


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
    y_train: Tensor  # (N, 3, L)
    y_eval: Tensor  # (N, 3, L)
    gap: Tensor  # (N, 3, L) y_train - y_eval
    change_train: Tensor  # (3, L) what shifting the other samples does to the output of sample 0
    change_eval: Tensor  # (3, L) likewise
    error: str | None  # what torch says where train mode refuses


def caption(params: Params, result: Result) -> str:
    parts = (_refused,) if result.error else (_modes, _buffers, _neighbours, _frozen)
    return " ".join(part(params, result) for part in parts)


def _refused(params: Params, result: Result) -> str:
    answer = ", ".join(f"{y:.3f}" for y in result.y_eval.flatten().tolist())
    return (
        f"{result.error}. One value has no variance, so train mode refuses a channel with N × L = 1, "
        f"whatever momentum ({params.momentum}), steps ({params.steps}), shift ({params.shift:g}) and "
        f"frozen ({params.frozen}) are. Eval mode needs no batch: with the fresh buffers 0 and 1 it answers {answer}."
    )


def _modes(params: Params, result: Result) -> str:
    apart = result.gap.square().mean().sqrt().item()
    return (
        f"Train mode takes the mean and variance of {params.N} × {params.L} values in each channel of this batch; "
        f"eval mode takes the buffers that {params.steps} batches left behind. "
        f"The outputs are {apart:.3f} apart (root mean square)."
    )


def _buffers(params: Params, result: Result) -> str:
    stored, batch = result.running_mean[-1, 0].item(), result.mean[0].item()
    meaning = "the plain mean over batches" if params.momentum is None else "the weight of the NEW batch"
    return (
        f"In channel 0 this batch has mean {batch:.3f} and running_mean is {stored:.3f}: momentum {params.momentum} "
        f"is {meaning}, and {100 * result.remains:.3g} % of the first values 0 and 1 remain."
    )


def _neighbours(params: Params, result: Result) -> str:
    if params.N == 1:
        return f"There is no other sample that could be shifted by {params.shift:g}."
    train, still = (change.abs().max().item() for change in (result.change_train, result.change_eval))
    return (
        f"Add {params.shift:g} to every other sample and the output of sample 0 moves by up to "
        f"{train:.3f} in train mode and {still:.3f} in eval mode."
    )


def _frozen(params: Params, result: Result) -> str:
    moved = result.drift["running_mean"]
    if not moved:
        return "The buffers have not moved from 0 and 1."
    if params.frozen:
        return (
            f"Every parameter is frozen and no gradient was recorded; running_mean moved all the same, by {moved:.3f}."
        )
    return f"No optimizer stepped: the forward passes alone moved running_mean, by up to {moved:.3f}."


LESSON = Lesson(
    slug="batch_norm",
    title="BatchNorm",
    truth=__doc__,
    Params=Params,
    program=Program("batch_norm", Result, raises=(ValueError,)),
    caption=caption,
    predictions=(
        Prediction(
            question="In eval mode, every sample but sample 0 grows by 20. How far does the output of sample 0 move?",
            choices=("0.0", "a little", "20.0"),
            answer=0,
            why="Eval mode normalises with the stored buffers, so a sample never sees its neighbours. "
            "In train mode all samples share one mean, and the output does move.",
            proof="neighbour",
            show={"shift": 20.0},
        ),
        Prediction(
            question="The data has mean 5, momentum is 0.1, running_mean starts at 0. What is it after 10 batches?",
            choices=("5.0", "3.3", "1.0"),
            answer=1,
            why="Each batch counts 0.1 and the old value 0.9, so 0.9¹⁰ = 35 % of the first value, 0, is still there.",
            proof="ten batches",
            show={"steps": 10, "momentum": 0.1},
        ),
        Prediction(
            question="A batch of ONE sample, shape (1, 3, 5), in train mode: what comes out?",
            choices=("a ValueError", "nan everywhere", "an output of shape (1, 3, 5)"),
            answer=2,
            why="Each channel still has N × L = 5 values to take a variance of. Train mode refuses only N × L = 1.",
            proof="batch of one",
            show={"N": 1, "L": 5},
        ),
        Prediction(
            question="A channel gets just two values in train mode, 0.3 and 7.0. What are its outputs, rounded?",
            choices=("[0, 7]", "[0, 0]", "[-1, 1]"),
            answer=2,
            why="Two values always lie one (biased) standard deviation below and above their mean: "
            "all that is left of a batch of two is which one was larger.",
            proof="two values",
            show={"N": 2, "L": 1},
        ),
        Prediction(
            question="momentum=1, and one batch holds 0, 2 and 4. Is running_var the biased 8/3 or the unbiased 8/2?",
            choices=("2.667", "4.0"),
            answer=1,
            why="The buffer takes the unbiased variance (divided by n - 1), while the output of the very same "
            "forward pass is divided by the root of the biased one (divided by n).",
            proof="unbiased",
            show={"momentum": 1.0, "steps": 1},
        ),
    ),
    traps=(
        Trap(
            name="A batch of one",
            sentence="The last batch of an epoch can hold one sample; with one value a channel train mode raises. drop_last=True helps.",
            source="https://github.com/scverse/scvi-tools/issues/2314",
            params={"N": 1, "L": 1},
        ),
        Trap(
            name="momentum=0.9 taken from another library",
            sentence="PyTorch's momentum is the weight of the NEW batch: 0.9 forgets all but the last two batches.",
            source="https://github.com/eriklindernoren/PyTorch-YOLOv3/issues/230",
            params={"momentum": 0.9},
        ),
        Trap(
            name="Frozen, and still drifting",
            sentence="requires_grad=False and no_grad stop gradients. Buffers have none: only eval() keeps them still.",
            source="https://github.com/pytorch/pytorch/issues/86590",
            params={"frozen": True},
        ),
        Trap(
            name="Too few batches before eval()",
            sentence="After 10 batches with momentum 0.1 the buffers still hold 0.9¹⁰ = 35 % of the first 0 and 1.",
            source="https://github.com/tensorflow/tensorflow/issues/1122",
            params={"steps": 10},
        ),
    ),
)
