"""In train mode BatchNorm uses the mean and variance of the batch, in eval mode the running averages it has stored."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lessons.lesson import Lesson, Prediction, Trap
from lessons.params import bounded, switch
from lessons.seeding import seeded
from lessons.source import snippet_of


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


def states_of(bn: nn.Module, batches: Tensor) -> list[dict[str, Tensor]]:
    """The state dict before the first and after each of the batches."""
    states = [{name: value.clone() for name, value in bn.state_dict().items()}]
    for batch in batches:
        bn(batch)
        states.append({name: value.clone() for name, value in bn.state_dict().items()})
    return states


def compute(N: int, L: int, momentum: float | None, steps: int, shift: float, frozen: bool) -> Result:
    torch.manual_seed(0)
    loc, scale = torch.tensor([[5.0], [0.0], [-2.0]]), torch.tensor([[2.0], [1.0], [0.5]])
    x = loc + scale * torch.randn(N, 3, L)
    batches = loc + scale * torch.randn(steps, N, 3, L)

    bn = nn.BatchNorm1d(3, momentum=momentum).requires_grad_(not frozen)
    eps, weight, bias = bn.eps, bn.weight.detach(), bn.bias.detach()

    if N * L == 1:
        y_eval = bn.eval()(x)
        y_train = bn.train()(x)  # one value has no variance

    with torch.set_grad_enabled(not frozen):
        states = states_of(bn, batches)
    running_mean, running_var = (
        torch.stack([state[name] for state in states]) for name in ("running_mean", "running_var")
    )
    if steps == 0:
        batch_mean, batch_var = torch.empty(2, 0, 3)
    else:
        batch_mean, batch_var = batches.mean(dim=(1, 3)), batches.var(dim=(1, 3))
    remains = float(steps == 0) if momentum is None else (1 - momentum) ** steps
    drift = {name: (states[-1][name] - first).abs().max().item() for name, first in states[0].items()}

    shifted = torch.cat([x[:1], x[1:] + shift])
    y_eval = bn.eval()(x)
    change_eval = bn(shifted)[0] - y_eval[0]

    y_train = bn.train()(x)
    change_train = bn(shifted)[0] - y_train[0]
    mean, var = x.mean(dim=(0, 2)), x.var(dim=(0, 2), unbiased=False)
    gap = y_train - y_eval
    return Result(
        loc, x, eps, weight, bias, running_mean, running_var, batch_mean, batch_var, remains, drift, mean, var,
        y_train.detach(), y_eval.detach(), gap.detach(), change_train.detach(), change_eval.detach(), error=None,
    )  # fmt: skip


def run(params: Params) -> Result:
    with seeded(0):
        try:
            return compute(**vars(params))
        except ValueError as error:
            return refused(f"{type(error).__name__}: {error}")


def refused(error: str) -> Result:
    """What is there before train mode refuses a channel with one value: x, and its output in eval mode."""
    torch.manual_seed(0)
    loc, scale = torch.tensor([[5.0], [0.0], [-2.0]]), torch.tensor([[2.0], [1.0], [0.5]])
    x = loc + scale * torch.randn(1, 3, 1)
    bn = nn.BatchNorm1d(3).eval().requires_grad_(False)
    fields: dict[str, Any] = dict.fromkeys(Result.__annotations__)
    fields |= {"loc": loc, "x": x, "eps": bn.eps, "weight": bn.weight.detach(), "bias": bn.bias.detach()}
    return Result(**fields | {"y_eval": bn(x), "error": error})


def snippet(params: Params) -> str:
    return snippet_of(compute, vars(params), also=[states_of])


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
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="In eval mode, every sample but sample 0 grows by 20. How far does the output of sample 0 move?",
            choices=("0.0", "a little", "20.0"),
            answer=0,
            why="Eval mode normalises with the stored buffers, so a sample never sees its neighbours. "
            "In train mode all samples share one mean, and the output does move.",
            proof="(lambda bn, x: (bn(torch.cat([x[:1], x[1:] + 20]))[0] - bn(x)[0]).abs().max().item())"
            "(nn.BatchNorm1d(3).eval(), torch.randn(4, 3, 5))",
            show={"shift": 20.0},
        ),
        Prediction(
            question="The data has mean 5, momentum is 0.1, running_mean starts at 0. What is it after 10 batches?",
            choices=("5.0", "3.3", "1.0"),
            answer=1,
            why="Each batch counts 0.1 and the old value 0.9, so 0.9¹⁰ = 35 % of the first value, 0, is still there.",
            proof="(lambda bn: [bn(torch.full((4, 1), 5.0)) for _ in range(10)] and "
            "round(bn.running_mean.item(), 1))(nn.BatchNorm1d(1))",
            show={"steps": 10, "momentum": 0.1},
        ),
        Prediction(
            question="A batch of ONE sample, shape (1, 3, 5), in train mode: what comes out?",
            choices=("a ValueError", "nan everywhere", "an output of shape (1, 3, 5)"),
            answer=2,
            why="Each channel still has N × L = 5 values to take a variance of. Train mode refuses only N × L = 1.",
            proof="(lambda y: f'an output of shape {tuple(y.shape)}' if y.isfinite().all() else 'nan everywhere')"
            "(nn.BatchNorm1d(3)(torch.randn(1, 3, 5)))",
            show={"N": 1, "L": 5},
        ),
        Prediction(
            question="A channel gets just two values in train mode, 0.3 and 7.0. What are its outputs, rounded?",
            choices=("[0, 7]", "[0, 0]", "[-1, 1]"),
            answer=2,
            why="Two values always lie one (biased) standard deviation below and above their mean: "
            "all that is left of a batch of two is which one was larger.",
            proof="[round(y) for y in nn.BatchNorm1d(1)(torch.tensor([[0.3], [7.0]])).flatten().tolist()]",
            show={"N": 2, "L": 1},
        ),
        Prediction(
            question="momentum=1, and one batch holds 0, 2 and 4. Is running_var the biased 8/3 or the unbiased 8/2?",
            choices=("2.667", "4.0"),
            answer=1,
            why="The buffer takes the unbiased variance (divided by n - 1), while the output of the very same "
            "forward pass is divided by the root of the biased one (divided by n).",
            proof="(lambda bn: bn(torch.tensor([[0.0], [2.0], [4.0]])) is not None and "
            "round(bn.running_var.item(), 3))(nn.BatchNorm1d(1, momentum=1.0))",
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
