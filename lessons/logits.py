"""Logits are scores up to a constant: softmax turns them into probabilities, and F.cross_entropy does that by itself."""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from explorable.lesson import Example, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.seeding import seeded
from lessons.source import snippet_of

Fed = Literal["logits", "softmax(logits)", "log_softmax(logits)"]


@dataclass(frozen=True)
class Params:
    z0: float = bounded(2.0, low=-10.0, high=10.0, step=0.1, about="logit of class 0; or drag its bar")
    z1: float = bounded(-1.0, low=-10.0, high=10.0, step=0.1, about="logit of class 1")
    z2: float = bounded(0.5, low=-10.0, high=10.0, step=0.1, about="logit of class 2")
    shift: float = bounded(0.0, low=-10.0, high=10.0, step=0.5, about="added to all three logits")
    temperature: float = bounded(1.0, low=0.1, high=10.0, step=0.1, about="what the logits are divided by")
    target: Literal[0, 1, 2] = choice(0, about="the right class")
    fed: Fed = choice("logits", about="what F.cross_entropy is given")


@dataclass(frozen=True)
class Result:
    logits: Tensor  # (3,)
    scaled: Tensor  # (3,) what softmax is given
    probs: Tensor  # (3,)
    log_probs: Tensor  # (3,) log_softmax
    log_of_probs: Tensor  # (3,) log of softmax: -inf where softmax underflows
    losses: dict[str, Tensor]  # what is fed -> cross-entropy
    lowest: dict[str, Tensor]  # what is fed -> cross-entropy of the best that can be fed
    grad: Tensor  # (3,) d losses[fed] / d logits, by autograd
    formula: Tensor  # (3,) (p - onehot) / temperature, the gradient where logits are fed


def compute(z0: float, z1: float, z2: float, shift: float, temperature: float, target: int, fed: str) -> Result:
    logits = torch.tensor([z0, z1, z2], requires_grad=True)
    label = torch.tensor(target)
    onehot = F.one_hot(label, num_classes=3).float()

    scaled = (logits + shift) / temperature
    probs = scaled.softmax(dim=0)
    log_probs = scaled.log_softmax(dim=0)
    log_of_probs = probs.log()

    losses = {
        "logits": F.cross_entropy(scaled, label),
        "softmax(logits)": F.cross_entropy(probs, label),  # a second softmax
        "log_softmax(logits)": F.cross_entropy(log_probs, label),
    }
    lowest = {
        "logits": F.cross_entropy(1000 * onehot, label),
        "softmax(logits)": F.cross_entropy(onehot, label),  # no probabilities are better than these
        "log_softmax(logits)": F.cross_entropy(onehot.log(), label),
    }
    [grad] = torch.autograd.grad(losses[fed], logits)
    formula = (probs - onehot) / temperature
    return Result(logits, scaled, probs, log_probs, log_of_probs, losses, lowest, grad, formula)


def run(params: Params) -> Result:
    with seeded(0):
        return compute(**vars(params))


def snippet(params: Params) -> str:
    return snippet_of(compute, vars(params))


def caption(params: Params, result: Result) -> str:
    z, p = ([f"{value:.3g}" for value in tensor.tolist()] for tensor in (result.logits, result.probs))
    loss, lowest = result.losses[params.fed].item(), result.lowest[params.fed].item()
    softmax = (
        f"softmax(([{', '.join(z)}] {'-' if params.shift < 0 else '+'} {abs(params.shift):g}) / {params.temperature:g}) "
        f"= [{', '.join(p)}]."
    )
    told = f"F.cross_entropy of {params.fed} for class {params.target} is {loss:.4f}."
    if params.fed == "softmax(logits)":
        right = result.losses["logits"].item()
        why = (
            f"It applies softmax once more: the loss of the logits is {right:.4f}, and this one cannot fall below "
            f"{lowest:.4f}."
        )
    else:
        why = f"Its gradient for that logit is {_signed(result.grad, params.target)}, which is (p - 1) / temperature."
    lost = int((result.log_of_probs == float("-inf")).sum())
    under = f" {lost} of 3 probabilities underflow to 0: their log is -inf, log_softmax stays finite." if lost else ""
    return f"{softmax} {told} {why}{under}"


def _signed(tensor: Tensor, index: int) -> str:
    return f"{tensor[index].item() + 0.0:.4f}"


Z = "torch.tensor([2.0, -1.0, 0.5])"
LESSON = Lesson(
    slug="logits",
    title="What a logit is",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="softmax([2, -1, 0.5] + 100), compared with softmax([2, -1, 0.5]): what changes?",
            choices=("the largest grows", "they become more equal", "nothing"),
            answer=2,
            why="exp(z + c) = exp(z) · exp(c), and exp(c) cancels: logits are defined up to an additive constant.",
            proof=f"'nothing' if torch.allclose(({Z} + 100).softmax(0), {Z}.softmax(0)) else 'something'",
            show={"shift": 10.0},
        ),
        Prediction(
            question="F.cross_entropy is fed the perfect probabilities [1, 0, 0] for class 0. What is the loss?",
            choices=("0.000", "0.551", "1.099"),
            answer=1,
            why="It takes them for logits and applies softmax again: log(1 + 2/e) = 0.551, and no probabilities do better.",
            proof="f'{F.cross_entropy(torch.tensor([1.0, 0.0, 0.0]), torch.tensor(0)).item():.3f}'",
            show={"fed": "softmax(logits)", "z0": 10.0, "z1": -10.0, "z2": -10.0},
        ),
        Prediction(
            question="For logits [2, -1, 0.5] and class 0, p of class 0 is 0.7856. What is the gradient of its logit?",
            choices=("-0.2144", "0.7856", "-1.2729"),
            answer=0,
            why="The gradient of cross-entropy by the logits is p - onehot: 0.7856 - 1 for the right class, p for the others.",
            proof=f"(lambda z: f'{{torch.autograd.grad(F.cross_entropy(z, torch.tensor(0)), z)[0][0].item():.4f}}')"
            f"({Z}.requires_grad_())",
            show={"target": 0},
        ),
        Prediction(
            question="The class is wrong for certain: logits [-10, 10, 10], class 0. Which input leaves a gradient to learn from?",
            choices=("softmax(logits)", "logits", "both"),
            answer=1,
            why="softmax is flat there: through it hardly anything comes back, while p - onehot of the logits is -1.",
            proof="(lambda g: {(False, True): 'logits', (True, False): 'softmax(logits)', (True, True): 'both'}"
            "[g(lambda z: z.softmax(0)), g(lambda z: z)])((lambda label: lambda f: (lambda z: bool(torch.autograd.grad("
            "F.cross_entropy(f(z), label), z)[0][0].abs() > 0.01))(torch.tensor([-10.0, 10.0, 10.0], requires_grad=True)))"
            "(torch.tensor(0)))",
            show={"fed": "softmax(logits)", "z0": -10.0, "z1": 10.0, "z2": 10.0},
        ),
    ),
    traps=(
        Trap(
            name="Softmax, then CrossEntropyLoss",
            sentence="The answer is as right as can be, and the loss stays at 0.551: softmax was applied twice.",
            source="https://github.com/ariecattan/SciCo/issues/2",
            params={"fed": "softmax(logits)", "z0": 10.0, "z1": -10.0, "z2": -10.0},
        ),
        Trap(
            name="Wrong, and no gradient",
            sentence="The answer is wrong for certain, but through two softmaxes almost no gradient reaches the logits.",
            source="https://github.com/Graylab/DL4Proteins-notebooks/issues/13",
            params={"fed": "softmax(logits)", "z0": -10.0, "z1": 10.0, "z2": -10.0},
        ),
        Trap(
            name="log of softmax",
            sentence="softmax underflows to 0 and its log is -inf; log_softmax of the same logits stays finite.",
            source="https://github.com/summerlvsong/Aggregation-Cross-Entropy/issues/2",
            params={"z0": 10.0, "z1": -10.0, "z2": 0.0, "temperature": 0.1, "target": 1},
        ),
    ),
    examples=(
        Example("Nothing known: three equal logits", {"z0": 0.0, "z1": 0.0, "z2": 0.0}),
        Example("Sure and right", {"z0": 8.0, "z1": -2.0, "z2": -2.0}),
        Example("Sure and wrong", {"z0": -2.0, "z1": 8.0, "z2": -2.0}),
        Example("Flattened by a temperature of 5", {"temperature": 5.0}),
    ),
)
