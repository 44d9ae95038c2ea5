"""Weights, dense gradients and optimiser state cost the same at every batch_size; what a graph saves for backward() grows by the item."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch.utils._python_dispatch import _disable_current_modes

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.program import Program
from explorable.words import count, number, one_of

RECORDING = ("train", "checkpoint", "eval")  # the modes in which autograd records
TRAINING = ("train", "checkpoint")
Attention = Literal["none", "SDPA", "softmax(qkᵀ)v"]
Frozen = Literal["nothing", "first half", "last half", "all but the last Linear", "all"]
TWICE = "×2: activations alone"
CHECKPOINT = "The generator's state, which a checkpoint keeps to replay Dropout's mask, is not counted."


@dataclass(frozen=True)
class Params:
    batch_size: int = bounded(8, low=1, high=32, step=1, about="items in x")
    length: int = bounded(32, low=8, high=32, step=8, about="positions of an item")
    width: int = bounded(64, low=16, high=64, step=16, about="features of a position")
    layers: int = bounded(6, low=1, high=6, step=1, about="blocks")
    attention: Attention = choice("none", about="before the feed-forward part of each block; 4 heads")
    mode: Literal["train", "checkpoint", "eval", "no_grad", "inference_mode"] = choice(
        "train", about="eval: net.eval() alone; the last two: eval() and that context"
    )
    frozen: Frozen = choice(
        "nothing", about="requires_grad_(False); half is layers // 2, from the front", when={"mode": RECORDING}
    )
    optimizer: Literal["SGD", "SGD, momentum 0.9", "Adagrad", "AdamW"] = choice(
        "SGD, momentum 0.9", about="its state is counted after one step", when={"mode": TRAINING}
    )
    budget: int = bounded(8, low=1, high=64, step=1, about="MiB of memory to fit into")
    measure: bool = switch(False, about="also time a step at each batch_size, on this machine")


@dataclass(frozen=True)
class Result:
    weights: int  # bytes of all parameters
    gradients: int  # bytes of all .grad after backward
    state: int  # bytes of the optimiser's tensors after a step
    activations: int  # bytes of the storages that the graph of y holds for backward, parameters excluded
    kept: list[tuple[str, int, int]]  # (dtype and shape of a saved tensor, how many, bytes of their storages)
    counted_on: str  # the device on which these bytes are; on another one an operator may save other tensors
    recorded: bool  # whether y has a graph
    by_size: dict[int, int]  # batch_size -> bytes saved, measured at each
    doubled: float | None  # bytes saved at batch_size 16, divided by those at 8; None: nothing is saved
    by_frozen: dict[str, int]  # what is frozen -> bytes saved for a batch of 1
    fixed: int  # weights + gradients + state
    total: int  # fixed + activations
    per_item: int  # bytes saved for a batch of 1
    max_batch: int | None  # the largest batch_size whose total fits the budget; None: nothing is saved
    peak: int | None  # most bytes allocated on the GPU in a second step, above what was allocated before; None: no GPU
    device: str | None = None  # where a step was timed; None: it was not
    throughput: dict[int, float] | None = None  # batch_size -> items a second, in the fastest of up to three steps


def given(_: Params) -> Mapping[str, Any]:
    """Clocks run without the tape: to take operators down costs as much as a small operator itself."""
    return {"unwatched": _disable_current_modes}


def caption(params: Params, result: Result) -> str:
    if not result.doubled:
        return f"Autograd saves {result.activations} bytes for backward() at any batch_size, since {_why(params)}."
    size = params.batch_size if params.batch_size != 8 else 16
    times = f"{round(result.by_size[size] / result.by_size[8], 3):g} times what eight items take"
    return f"At batch_size {size} autograd saves {result.by_size[size] / 2**20:.2f} MiB on the {_on(result)}, {times}."


def _why(params: Params) -> str:
    return "all of the net is frozen" if params.mode in RECORDING else f"{params.mode} records nothing"


def _on(result: Result) -> str:
    return {"cpu": "CPU", "cuda": "GPU"}[result.counted_on]


def details(params: Params, result: Result) -> str:
    told = [_fixed(params, result), _saved(params, result), _bill(params, result), _gpu(result), _speed(result)]
    return " ".join(filter(None, told))


def _fixed(params: Params, result: Result) -> str:
    fixed = f"Weights take {result.weights} bytes, gradients {result.gradients}, optimiser state {result.state}"
    if params.mode not in TRAINING:
        early = f", but {params.optimizer} makes its state before any step" if result.state else ""
        return f"{fixed}: in this mode, {params.mode}, nobody calls backward(){early}."
    return f"{fixed} ({params.optimizer}), at every batch_size."


def _saved(params: Params, result: Result) -> str:
    told = (
        f"For {count(params.batch_size, 'item')} of {params.length} x {params.width} in {count(params.layers, 'block')} "
        f"autograd saves {result.activations} bytes on the {_on(result)}; attention: {params.attention}, frozen: "
        f"{params.frozen if params.mode in RECORDING else 'nothing'}, mode: {params.mode}."
    )
    return f"{told} {CHECKPOINT}" if params.mode == "checkpoint" and result.recorded else told


def _bill(params: Params, result: Result) -> str:
    again = (
        ", and the block that a checkpoint computes again" if params.mode == "checkpoint" and result.recorded else ""
    )
    most = f"at most {count(result.max_batch, 'item')}" if result.max_batch else "not even one item"
    covers = f", which {one_of(params.budget, 'covers', 'cover')} {most}" if result.max_batch is not None else ""
    return (
        f"The bill is {result.total} bytes, the budget {params.budget} MiB{covers}; on top comes what no graph holds, such as y and "
        f"the tensors that an operator needs while it runs{again}."
    )


def _gpu(result: Result) -> str:
    if result.peak is None:
        return "There is no GPU here, so no peak was measured."
    return f"On the GPU the peak of a step was {result.peak} bytes, temporary tensors counted."


def _speed(result: Result) -> str:
    if not result.throughput:
        return ""
    sizes = list(result.throughput)
    first, last = result.throughput[sizes[0]], result.throughput[sizes[-1]]
    return (
        f"Measured on {result.device}: {first:.0f} items a second at batch_size {sizes[0]}, {last:.0f} at {sizes[-1]}, "
        f"{number(last / first, 1)} times as many for {sizes[-1]} times the batch."
    )


LESSON = Lesson(
    slug="batch_memory",
    title="batch_size and memory",
    truth=__doc__,
    Params=Params,
    program=Program("batch_memory", Result, given=given),
    caption=caption,
    details=details,
    minutes=6,
    main=("batch_size", "mode", "frozen", "optimizer"),
    related=("freeze", "modes", "batches"),
    gpu_seconds=10,
    slow=True,
    measured=frozenset({"throughput"}),
    predictions=(
        Prediction(
            id="double",
            question="16 items instead of 8: how many times as much memory does autograd add for backward()?",
            choices=(
                Choice(
                    "×1: weights alone",
                    "The weights are there before any batch. Activations, such as the input of a Linear, come with each item, and "
                    "backward() needs them too.",
                ),
                Choice(
                    "×1.9: weights and activations",
                    "So the sum of both grows. But forward saves no copy of the weights: backward() reads those of the net.",
                ),
                Choice(
                    TWICE,
                    "Each item brings its own activations; the weights are there already, at any batch_size.",
                ),
            ),
            answer=2,
            proof="twice the batch",
            show={},
            ring="double",
        ),
        Prediction(
            id="eval",
            question="net.eval() was called, torch.no_grad() was not, and all weights are trainable. What is y.grad_fn?",
            choices=(
                Choice(
                    "None",
                    "So it is under no_grad or inference_mode. eval() tells modules such as Dropout and BatchNorm what to compute; "
                    "whether autograd records it never asks.",
                ),
                Choice(
                    "a graph without saved tensors",
                    "So it may be where all operators are sums, whose derivatives need no tensor. That of a Linear needs its input.",
                ),
                Choice(
                    "a graph with saved tensors",
                    "Autograd records while grad mode is on and something requires a gradient; eval() changes neither.",
                ),
            ),
            answer=2,
            proof="eval",
            show={"mode": "eval"},
            ring="graph",
        ),
        Prediction(
            id="adamw",
            question="How large is the state of AdamW, at its defaults, beside the gradients of the weights that it trains?",
            choices=(
                Choice(
                    "as large",
                    "So it is with SGD and momentum, which keeps one buffer for each weight. AdamW keeps two.",
                ),
                Choice(
                    "2 times as large",
                    "It keeps two averages for each weight, exp_avg and exp_avg_sq, and one count of steps for each tensor.",
                ),
                Choice(
                    "3 times as large",
                    "That is AdamW(amsgrad=True), which also keeps the largest exp_avg_sq. By default there are two averages.",
                ),
            ),
            answer=1,
            proof="AdamW",
            show={"optimizer": "AdamW"},
            ring="state",
        ),
        Prediction(
            id="half",
            question="Three of the six blocks are frozen, in train mode. Which three spare autograd more bytes?",
            choices=(
                Choice(
                    "the first half",
                    "x requires no gradient, so before the first trainable layer nothing does, and nothing is saved. Frozen blocks "
                    "behind it pass the gradient on, and save what that takes.",
                ),
                Choice(
                    "the last half",
                    "One thinks of backward(), which begins at the end. It has to go through frozen blocks to reach trainable ones "
                    "in front of them.",
                ),
                Choice(
                    "neither: both the same",
                    "Both have equally many weights, and spare equally many gradients. Activations are saved where the gradient passes.",
                ),
            ),
            answer=0,
            proof="half",
            show={"frozen": "first half"},
            ring="half",
        ),
    ),
    traps=(
        Trap(
            name="eval() is not no_grad()",
            sentence="Validation with eval() alone saves tensors for a backward() that nobody calls; they stay as long as the output "
            "is held.",
            source="https://github.com/hszhao/semseg/issues/60",
            params={"mode": "eval"},
        ),
        Trap(
            name="Adam does not fit where SGD did",
            sentence="With SGD and momentum the bill of this net and batch stays within 8 MiB. AdamW keeps one more number for each "
            "weight, and the bill does not.",
            source="https://github.com/pytorch/pytorch/issues/9439",
            params={"optimizer": "AdamW"},
        ),
        Trap(
            name="Frozen, and hardly less memory",
            sentence="Freezing spares gradients and momentum, but frozen blocks behind a trainable one still save activations.",
            source="https://discuss.pytorch.org/t/requires-grad-false-does-not-save-memory/21936",
            params={"frozen": "last half"},
        ),
    ),
)
