"""Guessing among three candidates costs at least ln 3 on average; to get below ln 3 on held-out questions, a model must use the question."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.program import Program
from explorable.words import count, number, percent

Reading = Literal[
    "no extra padding", "right", "right, no attention_mask", "left", "left, position_ids from the mask"
]  # fmt: skip
INITS, RATES = (0.02, 0.05, 0.1, 0.15, 0.25), (0.0005, 0.001, 0.002, 0.005)
MANY = 32  # trainings that are kept


@dataclass(frozen=True)
class Params:
    initializer_range: Literal[INITS] = choice(  # type: ignore[valid-type]
        0.15, about="std of the initial weight matrices; BertConfig's default is 0.02"
    )
    lr: Literal[RATES] = choice(0.002, about="learning rate of AdamW")  # type: ignore[valid-type]
    batch_size: Literal[8, 32, 64] = choice(32)
    steps: int = bounded(150, low=25, high=300, step=25, about="of the optimiser")
    seed: int = bounded(0, low=0, high=999, step=1, about="of weights, examples and dropout")
    padding: Reading = choice("no extra padding", about="of the trained reader's input; shown at once")
    pads: int = bounded(24, low=1, high=32, step=1, about="[PAD] tokens added, unless “no extra padding”")
    mode: Literal["eval", "train"] = choice("eval", about="of the trained reader; shown at once")
    dropout: float = bounded(
        0.1, low=0.0, high=0.5, step=0.1, about="p that its nn.Dropouts get after training", when={"mode": ("train",)}
    )


@dataclass(frozen=True)
class Result:
    tokens: list[list[str]]  # 3 x T: the watched questions, each with the same context
    targets: Tensor  # (3, 2) their right start and end
    n_held_out: int  # questions that the training never draws
    losses: list[float]  # of each training batch
    taken: list[int]  # S: steps after which the reader was looked at
    accuracy: list[float]  # S: share of the held-out questions with start and end right
    held_out_losses: list[float]  # S: loss on them
    logits: list[Tensor]  # S of (3, 2, T), of the watched questions; 2: start, end
    probs: list[Tensor]  # S of (3, 2, T) softmax over T
    picked: list[Tensor]  # S of (3, 3): question, candidate; softmax of the start at each of the three candidates
    paid: list[float]  # S: the loss of the start of the first watched question: -log of its p in `picked`
    even: list[float]  # 3: what who knows the three candidates and ignores the question gives them
    plateau: float  # ln 3: the loss of who does so
    chances: list[float]  # 148: probabilities from 1/50 to 1
    costs: list[float]  # 148: the loss where the right token has that probability
    exact: dict[str, float] | None = None  # padding -> share of the held-out questions right, read in `mode`
    read: Tensor | None = None  # (3, 2, T) logits of the watched questions' own tokens with this padding, in this mode
    on_pads: float | None = None  # share of softmax that falls on [PAD]
    moved: float | None = None  # largest |difference| of `read` to the logits after the last step
    repeats: bool | None = None  # whether a second call gave the same logits
    calls: Tensor | None = None  # (2, 3) start logit of the right answer to each watched question, in two calls


_trainings: OrderedDict[tuple[Any, ...], dict[str, Any]] = OrderedDict()


def given(params: Params) -> Mapping[str, Any]:
    """The lists that a training fills, and its weights: those of an equal one that is done, which is then not done again."""
    import models.hugging_face  # noqa: F401  before two threads import parts of transformers at once

    key = (params.initializer_range, params.lr, params.batch_size, params.steps, params.seed)
    done = _trainings.get(key)
    if done and done["taken"][-1:] == [params.steps]:
        return {**done, "visits": []}
    lists = ("losses", "taken", "accuracy", "held_out_losses", "logits", "probs", "picked", "paid")
    begun: dict[str, Any] = {**{name: [] for name in lists}, "weights": {}}
    _trainings[key] = begun
    while len(_trainings) > MANY:
        _trainings.popitem(last=False)
    return begun


def caption(params: Params, result: Result) -> str:
    if is_guess(params, result):
        return (
            f"A guess costs {result.plateau:.3f}; after {count(result.taken[-1], 'step')} this reader's loss on this example is "
            f"{result.paid[-1]:.4f}."
        )
    assert result.exact is not None
    now, before = (round(share * result.n_held_out) for share in (result.exact[params.padding], result.accuracy[-1]))
    compared = "as before" if now == before else f"instead of {before}"
    return (
        f"The trained reader, {_how(params)}, gets {now} of {result.n_held_out} held-out questions right, {compared}."
    )


def answers(result: Result) -> list[str]:
    """The right token of each watched question."""
    return [tokens[start] for tokens, (start, _) in zip(result.tokens, result.targets.tolist(), strict=True)]


def is_guess(params: Params, result: Result) -> bool:
    """Whether the picture is that of a guess: the reader is read as it was trained, or is not trained yet."""
    return result.exact is None or (params.padding == "no extra padding" and params.mode == "eval")


PADDED = {
    "no extra padding": "without extra padding",
    "right": "with [PAD] on the right",
    "right, no attention_mask": "with [PAD] on the right and no attention_mask",
    "left": "with [PAD] on the left",
    "left, position_ids from the mask": "with [PAD] on the left and position_ids from the mask",
}


def _how(params: Params) -> str:
    return f"{PADDED[params.padding]}, in {params.mode} mode"


def details(params: Params, result: Result) -> str:
    seen = f"In the picture p and loss are those of the answer's start, “{answers(result)[0]}”. "
    told = (
        f"AdamW, lr={params.lr:g}, batches of {params.batch_size}, initializer_range={params.initializer_range:g}, seed "
        f"{params.seed}. {seen if is_guess(params, result) else ''}None of the {result.n_held_out} held-out "
        f"questions is trained on with the same context. After "
        f"{count(result.taken[-1], 'step')} the loss on them is {number(result.held_out_losses[-1], 4)}; ln 3 is "
        f"{result.plateau:.4f}."
    )
    if result.exact is None:
        return told
    mode = f"train mode with p = {params.dropout:g} in the nn.Dropouts" if params.mode == "train" else "eval mode"
    return (
        f"{told} Read in {mode}, {PADDED[params.padding]}: {percent(result.exact[params.padding])} right{_on_pads(params, result)}. "
        f"With {params.pads} [PAD] on the left: {percent(result.exact['left'])}."
    )


def _on_pads(params: Params, result: Result) -> str:
    """How much of the softmax falls on [PAD], where there is any."""
    if params.padding == "no extra padding":
        return ""
    share = result.on_pads or 0.0
    seen = share > 0.001 and params.padding != "right, no attention_mask"
    hidden = "; the mask hides [PAD] from attention, but not from the head that scores every position" if seen else ""
    return f", and on average {percent(share)} of the softmax of the watched questions on [PAD]{hidden}"


LESSON = Lesson(
    slug="live_training",
    title="Train a reader in seconds",
    truth=__doc__,
    Params=Params,
    program=Program("live_training", Result, given=given, so_far=True),
    caption=caption,
    details=details,
    minutes=6,
    main=("initializer_range", "padding", "mode", "dropout"),
    related=("padding_effect", "train_mode_answers", "logits"),
    button="Train",
    instant=("padding", "pads", "mode", "dropout"),
    examples=(
        Example("It learns to read", {}),
        Example("It stays at ln 3: the default initializer_range", {"initializer_range": 0.02}),
    ),
    predictions=(
        Prediction(
            id="plateau",
            question="A guess gives 3 candidates 1/3 each. What is its cross-entropy loss?",
            choices=(
                Choice(
                    "0.333",
                    "That is the probability of the right token. The loss is minus its logarithm.",
                ),
                Choice(
                    "1.099",
                    "-log(1/3) = ln 3, whichever of the three is right.",
                ),
                Choice(
                    "3.000",
                    "That is how many candidates there are. Its logarithm is the loss of who cannot tell them apart.",
                ),
            ),
            answer=1,
            proof="ln 3",
            show={},
            ring="plateau",
        ),
        Prediction(
            id="left",
            question="24 [PAD] stand in front of a question to this BERT, and attention_mask hides them. What do the logits of the other tokens do?",
            choices=(
                Choice(
                    "they stay",
                    "No token of the question attends to [PAD], so nothing seems to change. But BERT counts positions from the left edge, [PAD] included.",
                ),
                Choice(
                    "they become NaN",
                    "Softmax gives NaN for a row in which everything is -inf. Here each token still attends to the question and its context.",
                ),
                Choice(
                    "they change",
                    "BERT counts positions from the left edge, so the question stands where none stood in training. position_ids "
                    "from the mask mend it: (mask.cumsum(1) - 1).clamp(min=0).",
                ),
            ),
            answer=2,
            proof="left",
            show={"padding": "left"},
            ring="moved",
        ),
        Prediction(
            id="dropout",
            question="The trained reader is left in train mode, with p = 0.5 in its nn.Dropouts. How do two calls compare?",
            choices=(
                Choice(
                    "they differ",
                    "In train mode each call draws new masks, so logits change, and here answers too; eval mode drops nothing.",
                ),
                Choice(
                    "they are equal",
                    "The weights are the same and nothing trains. The masks are not: they are drawn anew in each call.",
                ),
                Choice(
                    "the second one raises",
                    "A second backward() through saved tensors raises without retain_graph=True. A forward pass may be repeated as often as one likes.",
                ),
            ),
            answer=0,
            proof="dropout",
            show={"mode": "train", "dropout": 0.5},
            ring="twice",
        ),
    ),
    traps=(
        Trap(
            name="Stuck at the start",
            sentence="From BertConfig's default initializer_range of 0.02 this reader still gives each candidate about a third after "
            "150 steps.",
            source="https://github.com/huggingface/transformers/issues/1126",
            params={"initializer_range": 0.02},
        ),
        Trap(
            name="No attention_mask",
            sentence="Each token attends to the padding too: logits move without an error, and with this seed right answers turn "
            "wrong; with others they may hold.",
            source="https://github.com/huggingface/transformers/issues/2860",
            params={"padding": "right, no attention_mask"},
        ),
        Trap(
            name="Padded on the left",
            sentence="The mask is right, the positions are not: the question stands where none stood in training.",
            source="https://github.com/ndif-team/nnsight/pull/673",
            params={"padding": "left"},
        ),
        Trap(
            name="Forgot eval()",
            sentence="In train mode dropout goes on dropping: two calls differ. This reader was trained with p = 0, so p = 0.3 is set "
            "first.",
            source="https://github.com/huggingface/transformers/issues/679",
            params={"mode": "train", "dropout": 0.3},
        ),
    ),
)
