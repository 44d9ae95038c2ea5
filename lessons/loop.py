"""backward() adds to .grad, step() reads what is there, zero_grad() empties it: which of these lines run, and in which order, decides what is learned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.program import Program
from explorable.words import count, number

Change = Literal[
    "none", "no zero_grad()", "zero_grad() after backward()", "no backward()", "no step()", "step() before backward()",
    "clip after step()", "a new optimizer each turn", "one forward() for all turns",
    "accumulation: loss not divided", "accumulation: zero_grad() each turn",
]  # fmt: skip
LEADS = {
    "none": "With its lines in order",
    "no zero_grad()": "Without zero_grad()",
    "zero_grad() after backward()": "With zero_grad() behind backward()",
    "no backward()": "Without backward()",
    "no step()": "Without step()",
    "step() before backward()": "With step() before backward()",
    "clip after step()": "With clipping behind step()",
    "a new optimizer each turn": "With a new optimiser in each turn",
    "one forward() for all turns": "With one forward() for all turns",
    "accumulation: loss not divided": "With three losses accumulated and none divided",
    "accumulation: zero_grad() each turn": "With zero_grad() in each turn of an accumulation",
}
MEANT = {  # the loop that each is compared with
    "none": "",
    "no zero_grad()": "with zero_grad()",
    "zero_grad() after backward()": "with zero_grad() in front of it",
    "no backward()": "with backward()",
    "no step()": "with step()",
    "step() before backward()": "with step() behind backward()",
    "clip after step()": "with clipping in front of step()",
    "a new optimizer each turn": "with one optimiser for all turns",
    "one forward() for all turns": "with one forward() a turn",
    "accumulation: loss not divided": "with each loss divided",
    "accumulation: zero_grad() each turn": "with zero_grad() every third turn",
}
ACCUMULATES = ("accumulation: loss not divided", "accumulation: zero_grad() each turn")  # three turns for a step()
SCHEDULED = ("none", "no zero_grad()", "clip after step()")
CLIPPED = ("none", "no zero_grad()", "a new optimizer each turn")


@dataclass(frozen=True)
class Params:
    change: Change = choice("no zero_grad()", about="what is wrong with the loop")
    optimizer_is: Literal["SGD", "SGD, momentum=0.9", "Adam"] = choice("SGD", about="of w and b")
    lr: float = bounded(0.1, low=0.01, high=0.5, step=0.01, about="the learning rate")
    clip: bool = switch(False, about="clip_grad_norm_(max_norm=1.0)", when={"change": CLIPPED})
    schedule: Literal["none", "each epoch", "each batch"] = choice(
        "none", about="when ExponentialLR(gamma=0.8) steps; it is meant for epochs", when={"change": SCHEDULED}
    )


@dataclass(frozen=True)
class Result:
    losses: list[float]  # of the batch of each turn, 30 of them: 10 epochs of 3 batches
    in_order: list[float] | None  # the same for the loop with its lines in order
    norms: list[float]  # of the gradients that each step() reads, 0 where it finds none
    lrs: list[float]  # that each step() reads
    adds: list[list[float]]  # turn, counted from 0, and what its backward() adds to w.grad
    reads: list[list[float | None]]  # turn, and the w.grad that its step() reads
    weights: list[list[float]]  # w and b at first and after each turn; the data lie on 2 · x + 1
    epochs: Tensor | None  # (10,) mean of losses over each epoch
    epochs_in_order: Tensor | None  # (10,) mean of in_order over each epoch
    stride: float | None  # |change of w| in the last turn
    error: str | None


FALLS, RISES = "falls in every epoch", "rises in every epoch"
SWINGS, STAYS = "goes up and down", "stays where it was"
WOBBLE = 1e-6  # what rounding leaves of a loss that is learned


def trend(epochs: Tensor) -> str:
    """What the mean losses of the epochs do, rounding aside."""
    values = epochs.tolist()
    moves = [after - before for before, after in zip(values, values[1:], strict=False)]
    if max(map(abs, moves)) <= WOBBLE:
        return STAYS
    if all(move <= WOBBLE for move in moves):
        return FALLS
    return RISES if all(move >= -WOBBLE for move in moves) else SWINGS


def moved(result: Result) -> str:
    """In how many of the turns w or b changed."""
    turns = list(zip(result.weights, result.weights[1:], strict=False))
    changed = sum(before != after for before, after in turns)
    return f"moved in {changed} of {count(len(turns), 'turn')}" if changed else "never moved"


def told(value: float) -> str:
    return "more than a million" if value >= 1e6 else number(value).replace(",", "")


def values(params: Params) -> Mapping[str, Any]:
    """The program's parameters: what a change leaves no room for is off."""
    clip = params.clip and params.change in CLIPPED
    schedule = params.schedule if params.change in SCHEDULED else "none"
    return {**vars(params), "clip": clip, "schedule": schedule}


def caption(params: Params, result: Result) -> str:
    if result.error:
        return f"PyTorch stops with {result.error.partition(':')[0]}: turn 2 calls backward() on the graph that turn 1 freed."
    assert result.epochs is not None and result.epochs_in_order is not None
    first, last = (told(result.epochs[place].item()) for place in (0, -1))
    went = {STAYS: f"stays at {first}", SWINGS: f"{SWINGS} and ends at {last}"}.get(
        trend(result.epochs), f"goes from {first} to {last}"
    )
    said = f"{_lead(params)} the mean loss of an epoch {went}"
    if not meant(params):
        return f"{said}."
    if result.losses == result.in_order:
        return f"{said}, as it does {meant(params)}."
    return f"{said}, and {meant(params)} it ends at {told(result.epochs_in_order[-1].item())}."


def meant(params: Params) -> str:
    """The loop that this one is compared with, by what it has and this one lacks; "" where nothing is wrong with this one."""
    outer = ["with scheduler.step() in the outer loop"] * (values(params)["schedule"] == "each batch")
    return " and ".join([*filter(None, [MEANT[params.change]]), *outer])


def _lead(params: Params) -> str:
    """Which lines are not in order."""
    if values(params)["schedule"] != "each batch":
        return LEADS[params.change]
    inner = "with scheduler.step() in the inner loop"
    return f"W{inner[1:]}" if params.change == "none" else f"{LEADS[params.change]} and {inner}"


def details(params: Params, result: Result) -> str:
    w, b = result.weights[-1]
    taken = values(params)
    late = params.change == "clip after step()"
    clip = "clipped after step()" if late else "clipped before step()" if taken["clip"] else "not clipped"
    steps = "there is no scheduler" if taken["schedule"] == "none" else f"the scheduler steps {taken['schedule']}"
    said = (
        f"The optimiser is {params.optimizer_is} with lr {params.lr:g}, the gradients are {clip}, and {steps}. "
        f"w and b {moved(result)} and are {w + 0.0:.4g} and {b + 0.0:.4g}; the data lie on 2 · x + 1."
    )
    if result.error:
        return f"{said} {result.error if result.error[-1] == '.' else result.error + '.'}"
    if not any(result.norms):
        return f"{said} No step() read a gradient."
    return (
        f"{said} The norm of the gradients that step() read was {_norm(result.norms[0])} at first and "
        f"{_norm(result.norms[-1])} at last, the learning rate at last {number(result.lrs[-1], 4)}."
    )


def _norm(value: float) -> str:
    """A norm without the rounding that clipping leaves: `1.0`, not `0.9999998`."""
    return told(round(value, 5) or value)


LESSON = Lesson(
    slug="loop",
    title="The loop",
    truth=__doc__,
    Params=Params,
    program=Program("loop", Result, raises=(RuntimeError,), values=values),
    caption=caption,
    details=details,
    minutes=6,
    main=("change", "optimizer_is", "lr", "schedule"),
    related=("backward", "freeze", "live_training"),
    predictions=(
        Prediction(
            id="no_zero_grad",
            question="SGD, lr 0.1, no zero_grad(): what does the loss do from epoch to epoch?",
            choices=(
                Choice(
                    FALLS,
                    "So it is with zero_grad(). Without it each step uses the sum of all gradients so far, also of those that "
                    "pointed elsewhere.",
                ),
                Choice(
                    SWINGS,
                    "Each step uses the sum of all gradients so far, so w and b run past the goal, turn back and run past it again.",
                ),
                Choice(
                    STAYS, "Gradients do arrive, more of them than there should be. It stays where step() finds none."
                ),
                Choice(
                    "raises an error",
                    "Accumulated gradients are a feature: large batches are made of small ones so. Nothing warns.",
                ),
            ),
            answer=1,
            proof="no zero_grad",
            show={},
            ring="trend",
        ),
        Prediction(
            id="cleared",
            question="zero_grad() stands between backward() and step(). What do w and b do in 30 turns?",
            choices=(
                Choice(
                    "never moved",
                    "step() skips a parameter whose .grad is None, and that is what zero_grad() has made of all of them.",
                ),
                Choice(
                    "moved in 30 of 30 turns",
                    "step() has no memory of the loss: it reads .grad, and there is nothing in it.",
                ),
                Choice(
                    "an error: there is no gradient",
                    "step() raises nothing: it skips each parameter without a gradient, as it skips a frozen one.",
                ),
            ),
            answer=0,
            proof="cleared before the step",
            show={"change": "zero_grad() after backward()"},
            ring="moved",
        ),
        Prediction(
            id="clipped_late",
            question="clip_grad_norm_(max_norm=1.0) stands behind step(). Which norm has the gradient that the first step() reads?",
            choices=(
                Choice("1.0", "So it would be in front of step(). Behind it the gradient was used already."),
                Choice(
                    "0.0",
                    "backward() has run, and zero_grad() comes in the next turn. There is a gradient, and a whole one.",
                ),
                Choice(
                    "4.953",
                    "step() reads what backward() left. Clipping then changes a gradient that zero_grad() empties unread.",
                ),
            ),
            answer=2,
            proof="clipped too late",
            show={"change": "clip after step()"},
            ring="norm",
        ),
        Prediction(
            id="not_divided",
            question="A batch of 12 gives a gradient of norm 6.838. Split into 3 that are accumulated, no loss divided by 3: which norm does step() read?",
            choices=(
                Choice(
                    "6.838",
                    "So it is if each loss is divided by 3: the mean over 12 is the mean of three means over 4.",
                ),
                Choice(
                    "20.513",
                    "backward() adds, it does not average: the sum of three means is 3 times as long, as if lr were 3 times as large.",
                ),
                Choice(
                    "4.953",
                    "That is the first of the three batches alone. zero_grad() waits for step(), so the others come on top.",
                ),
            ),
            answer=1,
            proof="three losses, added",
            show={"change": ACCUMULATES[0]},
            ring="norm",
        ),
        Prediction(
            id="adam_anew",
            question="Adam with lr 0.05 is made anew in each turn. How far does the last of 30 turns move w?",
            choices=(
                Choice(
                    "0.033",
                    "So far it is with one Adam for all turns, which divides a mean of past gradients by their size.",
                ),
                Choice(
                    "0.05",
                    "A new Adam divides the gradient by its own size: the first step is lr, unless the gradient is about as small as eps, 1e-8.",
                ),
                Choice(
                    "0.0: it has no state",
                    "Without a past it steps all the same. Its averages are corrected for their start at 0.",
                ),
            ),
            answer=1,
            proof="Adam made anew",
            show={"change": "a new optimizer each turn", "optimizer_is": "Adam", "lr": 0.05},
            ring="stride",
        ),
        Prediction(
            id="scheduler",
            question="ExponentialLR(gamma=0.8) steps for each of 3 batches in 10 epochs. What is left of lr 0.1 at the last step()?",
            choices=(
                Choice("0.0134", "That is 0.1 · 0.8⁹: the scheduler stepped for each epoch, as it was meant."),
                Choice(
                    "0.1",
                    "A scheduler counts its own calls, and each one changes the lr of the optimiser that it was given.",
                ),
                Choice(
                    "0.0002",
                    "A scheduler counts calls, not epochs: before the last step it was called 29 times, 0.1 · 0.8²⁹.",
                ),
            ),
            answer=2,
            proof="a scheduler in the inner loop",
            show={"change": "none", "schedule": "each batch"},
            ring="lr",
        ),
    ),
    traps=(
        Trap(
            name="No zero_grad(), with momentum",
            sentence="Each step uses the sum of all gradients, and momentum sums them again: here the loss explodes.",
            source="https://github.com/wenet-e2e/wekws/issues/72",
            params={"optimizer_is": "SGD, momentum=0.9"},
        ),
        Trap(
            name="No step()",
            sentence="forward, backward() and zero_grad() run in each turn, and nothing moves a weight; no error says so.",
            source="https://github.com/tedlasai/learn2refocus/issues/5",
            params={"change": "no step()"},
        ),
        Trap(
            name="Clipping behind step()",
            sentence="The step has used the gradient that is clipped then, so max_norm has no effect.",
            source="https://github.com/awslabs/graphstorm/issues/1366",
            params={"change": "clip after step()"},
        ),
        Trap(
            name="The optimiser made in the loop",
            sentence="A new Adam has no averages: each of its steps is a first step, of length lr in each direction.",
            source="https://github.com/Wangyixinxin/ACN/issues/9",
            params={"change": "a new optimizer each turn", "optimizer_is": "Adam"},
        ),
        Trap(
            name="The scheduler in the inner loop",
            sentence="Stepped for each batch, the learning rate of an epoch's schedule is gone long before the last epoch.",
            source="https://github.com/ivadomed/ivadomed/pull/55",
            params={"change": "none", "schedule": "each batch"},
        ),
        Trap(
            name="Accumulated, not divided",
            sentence="Three gradients are added, not averaged: for SGD that is 3 times the learning rate, and here the loss explodes. Divide each by 3.",
            source="https://github.com/hirofumi0810/neural_sp/issues/168",
            params={"change": ACCUMULATES[0], "lr": 0.3},
        ),
        Trap(
            name="zero_grad() while accumulating",
            sentence="It empties .grad in each turn, so step() reads the last batch alone, and a third of it.",
            source="https://github.com/gaozhihan/PreDiff/issues/32",
            params={"change": ACCUMULATES[1]},
        ),
        Trap(
            name="One forward() for all turns",
            sentence="The loss is computed once, in front of the loop: its graph is gone after the first backward().",
            source="https://github.com/karpathy/nn-zero-to-hero/issues/31",
            params={"change": "one forward() for all turns"},
        ),
    ),
)
