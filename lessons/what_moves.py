"""Forward saves nothing for backward() below the lowest layer that learns; above it the gradient passes frozen layers too, and they save what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import regex

from explorable.apart import Apart
from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import BadParam, choice, switch, text
from explorable.words import count, one_of, percent
from lessons import config_text
from lessons.config_text import READY, cannot, given_of, name_of
from lessons.repeats import checked

EVERY_SECOND, OWN = "every second block", "names that match"
FIRST, THAWED, STEPPED = "freeze first", "freeze, then thaw", "a step first"
LINES = {  # of the program, in words
    FIRST: "freeze, optimizer, step", "optimizer first": "optimizer, freeze, step", STEPPED: "optimizer, step, freeze, step",
    THAWED: "freeze, optimizer, thaw, step",
}  # fmt: skip
PATTERNS = {  # searched in the names that transformers gives
    "biases and norms": r"(?i)bias$|norm|\bln_",
    "the head": r"^(cls|classifier|head|lm_head|vocab_\w+|generator_\w+)\.|^decoder\.(weight|bias)$",
    "all but the embeddings": r"(?i)^(?!.*(emb|shared|\bw[tp]e\b))",
    EVERY_SECOND: r"^\D*\.\d*[02468]\.",
    "everything": ".",
}
ALL, REQUIRING = "all parameters", "those that require a gradient"
LITTLE, MIDDLE, MUCH = "less than 1/3", "1/3 to 2/3", "more than 2/3"
LEARNS, FROZEN = "it learns", "it is frozen"
STAYS, SHRINKS = "all of it stays", "only that of what learns"
NONE, SOME, EVERY = "none of them", "some of them", "all of them"


@dataclass(frozen=True)
class Params:
    config: str = text(
        READY["GPT-2"],
        max_length=100_000,
        lines=3,
        about="a config.json or name/model of the Hub, kept nowhere",
        file={".json": {}},
    )
    learns: Literal[
        "biases and norms", "the head", "all but the embeddings", "every second block", "everything", "names that match"
    ] = choice("biases and norms", about="what learns; the rest is frozen")
    pattern: str = text(
        r"^(?!lm_head)", max_length=120, about="regex: names that go on learning", when={"learns": (OWN,)}
    )
    remove_duplicate: bool = switch(True, about="named_parameters(remove_duplicate=...): False gives all names")
    order: Literal["freeze first", "optimizer first", "a step first", "freeze, then thaw"] = choice(
        FIRST, about="of freeze, optimizer and step"
    )
    given: Literal["all parameters", "those that require a gradient"] = choice(ALL, about="to the optimizer")
    optimizer: Literal["SGD", "SGD, momentum 0.9", "AdamW"] = choice("AdamW")
    mode: Literal["train", "eval"] = choice("train", about="of the model")


@dataclass(frozen=True)
class Result:
    kind: str  # class of the model
    shape: list[int]  # of the first input
    count: int  # parameters, each tied one once
    numel: int  # numbers in them
    learning_count: int  # parameters that require a gradient at the last step
    learning_numel: int  # numbers in these
    walked_count: int  # names that the loop meets
    matched_count: int  # of these that the pattern finds
    flags: list[bool]  # of each parameter, whether it requires a gradient at the last step
    rows: list[list[Any]]
    # a row for parameters alike: name with its first number as *, shape, whether they learn, are held by the optimizer and were
    # updated, bytes of their state, the numbers
    tied: list[list[str | bool]]  # names of one parameter, where there are several, and whether it learns
    sees: dict[str, int]  # what of the optimizer or the step -> how many parameters
    # a step updates what it writes to; a small update may round away, which tensors without data do not show
    state_bytes: int  # of the optimizer's state in the end
    state_frozen: int  # of that, for parameters that are frozen
    saved: int  # bytes that the last forward saves for backward(), without parameters and buffers
    saved_free: int  # the same with nothing frozen
    saved_percent: float  # of saved_free, those that are saved
    # in the order of forward: a block as transformer.h.0, or what lies before, between and behind lists of blocks ("", "after x"),
    # bytes that forward saves there with nothing frozen, those that the last one saves, and whether the gradient comes to it
    parts: list[list[Any]]
    outside: dict[str, str]  # parameter that is in no block -> the part that uses it first
    again: dict[str, list[str]]  # parameter with several names -> the parts that use it after the first one
    written: list[list[Any]]  # 12 buffers: name, shape, whether state_dict() has it and whether the pass wrote it
    buffers_count: int
    buffers_written: int  # buffers that the last pass wrote
    refusal: str  # what torch said where it refused to train; empty if it did not


def pattern_of(params: Params) -> str:
    """The regex that is searched in each name; raises BadParam where it is none."""
    pattern = PATTERNS.get(params.learns) or checked(params.pattern)
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise BadParam(f"pattern must be a regex, and this is none: {error}.") from None
    return pattern


def values(params: Params) -> Mapping[str, Any]:
    """The program's parameters."""
    given = {name: value for name, value in config_text.values_of(params).items() if name != "learns"}
    return {**given, "pattern": pattern_of(params)}


def explain(error: str) -> str:
    """One sentence for what the program failed with."""
    if error.startswith("TimeoutError"):
        return "pattern is refused with TimeoutError: its search took too long on a name."
    return cannot(error)


def share_of(result: Result) -> float:
    """Of the bytes that forward saves with nothing frozen, those that the last one saved."""
    return result.saved_percent / 100


def left(result: Result) -> str:
    """How much of what forward would save is still saved."""
    share = share_of(result)
    return "nothing" if not share else "all of it" if share == 1 else LITTLE if share < 1 / 3 else MUCH if share > 2 / 3 else MIDDLE  # fmt: skip


def state(result: Result) -> str:
    """Whose state the optimizer holds in the end."""
    if not result.state_bytes:
        return "there is none"
    return STAYS if result.state_frozen else SHRINKS


def tied(result: Result) -> str:
    """What becomes of the first weight with several names."""
    return "there is none" if not result.tied else LEARNS if result.tied[0][1] else FROZEN


def written(result: Result) -> str:
    """How many of the buffers the last pass wrote."""
    if not result.buffers_count:
        return "there is none"
    return NONE if not result.buffers_written else EVERY if result.buffers_written == result.buffers_count else SOME


def moved(result: Result) -> int:
    return result.sees["the last step updated"]


def passed(result: Result) -> bool:
    """Whether there was a last forward pass: an optimizer that refuses an empty list comes before it."""
    return "empty" not in result.refusal


def caption(params: Params, result: Result) -> str:
    name, usual = name_of(params.config), Params()
    learning = result.learning_count
    require = f"{count(learning, 'parameter')} {one_of(learning, 'requires', 'require')} a gradient"
    if result.refusal:
        raises = f"{'backward()' if passed(result) else 'the optimizer'} raises {result.refusal.split(':')[0]}"
        if learning:
            return f"In {name}, {require} and the loss depends on none, so {raises}."
        return f"In {name}, none of {count(result.count, 'parameter')} learns, so {raises}."
    if moved(result) == learning and (params.order, params.given) == (usual.order, usual.given):
        return f"In {name}, forward saves {percent(share_of(result))} of what it saves with nothing frozen."
    if moved(result) == learning:
        them = "it" if learning == 1 else "them all"
        return f"In {name}, {learning} of {count(result.count, 'parameter')} {one_of(learning, 'learns', 'learn')}, and the step updates {them}."
    return f"In {name}, {require}, and the step updates {moved(result) or 'none'} of them."


def details(params: Params, result: Result) -> str:
    pattern = pattern_of(params)
    names = "each parameter once" if params.remove_duplicate else "each parameter under all its names"
    share = result.learning_numel / max(result.numel, 1)
    parts = [
        f'{result.kind} in bfloat16, on a batch of {tuple(result.shape)}, in {params.mode} mode. named_parameters() gives {names}: '
        f'"{pattern}" is found in {result.matched_count} of {count(result.walked_count, "name")}.',
        f"In the end {result.learning_numel:,} of {result.numel:,} numbers learn, {percent(share)}.",
        f"Order: {LINES[params.order]}; {params.optimizer} was given {params.given}: it holds {result.sees['it holds']} of {result.count}, "
        f"and {result.state_bytes:,} bytes of state, {result.state_frozen:,} of them for what is frozen.",
        f"Forward saves {result.saved:,} bytes for backward(), and {result.saved_free:,} with nothing frozen."
        if passed(result)
        else f"The last forward did not run; with nothing frozen it saves {result.saved_free:,} bytes for backward().",
        _wrote(result),
        f"torch said: {result.refusal}." if result.refusal else "",
    ]  # fmt: skip
    return " ".join(part for part in parts if part)


def _wrote(result: Result) -> str:
    if not result.buffers_count:
        return "The model has no buffer."
    return (
        f"The pass wrote {result.buffers_written} of {count(result.buffers_count, 'buffer')}." if passed(result) else ""
    )


LLAMA, RESNET = READY["Llama 8B"], READY["ResNet-50"]
UPPER = r"^model\.layers\.(1[6-9]|2\d|3[01])\."
LESSON = Lesson(
    slug="what_moves",
    title="What moves",
    truth=__doc__,
    Params=Params,
    program=Apart("what_moves", Result, values=values, given=given_of, explain=explain),
    caption=caption,
    details=details,
    minutes=7,
    main=("config", "learns", "pattern", "order"),
    related=("freeze", "will_it_fit", "registration"),
    button="Freeze and step",
    examples=tuple(Example(name, {"config": config}) for name, config in READY.items() if name != "GPT-2"),
    predictions=(
        Prediction(
            id="norms",
            question="Freeze all of GPT-2 but norms and biases. How much of its activation memory remains?",
            choices=(
                Choice(
                    LITTLE,
                    "They are a thousandth of the numbers, so gradients and AdamW's state nearly vanish. What forward saves follows the way of "
                    "the gradient, and that goes down to the first block.",
                ),
                Choice(
                    MIDDLE,
                    "A frozen matrix need not save its input, which is some of it. Attention, norms, GELU and the loss save what they did.",
                ),
                Choice(
                    MUCH,
                    "Attention, norms and GELU save what they did, to pass the gradient down to block 0; only a frozen matrix spares its input.",
                ),
            ),
            answer=2,
            proof="norms and biases",
            show={},
            ring="saved",
        ),
        Prediction(
            id="tied",
            question="The loop walks all names, remove_duplicate=False, and freezes those with lm_head. What of the token embedding of GPT-2?",
            choices=(
                Choice(
                    LEARNS,
                    "Its own name does not match, and the loop lets it learn. Then the loop meets the same tensor again, as lm_head.weight.",
                ),
                Choice(
                    FROZEN,
                    "It is the same Parameter as lm_head.weight, and requires_grad is a flag of the tensor: the name that comes last decides.",
                ),
                Choice(
                    "half of it learns",
                    "Its rows get gradients from both places, but there is one tensor with one flag.",
                ),
            ),
            answer=1,
            proof="the last name",
            show={"learns": OWN, "pattern": "^(?!lm_head)", "remove_duplicate": False},
            ring="tied",
        ),
        Prediction(
            id="lower",
            question="Of a Llama of 32 blocks only the upper 16 learn. What share of its activations is still saved?",
            choices=(
                Choice(
                    MUCH,
                    "So it is where every second block is frozen, as the gradient passes them all. Here no gradient has to go below block 16.",
                ),
                Choice(
                    MIDDLE,
                    "Below the lowest block that learns nothing requires a gradient, so forward records no graph there and saves nothing.",
                ),
                Choice(
                    LITTLE,
                    "The 16 blocks that learn save nearly all that they saved before, and so does the loss over 128,256 words.",
                ),
            ),
            answer=1,
            proof="the lower half",
            show={"config": LLAMA, "learns": OWN, "pattern": UPPER},
            ring="saved",
        ),
        Prediction(
            id="state",
            question="AdamW has taken one step when all of GPT-2 but norms and biases is frozen. What of its state after the next step?",
            choices=(
                Choice(
                    SHRINKS,
                    "That is what an optimizer made after the freeze has. This one made its state before, and step() throws nothing away.",
                ),
                Choice(
                    STAYS,
                    "step() skips what has no .grad, and leaves its state where it is: 4 bytes for each number in bfloat16, until a new optimizer is made.",
                ),
                Choice(
                    "there is none",
                    "zero_grad() drops gradients. The state belongs to the optimizer, and the step needs that of what learns.",
                ),
            ),
            answer=1,
            proof="state of the frozen",
            show={"order": STEPPED},
            ring="state",
        ),
        Prediction(
            id="thaw",
            question="AdamW is made of what requires a gradient: 98 of 148. Then all are thawed. How many does the next step update?",
            choices=(
                Choice(
                    "148 of 148",
                    "All of them have a .grad after backward(). step() only goes over the parameters that it was given.",
                ),
                Choice(
                    "0 of 148",
                    "Nothing is wrong with those that the optimizer holds: they have a .grad, and step() updates them.",
                ),
                Choice(
                    "98 of 148",
                    "The 50 others get a .grad and are not in param_groups: no error, and no update. add_param_group() would add them.",
                ),
            ),
            answer=2,
            proof="thawed too late",
            show={"order": THAWED, "given": REQUIRING},
            ring="moved",
        ),
        Prediction(
            id="buffers",
            question="All of ResNet-50 but its classifier is frozen, in train mode. How many of its buffers does one training step change?",
            choices=(
                Choice(
                    NONE,
                    "requires_grad=False is for parameters. Running statistics are written by forward, which asks for the mode alone.",
                ),
                Choice(
                    SOME,
                    "Each of the 53 BatchNorms is in train mode, frozen or not, and each writes its mean, its variance and its count.",
                ),
                Choice(
                    EVERY,
                    "53 BatchNorms with running_mean, running_var and num_batches_tracked: forward writes them all. eval() on the BatchNorms keeps them.",
                ),
            ),
            answer=2,
            proof="buffers of a frozen model",
            show={"config": RESNET, "learns": "the head"},
            ring="buffers",
        ),
    ),
    traps=(
        Trap(
            name="Only the head of a tied model",
            sentence="The head's weight has the embedding's name, so no name begins with lm_head, all is frozen, and backward() raises.",
            source="https://github.com/huggingface/transformers/issues/11903",
            params={"learns": OWN, "pattern": "^lm_head"},
        ),
        Trap(
            name="Freeze the embedding, train the head",
            sentence="Where both are one tensor, the name that comes last decides for both: here the embedding learns as well.",
            source="https://github.com/huggingface/transformers/issues/31467",
            params={"learns": OWN, "pattern": "^lm_head", "remove_duplicate": False},
        ),
        Trap(
            name="Frozen to save memory",
            sentence="Something in the lowest block learns, so the gradient comes down through all blocks, and they save most of what they did.",
            source="https://github.com/taoyang1122/adapt-image-models/issues/29",
            params={"config": READY["ViT base"]},
        ),
        Trap(
            name="Thawed, and still not moving",
            sentence="The optimizer was given only what required a gradient at that time: what is thawed later gets a .grad, and no step.",
            source="https://github.com/facebookresearch/detectron2/issues/2486",
            params={"order": THAWED, "given": REQUIRING},
        ),
    ),
)
