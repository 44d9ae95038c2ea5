"""In this net train() and eval() choose what the layers compute; no_grad() and inference_mode() stop autograd from recording it."""

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.program import Program
from explorable.words import count, listing, number, one_of


@dataclass(frozen=True)
class Params:
    mode: Literal["train", "eval"] = choice("eval", about="called on the outer module")
    grad: Literal["on", "no_grad", "inference_mode"] = choice("on", about="around the forward pass")
    wrapper: Literal["none", "eval() in __init__", "train() overridden"] = choice("none", about="what holds net")
    requires_grad: bool = switch(True, about="of net's parameters")
    loss_of: Literal["y", "head(y)"] = choice("y", about="what the loss is taken of")
    batch: int = bounded(4, low=2, high=8, step=1, about="rows of x")
    seed: int = bounded(0, low=0, high=999, step=1, about="of weights, x and masks")


@dataclass(frozen=True)
class Result:
    x: Tensor  # (batch, 6) input, and what the loss compares with
    flags: list[tuple[str, bool, bool]]  # (call, model.training, net.training) after each call, in order
    board: dict[str, dict[str, dict[str, Any]]]  # "train, no_grad" -> layer -> what `observe` saw
    net_training: bool  # net.training when the chosen mode is called
    y: Tensor  # (batch, 6) output for the chosen mode and grad
    difference: Tensor  # (batch, 6) a second call minus y
    gradients: dict[str, float] | None  # parameter -> norm of its .grad after backward, None where torch refuses
    error: str | None


NAMES = {"linear": "nn.Linear", "batch_norm": "nn.BatchNorm1d", "dropout": "nn.Dropout", "layer_norm": "nn.LayerNorm"}


def chosen(params: Params, result: Result) -> dict[str, dict[str, Any]]:
    """What was seen of each layer in the chosen mode."""
    return result.board[f"{params.mode}, {params.grad}"]


def recorded(layers: dict[str, dict[str, Any]]) -> list[str]:
    """The layers that autograd recorded; one that returned its input has the grad_fn of another."""
    return [name for name, seen in layers.items() if seen["grad_fn"] and not seen["returns_input"]]


def caption(params: Params, result: Result) -> str:
    if result.error:
        return f"{_backward_of(params)} fails with {result.error.partition(':')[0]}: {_blame(params, result)}."
    layers = chosen(params, result)
    random = [NAMES[name] for name, seen in layers.items() if seen["random"]]
    drawn = f"; {listing(random)} draws a mask" if random else ""
    known = recorded(layers)
    others = listing([NAMES[name] for name in layers if name not in known])
    but = f", all but {others}" if known and others else ""
    said = {0: "none", len(layers): "all"}.get(len(known), f"{len(known)}")
    return (
        f"With net in {'train' if result.net_training else 'eval'} mode autograd records {said} of its "
        f"{len(layers)} layers{but}{drawn}."
    )


def _backward_of(params: Params) -> str:
    return "The loss of head(y)" if params.loss_of == "head(y)" else "The loss of y"


def _blame(params: Params, result: Result) -> str:
    if "Inference tensors" in str(result.error):
        return "y was made in inference mode, and head cannot save it for backward"
    if params.grad != "on":
        return f"y was made under {params.grad}() and has no grad_fn"
    return "every parameter of net is frozen, so y has no grad_fn"


def details(params: Params, result: Result) -> str:
    size = sum(seen["bytes"] for seen in chosen(params, result).values())
    return f"{_forward(params, result)} For backward autograd keeps {count(size, 'byte')} beside weights and buffers. {_learning(params, result)}"


def _forward(params: Params, result: Result) -> str:
    moved = [NAMES[name] for name, seen in chosen(params, result).items() if seen["moved"]]
    differ = result.difference.abs().max().item()
    held = "" if params.wrapper == "none" else f" on the wrapper ({params.wrapper})"
    twice = f"differ by up to {number(differ)}" if differ else f"give the same {params.batch} rows to the last bit"
    moves = f"{listing(moved)} moves its statistics" if moved else "no statistics move"
    around = "with autograd on" if params.grad == "on" else f"under {params.grad}()"
    return f"After model.{params.mode}(){held}, {around}, two calls {twice}, and {moves}."


def _learning(params: Params, result: Result) -> str:
    if result.error:
        return f"The loss of {params.loss_of} raises {result.error.removesuffix('.')}."
    gradients = result.gradients or {}
    inside = sum(name.startswith("net.") for name in gradients)
    share = "all" if inside == len(gradients) else inside or "none"
    return (
        f"The loss of {params.loss_of} gives {count(len(gradients), 'parameter')} a gradient, {share} of "
        f"{one_of(len(gradients), 'it', 'them')} in net; the largest has norm {number(max(gradients.values()))}."
    )


LESSON = Lesson(
    slug="modes",
    title="train(), eval(), no_grad()",
    truth=__doc__,
    Params=Params,
    program=Program("modes", Result, raises=(RuntimeError,)),
    caption=caption,
    details=details,
    minutes=6,
    main=("mode", "grad", "wrapper", "loss_of"),
    related=("dropout", "batch_norm", "freeze", "batch_memory"),
    predictions=(
        Prediction(
            id="eval_records",
            question="After model.eval(): how many of these 4 layers does autograd record?",
            choices=(
                Choice(
                    "none of the 4",
                    "Validation loops call eval() and no_grad() together, so they look like one thing. eval() alone leaves "
                    "autograd on.",
                ),
                Choice(
                    "3 of the 4",
                    "eval() sets the flag training, which autograd does not read. In eval mode nn.Dropout returns its input: "
                    "there is nothing of it to record.",
                ),
                Choice(
                    "all 4",
                    "So it is in train mode. In eval mode one of the four returns its input, and adds no node to the graph.",
                ),
            ),
            answer=1,
            proof="eval records",
            show={},
            ring="recorded",
        ),
        Prediction(
            id="statistics",
            question="nn.BatchNorm1d in train mode is called under no_grad(). What becomes of its running statistics?",
            choices=(
                Choice(
                    "not moved",
                    "no_grad() sounds like read only. It stops the recording for backward, and the statistics need no "
                    "backward.",
                ),
                Choice(
                    "moved at the next backward()",
                    "That is how weights move, through a gradient and an optimizer. Running statistics are buffers.",
                ),
                Choice(
                    "moved by the forward pass",
                    "In train mode the forward pass itself writes the buffers, whatever autograd does.",
                ),
            ),
            answer=2,
            proof="statistics under no_grad",
            show={"mode": "train", "grad": "no_grad"},
            ring="moved",
        ),
        Prediction(
            id="sticky",
            question="__init__ does self.model = net.eval(). Later comes wrapper.train(). What is net.training then?",
            choices=(
                Choice(
                    "net.training is True",
                    "train() walks through all registered submodules and sets the flag of each, so the eval() of __init__ "
                    "is undone.",
                ),
                Choice(
                    "net.training is False",
                    "eval() sets a flag once, it does not lock it. The next train() sets it back, unless train() is overridden.",
                ),
                Choice(
                    "None: wrapper.train() raises",
                    "Nothing checks it. A frozen part in a net that trains has to be put back into eval mode by its owner.",
                ),
            ),
            answer=0,
            proof="train after eval",
            show={"mode": "train", "wrapper": "eval() in __init__"},
            ring="net",
        ),
        Prediction(
            id="returns_input",
            question="In eval mode with gradients on, which of the four layers adds nothing to the graph?",
            choices=(
                Choice(
                    "only nn.BatchNorm1d",
                    "Its statistics are fixed in eval mode, but weight and bias are parameters, and it still computes.",
                ),
                Choice(
                    "only nn.LayerNorm",
                    "It computes the same in both modes, and its weight and bias can learn in both.",
                ),
                Choice(
                    "only nn.Dropout",
                    "In eval mode it returns its input, the same object: there is nothing to differentiate or to save.",
                ),
            ),
            answer=2,
            proof="nothing recorded",
            show={"mode": "eval", "grad": "on", "batch": 2},
            ring="adds",
        ),
        Prediction(
            id="inference_features",
            question="y comes from inference_mode(), and an nn.Linear head that learns takes it outside. What comes of head(y)?",
            choices=(
                Choice(
                    "gradients for the head",
                    "So it is after no_grad(), which makes ordinary tensors. Those of inference mode may not be saved for "
                    "backward.",
                ),
                Choice(
                    "a RuntimeError",
                    "The head must save y for the gradient of its weight, and autograd refuses to save what was made in "
                    "inference mode.",
                ),
                Choice(
                    "zeros as gradients",
                    "A missing graph before y would not hurt: the gradient of the head's weight needs the numbers of y, which autograd "
                    "refuses to save.",
                ),
            ),
            answer=1,
            proof="inference tensors",
            show={"grad": "inference_mode", "loss_of": "head(y)"},
            ring="loss",
        ),
    ),
    traps=(
        Trap(
            name="eval() in __init__",
            sentence="net was put into eval mode once; train() on the wrapper sets the flag of every submodule, net's too.",
            source="https://github.com/pgniewko/gt-pyg/issues/112",
            params={"mode": "train", "wrapper": "eval() in __init__"},
        ),
        Trap(
            name="eval() to save memory",
            sentence="eval() does not stop autograd: as long as an output is held, so is what its layers saved, until backward() frees it.",
            source="https://github.com/hszhao/semseg/issues/60",
            params={"mode": "eval", "grad": "on", "batch": 8},
        ),
        Trap(
            name="Frozen, but in train mode",
            sentence="requires_grad = False keeps gradients from the parameters of net. In train mode its BatchNorm still moves "
            "its statistics, and its Dropout still draws a mask.",
            source="https://github.com/pytorch/pytorch/issues/86590",
            params={"mode": "train", "requires_grad": False, "loss_of": "head(y)"},
        ),
        Trap(
            name="Features from inference_mode()",
            sentence="head must save y for backward, and what was made in inference mode cannot be saved. y.clone(), taken "
            "outside of it, can.",
            source="https://github.com/ai4co/rl4co/issues/272",
            params={"mode": "eval", "grad": "inference_mode", "loss_of": "head(y)"},
        ),
        Trap(
            name="backward() after no_grad()",
            sentence="y was made under no_grad() and has no grad_fn, so there is nothing for loss.backward() to walk through.",
            source="https://github.com/nianticlabs/monodepth2/issues/24",
            params={"mode": "train", "grad": "no_grad"},
        ),
    ),
)
