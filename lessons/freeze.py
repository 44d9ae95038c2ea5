"""BatchNorm's buffers follow the mode of the layer, not requires_grad: they move in train mode and stay in eval mode."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import regex
from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch, text
from explorable.program import Program
from explorable.words import count, listing, number, one_of, spelled
from lessons.repeats import checked

MATCHING, LOOP = "all but a pattern", "all, by a loop"
ROUNDING = 1e-5  # a .grad with a smaller norm is rounding error
Freeze = Literal[
    "nothing", "all but a pattern", "all, by a loop", "stem.requires_grad_(False)",
    "head.requires_grad_(False)", "stem.requires_grad = False", "p.require_grad = False",
]  # fmt: skip


@dataclass(frozen=True)
class Params:
    freeze: Freeze = choice(MATCHING, about="what is frozen, and how")
    pattern: str = text(
        r"^(body|head)\.", max_length=120, about="regex: names that go on learning", when={"freeze": (MATCHING,)}
    )
    moment: Literal["before training", "between backward and step", "after the first step"] = choice(
        "before training", about="when it is frozen"
    )
    mode: Literal["train", "train, norm in eval", "eval", "no_grad"] = choice("train", about="no_grad: in train mode")
    optimizer: Literal["SGD", "SGD, momentum", "Adam", "AdamW"] = choice("AdamW", about="given all parameters")
    weight_decay: float = bounded(0.1, low=0.0, high=0.5, step=0.05, about="of the optimiser")
    set_to_none: bool = switch(True, about="zero_grad(set_to_none=...)")
    prompt: bool = switch(False, about="learnable, added to the input")
    steps: int = bounded(3, low=2, high=5, step=1, about="of the optimiser, on one batch")


@dataclass(frozen=True)
class Result:
    """Where backward() raises, the lists end with the step before it."""

    names: list[str]  # P parameters of the model, then the prompt if there is one
    buffers: list[str]  # B buffers
    requires_grad: list[list[bool]]  # for each forward pass, when its step is taken, of the P parameters
    flow: list[dict[str, bool]]  # for each forward pass: layer -> whether its output carries a graph
    grads: list[Tensor]  # for each step (P,) norm of .grad when the optimiser reads it; NaN where it is None
    moved: list[Tensor]  # for each step (P,) largest |change| of the parameter in this step
    drift: list[Tensor]  # for each forward pass (B,) largest |change| of the buffer in this pass
    means: list[float]  # norm.running_mean[0] before the first forward pass and after each
    losses: list[float]
    cost: dict[str, int]  # bytes of one step with nothing frozen
    cost_frozen: dict[str, int] | None  # with what is frozen in the end
    error: str | None


def values(params: Params) -> Mapping[str, Any]:
    """The program's parameters; raises BadParam for a pattern that would fill the memory."""
    checked(params.pattern)
    return vars(params)


def strays(result: Result) -> list[str]:
    """The tensors that a step moved although they were frozen when it was taken."""
    taken = list(zip(result.moved, result.requires_grad, strict=False))
    return [
        name
        for index, name in enumerate(result.names)
        if any(moved[index] > 0 and not flags[index] for moved, flags in taken)
    ]


def frozen(result: Result) -> list[str]:
    """The tensors that are frozen in the end; none before the first pass."""
    flags = result.requires_grad[-1] if result.requires_grad else [True] * len(result.names)
    return [name for name, trains in zip(result.names, flags, strict=True) if not trains]


def moved(result: Result) -> list[str]:
    """The parameters that any step moved."""
    return [name for index, name in enumerate(result.names) if any(step[index] > 0 for step in result.moved)]


def drifted(result: Result) -> list[str]:
    """The buffers that any forward pass changed."""
    return [name for index, name in enumerate(result.buffers) if any(step[index] > 0 for step in result.drift)]


def caption(params: Params, result: Result) -> str:
    if result.error:
        return _refused(params, result, *result.error.split(": ", 1))
    cold = strays(result)
    though = f", {spelled(len(cold))} of them although frozen" if cold else ""
    tensors = f"{len(moved(result))} of {count(len(result.names), 'parameter')}"
    return f"In {params.steps} steps, {tensors} moved{though}; BatchNorm's buffers {_kept(result)}."


def _kept(result: Result) -> str:
    return "moved" if drifted(result) else "stayed"


def _refused(params: Params, result: Result, kind: str, said: str) -> str:
    if kind == "RuntimeError":
        cause = "the pass ran under no_grad" if params.mode == "no_grad" else "nothing requires a gradient"
        after = f" after {count(len(result.moved), 'step')}" if result.moved else ""
        return f"PyTorch refuses{after} with RuntimeError: {cause}, so backward() has no graph; BatchNorm's buffers {_kept(result)}."
    if kind == "TimeoutError":
        return "The pattern is refused with TimeoutError: its search took too long on a name, so no step was taken."
    return f"The pattern is no regex ({said}), so no step was taken."


def details(params: Params, result: Result) -> str:
    parts = [_settings(params, result), _far(result), _rounding(params, result), _bytes(result)]
    return " ".join(part for part in parts if part)


def _settings(params: Params, result: Result) -> str:
    zero = "" if params.set_to_none else ", gradients zeroed instead of dropped"
    left = f' "{params.pattern}"' if params.freeze == MATCHING else ""
    prompt = ", with a prompt" if params.prompt else ""
    planned = " planned" if result.error else ""
    return (
        f"Frozen {params.moment}: {params.freeze}{left}. {params.optimizer} with weight_decay={params.weight_decay:g}, "
        f"{params.steps} steps{planned} {MODES[params.mode]}{prompt}{zero}."
    )


MODES = {
    "train": "in train mode",
    "train, norm in eval": "in train mode, norm in eval mode",
    "eval": "in eval mode",
    "no_grad": "in train mode under no_grad",
}


def _far(result: Result) -> str:
    if not result.moved:
        return "No step was taken."
    cold = strays(result)
    farthest = max(step.max().item() for step in result.moved)
    end = f"; although frozen, {listing(cold)} {one_of(len(cold), 'was', 'were')} moved" if cold else ""
    return f"The farthest a parameter moved in one step is {number(farthest, 4)}{end}."


def _rounding(params: Params, result: Result) -> str:
    """Why what is added before BatchNorm moves: its gradient is rounding error, which Adam scales up to a whole step."""
    if not params.optimizer.startswith("Adam") or not result.moved:
        return ""
    return " ".join(_walked(params, result, name) for name in ("stem.bias", "prompt") if name in result.names).strip()


def _walked(params: Params, result: Result, name: str) -> str:
    at = result.names.index(name)
    grad, far = result.grads[0][at].item(), result.moved[0][at].item()
    if not (0 < grad < ROUNDING and far > 1e-3):
        return ""
    added = name.split(".")[-1]
    divides = f"{params.optimizer} divides a gradient by its own size"
    decays = ""
    if params.weight_decay:
        coupled = params.optimizer == "Adam"
        divides += f", and adds weight_decay times the {added} to it first" if coupled else ""
        decays = "" if coupled else ", weight decay included"
    return (
        f"{name} has a gradient of {grad:.0e} at the first step, which is rounding error: BatchNorm subtracts the {added} again. "
        f"{divides}, so it moves {number(far, 4)} all the same{decays}."
    )


def _bytes(result: Result) -> str:
    if result.cost_frozen is None:
        return ""
    free, now = sum(result.cost.values()), sum(result.cost_frozen.values())
    return (
        f"Beside weights and buffers a step keeps {count(now, 'byte')} on the CPU; with nothing frozen it keeps {free}."
    )


def first_gradient(result: Result, name: str) -> str:
    """What this parameter has as .grad at the first step; BatchNorm in train mode subtracts again what is added to each sample."""
    if not result.grads or math.isnan(norm := result.grads[0][result.names.index(name)].item()):
        return "None"
    return "zeros" if not norm else "rounding error" if norm < ROUNDING else number(norm)


NONE_OF_4, HALF_OF_4, ALL_OF_4 = "0 of 4", "2 of 4", "4 of 4"

LESSON = Lesson(
    slug="freeze",
    title="Freeze and step",
    truth=__doc__,
    Params=Params,
    program=Program("freeze", Result, raises=(RuntimeError, regex.error, TimeoutError), values=values),
    caption=caption,
    details=details,
    minutes=6,
    main=("freeze", "moment", "mode", "set_to_none"),
    related=("batch_norm", "traversal", "edit"),
    predictions=(
        Prediction(
            id="frozen_norm",
            question="norm, a BatchNorm in train mode, is frozen. What do three steps change in norm?",
            choices=(
                Choice(
                    "nothing at all",
                    "Frozen sounds like all of the layer. requires_grad is a flag of its weight and bias; the forward pass "
                    "writes the running statistics, and it never asks for the flag.",
                ),
                Choice(
                    "its weight and bias",
                    "The optimiser was given them, but their .grad stays None, and a step skips what has no .grad.",
                ),
                Choice(
                    "its buffers alone",
                    "In train mode each forward pass moves running_mean and running_var and counts in num_batches_tracked, whatever requires_grad says.",
                ),
            ),
            answer=2,
            proof="a frozen norm",
            show={},
            ring="norm",
        ),
        Prediction(
            id="everything",
            question="The loop sets requires_grad = False on every parameter of the model. What does loss.backward() do?",
            choices=(
                Choice(
                    "it raises RuntimeError",
                    "No leaf requires a gradient, so the loss has no grad_fn and backward() has nowhere to begin.",
                ),
                Choice(
                    "it runs and fills no .grad",
                    "It runs while the loss has one leaf that requires a gradient, and fills the .grad of that one. Without any it raises.",
                ),
                Choice(
                    "it runs and fills zeros",
                    "backward() writes no zeros into what is frozen: its .grad stays as it was, here None.",
                ),
            ),
            answer=0,
            proof="everything frozen",
            show={"freeze": LOOP},
            ring="backward",
        ),
        Prediction(
            id="between",
            question="stem and norm are frozen after the first backward(), before AdamW's step(). How many of their tensors move?",
            choices=(
                Choice(NONE_OF_4, "step() does not read requires_grad. It looks at .grad, and that was filled before."),
                Choice(
                    ALL_OF_4, "The .grad that backward() has filled is still there, and that is what step() looks at."
                ),
                Choice(
                    HALF_OF_4, "Weight decay pulls at every tensor with a .grad, bias or not, and so do the gradients."
                ),
            ),
            answer=1,
            proof="between backward and step",
            show={"moment": "between backward and step"},
            ring="stray",
        ),
        Prediction(
            id="attribute",
            question="After `stem.requires_grad = False`, how many of the model's parameters have requires_grad False?",
            choices=(
                Choice("2 of 8 tensors", "That takes the method: stem.requires_grad_(False) goes over the parameters."),
                Choice("8 of 8 tensors", "Nothing spreads: the line sets one attribute on one module."),
                Choice(
                    "0 of 8 tensors",
                    "A module has no such switch: the line makes a new attribute that nothing reads, without an error.",
                ),
            ),
            answer=2,
            proof="an attribute",
            show={"freeze": "stem.requires_grad = False"},
            ring="count",
        ),
        Prediction(
            id="prompt",
            question="All weights are frozen, in eval mode, and a learnable prompt is added to x. What is in prompt.grad after backward()?",
            choices=(
                Choice(
                    "numbers other than zero",
                    "A frozen layer fills no .grad of its own, but the gradient still flows through it to its input.",
                ),
                Choice(
                    "None",
                    "It stays None where the graph is cut, as detach() does. requires_grad=False on the weights cuts nothing.",
                ),
                Choice(
                    "zeros", "Frozen weights are constants, not zeros: the derivative by the input is there as ever."
                ),
            ),
            answer=0,
            proof="a prompt",
            show={"freeze": LOOP, "prompt": True, "mode": "eval"},
            ring="prompt",
        ),
        Prediction(
            id="bias",
            question="Nothing is frozen, and stem, a Linear with a bias, stands before BatchNorm in train mode. What is in stem.bias.grad?",
            choices=(
                Choice(
                    "None",
                    "It requires a gradient and takes part in the output, so backward() fills it. With what, is another matter.",
                ),
                Choice(
                    "a number like the others'",
                    "It is added to each sample alike, and BatchNorm subtracts the mean over the samples: nothing of it is left.",
                ),
                Choice(
                    "rounding error",
                    "BatchNorm subtracts the bias again, so its gradient is 0 but for rounding; Adam scales that up to nearly whole steps.",
                ),
            ),
            answer=2,
            proof="a bias before BatchNorm",
            show={"freeze": "nothing", "optimizer": "Adam", "weight_decay": 0.0},
            ring="bias",
        ),
        Prediction(
            id="zeros",
            question="stem and norm are frozen after the first AdamW step, with zero_grad(set_to_none=False). How many of their tensors still move?",
            choices=(
                Choice(
                    NONE_OF_4, "So it is with the default, where .grad becomes None. A .grad of zeros is still a .grad."
                ),
                Choice(
                    HALF_OF_4,
                    "Weight decay does not tell weights from biases unless they stand in groups of their own.",
                ),
                Choice(
                    ALL_OF_4, "With .grad at zero instead of None, AdamW goes on by its momentum and decays the tensor."
                ),
            ),
            answer=2,
            proof="zeros instead of None",
            show={"moment": "after the first step", "set_to_none": False},
            ring="stray",
        ),
    ),
    traps=(
        Trap(
            name="Everything frozen: it raises",
            sentence="Nothing requires a gradient any more, so backward() raises; BatchNorm's buffers have moved all the same.",
            source="https://github.com/jina-ai/finetuner/issues/435",
            params={"freeze": LOOP},
        ),
        Trap(
            name="Frozen BatchNorm",
            sentence="Its weight and bias stay, its running statistics do not; put the layer into eval mode as well.",
            source="https://github.com/pytorch/pytorch/issues/86590",
            params={"pattern": r"^(stem|body|head)\."},
        ),
        Trap(
            name="set_to_none=False and momentum",
            sentence="With set_to_none=False an old .grad of zeros stays, and weight decay and momentum move what is frozen.",
            source="https://github.com/facebookresearch/fairseq/issues/4702",
            params={"moment": "after the first step", "set_to_none": False, "optimizer": "SGD, momentum"},
        ),
        Trap(
            name="A bias before BatchNorm",
            sentence="In train mode BatchNorm subtracts it again: its gradient is rounding error, and Adam walks it about; write bias=False.",
            source="https://github.com/ClementPinard/FlowNetPytorch/issues/81",
            params={"freeze": "nothing", "optimizer": "Adam", "weight_decay": 0.0},
        ),
        Trap(
            name="module.requires_grad = False",
            sentence="An attribute that nothing reads: every parameter goes on learning, without an error.",
            source="https://github.com/pytorch/pytorch/issues/20241",
            params={"freeze": "stem.requires_grad = False"},
        ),
        Trap(
            name="A typo freezes nothing",
            sentence="p.require_grad = False sets a new attribute; the s is missing, and torch does not complain.",
            source="https://github.com/SvenBecker/vscode-pytorch/issues/8",
            params={"freeze": "p.require_grad = False"},
        ),
    ),
)
