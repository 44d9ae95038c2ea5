"""softmax ignores a constant added to all logits, sigmoid does not; F.cross_entropy applies log_softmax itself, so it takes logits."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program, unscoped
from explorable.words import number, spelled

Fed = Literal["logits", "softmax(logits)", "log_softmax(logits)"]


@dataclass(frozen=True)
class Params:
    z0: float = bounded(2.0, low=-10.0, high=10.0, step=0.1, about="logit of class 0; drag its bar")
    z1: float = bounded(-1.0, low=-10.0, high=10.0, step=0.1, about="logit of class 1")
    z2: float = bounded(0.5, low=-10.0, high=10.0, step=0.1, about="logit of class 2")
    shift: float = bounded(0.0, low=-10.0, high=10.0, step=0.5, about="added to all three logits")
    temperature: float = bounded(1.0, low=0.1, high=10.0, step=0.1, about="divides the logits")
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
    formula: Tensor  # (3,) (p - onehot) / temperature, the gradient where logits or log-probabilities are fed
    plus_100: Tensor  # (3,) the logits, 100 added to each
    probs_plus_100: Tensor  # (3,) their softmax, with the same shift and temperature
    moved: float  # the largest change of a probability where 100 is added to all logits
    log_grad: Tensor  # (3,) d -log_of_probs[target] / d logits: nan where softmax underflows in any class


def caption(params: Params, result: Result) -> str:
    loss, lowest = (number(by[params.fed].item()) for by in (result.losses, result.lowest))
    if params.fed == "softmax(logits)":
        return (
            f"F.cross_entropy applies softmax once more: the loss is {loss}, that of the logits is "
            f"{number(result.losses['logits'].item())}, and no probabilities bring it below {lowest}."
        )
    if lost := underflown(result):
        return (
            f"In float32 softmax is 0 for {spelled(lost)} of the three classes, where probs.log() is -inf; "
            f"log_softmax stays finite, and the loss is {loss}."
        )
    if params.fed == "log_softmax(logits)":
        return f"A second log_softmax changes no log-probability, so the loss is {loss}, as it is for the logits."
    p, again = (number(probs.max().item(), 4) for probs in (result.probs, result.probs_plus_100))
    told = f"stays {p}" if p == again else f"goes, by rounding, from {p} to {again}"
    return f"A constant added to all logits cancels in softmax: with 100 more on each, the largest probability {told}."


def underflown(result: Result) -> int:
    """How many of the probabilities are 0 in float32."""
    return int((result.probs == 0).sum())


def details(params: Params, result: Result) -> str:
    z = ", ".join(f"{value + 0.0:.3g}" for value in result.logits.tolist())
    p = ", ".join(number(value) if 0.999 < value < 1 else f"{value:.3g}" for value in result.probs.tolist())
    shifted = f"[{z}] {'-' if params.shift < 0 else '+'} {abs(params.shift):g}" if params.shift else f"[{z}]"
    divided = f"{f'({shifted})' if params.shift else shifted} / {params.temperature:g}"
    return (
        f"softmax({shifted if params.temperature == 1 else divided}) = [{p}]; class {params.target} is right. "
        "Where logits or log-probabilities are fed, the gradient by the logits is (p - onehot) / temperature; where "
        "softmax(logits) is fed it is another, as it comes back through two softmaxes. "
        "sigmoid, and with it BCEWithLogitsLoss, scores each logit by itself: there a constant changes the probabilities."
    )


LESSON = Lesson(
    slug="logits",
    title="What a logit is",
    truth=__doc__,
    Params=Params,
    program=Program("logits", Result, scope=unscoped),
    caption=caption,
    details=details,
    minutes=6,
    main=("fed", "shift", "temperature", "target"),
    related=("span", "train_mode_answers"),
    predictions=(
        Prediction(
            id="constant",
            question="100 is added to each of the logits [2, -1, 0.5]. What becomes of their softmax?",
            choices=(
                Choice(
                    "the largest grows",
                    "Multiplying by 100 would do that. Adding leaves the differences alone, and softmax depends on these.",
                ),
                Choice(
                    "they become more equal",
                    "Beside 100 the differences look small. But softmax takes differences, not ratios, of logits.",
                ),
                Choice(
                    "no probability changes",
                    "exp(z + c) = exp(z) · exp(c), and exp(c) cancels.",
                ),
                Choice(
                    "nan: exp(102) overflows",
                    "exp(102) does overflow in float32. torch subtracts the largest logit first, which changes no softmax.",
                ),
            ),
            answer=2,
            proof="a constant",
            show={},
            ring="constant",
        ),
        Prediction(
            id="gradient",
            question="Class 0 is right, and softmax of [2, -1, 0.5] gives it 0.7856. What is the gradient of cross_entropy by its logit?",
            choices=(
                Choice("-0.2144", "By the logits the gradient of cross-entropy is p - onehot: here 0.7856 - 1."),
                Choice(
                    "0.7856", "For a wrong class the gradient is its p. For the right class, 1 is subtracted from it."
                ),
                Choice(
                    "-1.2729",
                    "That is -1/p, the gradient by the probability. The way through softmax to the logit has p(1 - p) as a factor.",
                ),
                Choice("0.2413", "That is the loss, -log(0.7856). Its slope by the logit is another number."),
            ),
            answer=0,
            proof="gradient",
            show={},
            ring="grad",
        ),
        Prediction(
            id="perfect",
            question="F.cross_entropy is fed the perfect probabilities [1, 0, 0], class 0 is right. What is the loss?",
            choices=(
                Choice("0.0", "It would be -log(1) if they were read as probabilities. F.cross_entropy reads logits."),
                Choice(
                    "1.099", "That is log(3), the loss of three equal scores. These differ by 1, which helps a little."
                ),
                Choice("inf", "log(0) would appear for a class with p = 0, but these zeros are taken for logits."),
                Choice(
                    "0.551",
                    "It takes them for logits and applies softmax again: log(1 + 2/e). No three probabilities do better.",
                ),
            ),
            answer=3,
            proof="perfect probabilities",
            show={"fed": "softmax(logits)", "z0": 10.0, "z1": -10.0, "z2": -10.0},
            ring="loss",
        ),
        Prediction(
            id="log_probs",
            question="F.cross_entropy is fed log_softmax(logits) in place of the logits [2, -1, 0.5]. What comes out?",
            choices=(
                Choice(
                    "a larger loss",
                    "So it is here with softmax(logits). Log-probabilities differ from logits by a constant, and that cancels.",
                ),
                Choice(
                    "the same loss",
                    "log_softmax subtracts one constant from all logits, so a second log_softmax changes nothing.",
                ),
                Choice(
                    "nan: the log of a negative number",
                    "F.cross_entropy takes no log of what it is fed: log_softmax takes exp first, of any sign.",
                ),
            ),
            answer=1,
            proof="log-probabilities",
            show={"fed": "log_softmax(logits)"},
            ring="compared",
        ),
        Prediction(
            id="wrong",
            question="softmax, then F.cross_entropy; logits [-10, 10, 10], class 0 is right. How large is the largest gradient?",
            choices=(
                Choice(
                    "1.0",
                    "So large it is when logits are fed: p - onehot is -1. Softmax in between multiplies it by a slope near 0.",
                ),
                Choice("0.5", "That is p of the two wrong classes, and their gradient if logits were fed."),
                Choice(
                    "less than 0.0001",
                    "The softmax in front is flat there: p of class 0 hardly moves, and the two wrong classes pull alike.",
                ),
            ),
            answer=2,
            proof="wrong for certain",
            show={"fed": "softmax(logits)", "z0": -10.0, "z1": 10.0, "z2": 10.0},
            ring="largest",
        ),
        Prediction(
            id="log_of_softmax",
            question="Logits in float32, divided by a temperature, are [100, -100, 0]. What is softmax(...).log() of class 1?",
            choices=(
                Choice("-200.0", "On paper, and by log_softmax. But softmax has to store exp(-200) first."),
                Choice("-inf", "exp(-200) is too small for float32: softmax stores 0, and the log of 0 is taken."),
                Choice("nan", "The value is an infinity, not nan. It is the gradient through it that becomes nan."),
            ),
            answer=1,
            proof="log of softmax",
            show={"z0": 10.0, "z1": -10.0, "z2": 0.0, "temperature": 0.1, "target": 1},
            ring="log",
        ),
    ),
    traps=(
        Trap(
            name="Softmax, then CrossEntropyLoss",
            sentence="The answer is as right as can be, and the loss is 0.551: softmax was applied twice.",
            source="https://github.com/ariecattan/SciCo/issues/2",
            params={"fed": "softmax(logits)", "z0": 10.0, "z1": -10.0, "z2": -10.0},
        ),
        Trap(
            name="Wrong, and no gradient",
            sentence="The answer is wrong for certain, but behind a second softmax the largest gradient is below 0.0001.",
            source="https://github.com/bowang-lab/Transformer-GCN-QA/pull/32",
            params={"fed": "softmax(logits)", "z0": -10.0, "z1": 10.0, "z2": -10.0},
        ),
        Trap(
            name="log of softmax",
            sentence="In float32 softmax underflows to 0 in the right class: its log is -inf, and the gradient through it nan. "
            "log_softmax of the same logits is finite.",
            source="https://github.com/pytorch/pytorch/issues/1620",
            params={"z0": 10.0, "z1": -10.0, "z2": 0.0, "temperature": 0.1, "target": 1},
        ),
    ),
    examples=(
        Example("Three equal logits", {"z0": 0.0, "z1": 0.0, "z2": 0.0}),
        Example("Sure and right", {"z0": 8.0, "z1": -2.0, "z2": -2.0}),
        Example("Sure and wrong", {"z0": -2.0, "z1": 8.0, "z2": -2.0}),
        Example("Flattened by a temperature of 5", {"temperature": 5.0}),
    ),
)
