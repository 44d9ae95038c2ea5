"""The activations of a training step grow with its batch; parameters, gradients and the optimizer's state do not."""

from dataclasses import dataclass
from math import floor, log10
from typing import Literal

from explorable.apart import Apart
from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch, text
from lessons.config_text import READY, cannot, given_of, name_of, values_of

Frozen = Literal[
    "nothing", "embeddings", "embeddings and lower half", "all but the last block", "all but norms and biases"
]
WHILE = {"forward": "while forward runs", "backward": "while backward runs", "step": "while the optimizer steps"}
ACTIVATIONS = "the activations"


@dataclass(frozen=True)
class Params:
    config: str = text(
        READY["Llama 8B"],
        max_length=100_000,
        lines=3,
        about="a config.json or name/model of the Hub, kept nowhere",
        file={".json": {}},
    )
    batch_size: int = bounded(4, low=1, high=256, step=1, about="rows of tokens, or pictures")
    length: int = bounded(2048, low=16, high=32768, step=16, about="tokens of a row")
    dtype: Literal["bfloat16", "float32"] = choice("bfloat16", about="of the parameters and what follows from them")
    optimizer: Literal["SGD", "SGD, momentum 0.9", "AdamW"] = choice("AdamW", about="given all parameters")
    foreach: bool = switch(False, about="all parameters in one call, the default on a GPU")
    attention: Literal["sdpa", "eager"] = choice("sdpa", about="attn_implementation")
    checkpointing: bool = switch(False, about="gradient_checkpointing_enable()")
    frozen: Frozen = choice("nothing", about="requires_grad=False")
    mode: Literal["train", "eval"] = choice("train", about="eval: no dropout, and gradients all the same")
    step: Literal["the first", "a later one"] = choice("a later one", about="the first has no optimizer state yet")
    budget: int = bounded(80, low=1, high=640, step=1, about="GiB to fit into")
    search: bool = switch(False, about="also measure what would fit, up to a minute")


@dataclass(frozen=True)
class Result:
    name: str  # class of the model
    numel: int  # numbers in its parameters
    trainable: int  # of these that require a gradient
    shape: list[int]  # of the first input
    bill: dict[str, int]  # kind -> bytes held at the peak
    total: int  # their sum
    gib: float  # the same in GiB
    peak_in: str  # phase: "forward", "backward" or "step"
    peak_at: str  # operator that made the last tensor before it
    at_end: dict[str, dict[str, int]]  # phase -> kind -> bytes held at its end
    course: list[list[int]]  # 16 parts of each phase: the most that is held in it, bytes of each kind
    kept: list[list[str | int]]  # of what autograd saves in forward: dtype and shape, how many storages, bytes
    without_grad: int  # bytes at the peak of a forward alone, under no_grad
    depths: list[int]  # how many of the blocks were measured, where the rest repeats them; empty: all were
    allocated: (
        int | None
    )  # bytes that a GPU's allocator held at most in the same step with data; None: no GPU with so much room
    totals: dict[str, int] | None = None  # a change -> bytes at the peak; None: not asked for
    most_batch: int | None = None  # the largest batch_size that fits the budget
    most_length: int | None = None  # the largest length that fits, in steps of 16; None: pictures


def gib(size: float) -> str:
    """Bytes as GiB, with as many digits as are read: `105.9`, `3.40`, `0.0712`, `0.000058`, `0`."""
    if not size:
        return "0"
    value = size / 2**30
    if value < 0.001:
        return f"{value:.{1 - floor(log10(value))}f}"
    return f"{value:.{1 if value >= 10 else 2 if value >= 1 else 4}f}"


def fits(params: Params, size: int) -> bool:
    return size <= params.budget * 2**30


def a_step(params: Params) -> str:
    """Which step is measured: the first has no optimizer state before its end."""
    return "the first step" if params.step == "the first" else "a later step"


def moment(result: Result) -> str:
    """When the peak comes; where no gradient is held then, it says so."""
    early = not result.bill["gradients"] and result.peak_in != "step"
    return f"{WHILE[result.peak_in]}{', with no gradient yet' * early}"


def caption(params: Params, result: Result) -> str:
    verdict = "fits in" if fits(params, result.total) else "does not fit in"
    return (
        f"At the peak of {a_step(params)} {name_of(params.config)} holds {gib(result.total)} GiB, {moment(result)}, "
        f"and {verdict} {params.budget} GiB."
    )


def details(params: Params, result: Result) -> str:
    parts = [
        _settings(params, result),
        _cut(params, result),
        _share(result),
        _alone(result),
        _what(result),
        _extended(result),
        _real(result),
    ]
    return " ".join(part for part in [*parts, _found(params, result)] if part)


def _settings(params: Params, result: Result) -> str:
    how = "all parameters in one call" if params.foreach else "one parameter after the other"
    checkpoints = ", gradient checkpointing" if params.checkpointing else ""
    return (
        f"{result.name} with {result.numel:,} parameters in {params.dtype}, {params.attention} attention{checkpoints}, in "
        f"{params.mode} mode, on a batch of {tuple(result.shape)}. {params.optimizer} updates {how}, and this is "
        f"{a_step(params)}."
    )


def _cut(params: Params, result: Result) -> str:
    if len(result.shape) > 2:
        return f"A picture has the size that the config names, so length={params.length} changes nothing."
    if result.shape[1] < params.length:
        return f"The config allows {result.shape[1]} positions, so a row has {result.shape[1]} tokens and not {params.length}."
    return ""


def _share(result: Result) -> str:
    if result.trainable == result.numel:
        return "Every parameter learns."
    return f"{100 * result.trainable / result.numel:.3g} % of the parameters learn."


def _alone(result: Result) -> str:
    return f"A forward alone, under no_grad, holds {gib(result.without_grad)} GiB at its peak."


def _what(result: Result) -> str:
    return (
        f"The last tensor before the peak is made by {result.peak_at}. The step ran on tensors without data, dispatched as on a CPU; "
        "what an operator needs only while it runs is not seen, and an allocator reserves more than it hands out."
    )


def _extended(result: Result) -> str:
    if not result.depths:
        return ""
    return (
        "The model was measured with one, two and three of its blocks: each one more repeats the same operators and bytes, "
        "and so do the others."
    )


def _real(result: Result) -> str:
    if result.allocated is None:
        return ""
    ratio = result.allocated / result.total
    return f"The same step with data held {gib(result.allocated)} GiB of this machine's GPU at its peak, {ratio:.3g} times the bill."


def _found(params: Params, result: Result) -> str:
    if result.totals is None:
        return "search is off: what would fit was not measured."
    enough = [change for change, size in result.totals.items() if fits(params, size)]
    if fits(params, result.total):
        one = "It fits as it is."
    elif enough:
        one = f"The first of these changes that fits {params.budget} GiB by itself: {enough[0]}."
    else:
        one = "No single change fits."
    length = f", or length {result.most_length:,}" if result.most_length is not None else ""
    return f"{one} With all else as it is, the most that fits is batch_size {count_of(result.most_batch)}{length}."


def count_of(most: int | None) -> str:
    """The largest batch, where 0 says that not even one row fits."""
    return "0, as not even one row does" if most == 0 else f"{most or 0:,}"


LESSON = Lesson(
    slug="will_it_fit",
    title="Will it fit?",
    truth=__doc__,
    Params=Params,
    program=Apart("will_it_fit", Result, values=values_of, given=given_of, so_far=True, explain=cannot),
    caption=caption,
    details=details,
    minutes=7,
    main=("config", "batch_size", "length"),
    related=("batch_memory", "freeze", "modes"),
    button="Measure",
    at_once=2,  # in processes of their own
    examples=tuple(
        Example(name, {"config": config} | ({"attention": "eager"} if name == "ResNet-50" else {}))  # it has no other
        for name, config in READY.items()
        if name != "Llama 8B"
    ),
    predictions=(
        Prediction(
            id="largest",
            question="Llama 8B, AdamW, 4 × 2,048 tokens: what takes most memory at the peak of a step?",
            choices=(
                Choice(
                    "AdamW's state",
                    "It is twice as large as the parameters, as AdamW keeps two numbers for each. What the 32 blocks save for backward() "
                    "is more: it grows with every token.",
                ),
                Choice(
                    "the parameters",
                    "Model size is what one reads about, and it decides about loading. A training step holds AdamW's state, twice "
                    "as large, and what forward saves.",
                ),
                Choice(
                    ACTIVATIONS,
                    "Each block saves what its backward needs, for each of the 8,192 tokens: 53 GiB, against 30 GiB for AdamW's state.",
                ),
                Choice(
                    "the gradients",
                    "There are as many of them as parameters when backward ends. By then the activations, which were more, are gone.",
                ),
            ),
            answer=2,
            proof="the largest part",
            show={},
            ring="most",
        ),
        Prediction(
            id="gradients",
            question="The same step: how many of the gradients are there at the moment when most is held?",
            choices=(
                Choice(
                    "none yet",
                    "The peak is where backward begins: all activations are there, and the first gradient of a parameter is still "
                    "to come. So a sum of all five kinds is too much.",
                ),
                Choice(
                    "all of them",
                    "A sum of parameters, gradients, state and activations says so. They are not all there at once: backward lets "
                    "activations go while it makes gradients.",
                ),
                Choice(
                    "a part of them",
                    "That is a later moment of backward: the activations of the last blocks are gone by then, and these are larger.",
                ),
            ),
            answer=0,
            proof="no gradients yet",
            show={},
            ring="gradients",
        ),
        Prediction(
            id="checkpoints",
            question="gradient_checkpointing_enable() saves only the input of each block. When is most held now?",
            choices=(
                Choice(
                    WHILE["forward"],
                    "Forward saves 32 inputs of blocks instead of 53 GiB: it ends with far less than backward, which adds the gradients.",
                ),
                Choice(
                    WHILE["backward"],
                    "So it is without checkpoints. Now backward holds the activations of one block at a time, and all gradients "
                    "only when it ends.",
                ),
                Choice(
                    WHILE["step"],
                    "What is left are parameters, gradients and AdamW's state; step() adds its own temporary tensors to them.",
                ),
            ),
            answer=2,
            proof="with checkpoints",
            show={"checkpointing": True},
            ring="where",
        ),
        Prediction(
            id="norms",
            question="Only norms and biases learn: 0.003 % of the parameters. What takes most memory at the peak?",
            choices=(
                Choice(
                    "the parameters",
                    "Almost no gradients and no state are left, but the gradient of the first norm must come down through every "
                    "block, so most of what they save stays.",
                ),
                Choice(
                    ACTIVATIONS,
                    "A frozen Linear need not save its input, but SiLU, products, norms and attention on the way save what they need: "
                    "42 of the 53 GiB remain.",
                ),
                Choice(
                    "AdamW's state",
                    "It has two numbers for each parameter that gets a gradient, and here these are few.",
                ),
            ),
            answer=1,
            proof="norms and biases",
            show={"frozen": "all but norms and biases"},
            ring="most",
        ),
    ),
    traps=(
        Trap(
            name="The first step fits, the second does not",
            sentence="AdamW makes its state at the end of the first step, so forward and backward of the first one run without it.",
            source="https://github.com/pytorch/pytorch/issues/9439",
            params={"step": "the first"},
        ),
        Trap(
            name="float32 without asking",
            sentence="A model in float32 has parameters, gradients and AdamW state of twice the bytes that it has in bfloat16.",
            source="https://github.com/huggingface/transformers/issues/34743",
            params={"dtype": "float32"},
        ),
        Trap(
            name="foreach takes one more copy",
            sentence="With foreach AdamW makes its temporary tensors for all parameters at once, as many bytes as the parameters have.",
            source="https://github.com/pytorch/pytorch/issues/97712",
            params={"foreach": True, "checkpointing": True},
        ),
    ),
)
