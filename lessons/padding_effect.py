"""Padding changes no real token's output if a mask hides it and the tokens keep their positions: a BERT needs mask and position_ids, a T5 the mask alone."""

import copy
import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import BadParam, choice, listed, switch, text
from explorable.program import Program, unscoped
from explorable.words import count, number, one_of, percent
from lessons.shipped import shipped

SPANS, T5 = "extractive, a BERT", "closed_book, a T5"
FOLDERS = {SPANS: "extractive", T5: "closed_book"}
Positions = Literal["default: 0, 1, 2, ...", "counted from the first real token"]
DEFAULT: Positions = "default: 0, 1, 2, ..."
FIXED: Positions = "counted from the first real token"
CONTEXT = "Lyon is known for its food, Marseille for its port. Paris has been the capital of France since 987."
LONGEST = 24  # letters of an answer that a caption names
ROUNDING = 1e-4  # below this a difference is that of the order of sums


@dataclass(frozen=True)
class Params:
    model: Literal["extractive, a BERT", "closed_book, a T5"] = choice(SPANS, about="both shipped")
    padding_side: Literal["right", "left"] = choice("left", about="where the filling goes")
    pads: Literal[0, 4, 16, 32] = choice(16, about="how many cells are added to the longest row")
    attention_mask: bool = switch(True, about="0 at padding; off: 1 everywhere")
    position_ids: Positions = choice(DEFAULT, about="from which cell they count", when={"model": (SPANS,)})
    question: str = text("What is the capital of France?", max_length=80, lines=2, about="your own")
    context: str = text(CONTEXT, max_length=300, lines=4, about="where its answer stands", when={"model": (SPANS,)})


@dataclass(frozen=True)
class Result:
    tokens: list[str]  # S real tokens of the input
    unknown_words: list[str]
    inputs: dict[str, Tensor]  # what the model is given: (1, S + pads) each
    keep: Tensor  # (1, S + pads) bool: True where a token is real
    named: list[str]  # A tokens that have logits: those of the input, or those of the T5's answer
    logits_alone: Tensor  # (rows, A) without padding: start and end; or the T5's logit of each token of its answer
    logits_padded: Tensor  # (rows, A)
    gap: Tensor  # (rows, A) |padded - alone|; the T5's is the largest over all V words
    hidden_gap: Tensor  # (S,) largest |difference| of the encoder's last hidden state of each real token
    states: Tensor  # (S + pads, D) the encoder's last hidden state of every cell of the padded row
    pooled_gap: dict[
        str, float
    ]  # of the mean over all cells, and over the real ones: largest difference from that alone
    answer_alone: str
    answer_padded: str
    accuracy: dict[str, float]  # setting -> share of the small set answered exactly


@dataclass(frozen=True)
class Accuracy:
    """What depends on the model and on `pads` alone."""

    accuracy: dict[str, float]


@functools.cache
def _tokenizer(folder: str) -> Any:
    """Of its own: nobody sets its padding or truncation, which would change it under another thread's hands."""
    from models.hugging_face import AutoTokenizer
    from models.registry import FOLDER

    return AutoTokenizer.from_pretrained(FOLDER / folder, local_files_only=True)


@functools.cache
def facts() -> list[tuple[str, str]]:
    """Every 60th fact in its first wording."""
    from models.facts import load_facts, wordings

    return [(wordings(fact, "train")[0], fact.answer) for fact in load_facts()[::60]]


def values(params: Params) -> Mapping[str, Any]:
    """The program's parameters; raises BadParam for a question or a context that cannot be read."""
    p = params if params.model == SPANS else replace(params, position_ids=DEFAULT, context=CONTEXT)
    tokenizer, longest = _tokenizer(FOLDERS[p.model]), {"question": 80, "context": 300}
    for field, most in longest.items():  # tokens; with the padding they stay below the 512 positions of the BERT
        size = len(tokenizer(getattr(p, field), add_special_tokens=False)["input_ids"])
        if not 1 <= size <= most:
            raise BadParam(f"{field} must have 1 to {most} tokens, not {size}.")
    return {"folder": f"assets/models/{FOLDERS[p.model]}", **{k: v for k, v in vars(p).items() if k != "model"}}


def given(params: Params) -> Mapping[str, Any]:
    return {**_loaded(params.model), "accuracy": _accuracy(params.model, params.pads)}


def _loaded(name: str) -> dict[str, Any]:
    """The shared model, or where that is on a GPU a copy in float32 on the CPU: differences of rounding are the subject."""
    folder = FOLDERS[name]
    model = shipped(folder).model
    on_cpu = model if model.device.type == "cpu" else copy.deepcopy(model).float().cpu()
    bound = {"tokenizer": _tokenizer(folder), "model": on_cpu}
    return bound if name == SPANS else {**bound, "asked": facts()}


@functools.cache
def _accuracy(name: str, pads: int) -> dict[str, float]:
    """Measured once, by the program's own lines."""
    measured = Program("padding_effect", Accuracy, values=values, given=lambda p: _loaded(p.model), scope=unscoped)
    return measured.run(Params(model=name, pads=pads)).accuracy  # type: ignore[arg-type]


def setting_of(params: Params) -> str:
    """Its name in Result.accuracy."""
    name = f"{params.padding_side}, {'mask' if params.attention_mask else 'no mask'}"
    counted = "positions counted" if params.position_ids == FIXED else "default positions"
    return name if params.model == T5 else f"{name}, {counted}"


def moved(result: Result) -> int:
    """How many real tokens have another output, beyond rounding."""
    return int((result.hidden_gap >= ROUNDING).sum())


def caption(params: Params, result: Result) -> str:
    changed, tokens = moved(result), len(result.tokens)
    if not changed:
        return f"The encoder's output stays the same, up to rounding, at all {tokens} real tokens, and {_answered(result)}."
    where = f"all {tokens} real tokens" if changed == tokens else f"{changed} of {tokens} real tokens"
    most = number(result.hidden_gap.max().item(), 2)
    return f"The encoder's output changes at {where}, by up to {most}, and {_answered(result)}."


def _answered(result: Result) -> str:
    """What padding does to the model's answer, which is named where it is a word or a few."""
    answer = result.answer_padded
    named = f"“{answer}”" if len(answer) <= LONGEST and answer.replace(" ", "").isalpha() else ""
    if answer == result.answer_alone == "":
        return "the model's answer stays empty"
    if not answer:
        return "the model's answer is now empty"
    if answer == result.answer_alone:
        return f"the model still answers {named or 'the same'}"
    return f"the model now answers {named or 'otherwise'}"


def details(params: Params, result: Result) -> str:
    alone, padded = result.answer_alone, result.answer_padded
    jumped = f"stays {_quoted(alone)}" if padded == alone else f"jumps from {_quoted(alone)} to {_quoted(padded)}"
    noun = "real token" if params.model == SPANS else "token"
    of = "" if params.model == SPANS else " of the T5's answer"
    lacks = f" Read as an unknown word: {listed(result.unknown_words)}." if result.unknown_words else ""
    more = f" and {count(params.pads, 'cell')} more" if params.pads else ""
    questions = 10 if params.model == SPANS else len(facts())
    added = (
        f"{count(params.pads, 'cell')} of padding {one_of(params.pads, 'is', 'are')}"
        if params.pads
        else "No padding is"
    )
    return (
        f"{params.model}: {setting_of(params)}. {added} added. The logits of {count(len(result.named), noun)}{of} move by "
        f"{_size(result.gap.max().item())}; the answer {jumped}.{lacks} The {questions} questions of the small set, in one batch "
        f"padded to its longest row{more}, are answered exactly in {percent(result.accuracy[setting_of(params)])} of cases; "
        f"each read alone, in {percent(result.accuracy['each alone'])}. The mean of the encoder's outputs over all cells moves by "
        f"{_size(result.pooled_gap['all cells'])}, that over the real ones by {_size(result.pooled_gap['real cells'])}."
    )


def _quoted(answer: str) -> str:
    return repr(answer) if answer else "empty"


def _size(gap: float) -> str:
    return f"up to {number(gap, 4)}" if gap >= ROUNDING else "no more than rounding"


LESSON = Lesson(
    slug="padding_effect",
    title="Padding and logits",
    truth=__doc__,
    Params=Params,
    program=Program("padding_effect", Result, values=values, given=given, scope=unscoped),
    caption=caption,
    details=details,
    tolerance=1e-4,  # shared cores split sums differently
    minutes=6,
    main=("question", "padding_side", "attention_mask", "position_ids"),
    related=("padding", "span", "train_mode_answers"),
    predictions=(
        Prediction(
            id="left",
            question="BERT, left padding, a mask: how many tokens get the same output as without padding?",
            choices=(
                Choice(
                    "all of them",
                    "The mask hides the padding, so nothing seems to be left of it. But it has pushed each token to a later position.",
                ),
                Choice(
                    "all but [CLS]",
                    "[CLS] was always at position 0 in training, and now is not. But each other token is at another position too.",
                ),
                Choice(
                    "none of them",
                    "To each token a BERT adds its position, and the padding moves every token to another one.",
                ),
            ),
            answer=2,
            proof="left",
            show={},
            ring="kept",
        ),
        Prediction(
            id="positions",
            question="Padded on the left with a mask, but position_ids count from the first real token: how many tokens of a BERT keep "
            "their output?",
            choices=(
                Choice(
                    "all of them",
                    "Nothing attends to the padding and each token has its own position: what is left is rounding.",
                ),
                Choice(
                    "none of them",
                    "That was so with default position_ids. Where a row lies in the rectangle makes no difference by itself.",
                ),
                Choice(
                    "only the last one",
                    "Causal models read from left to right. In a BERT each token attends to all that the mask leaves.",
                ),
            ),
            answer=0,
            proof="positions",
            show={"position_ids": FIXED},
            ring="kept",
        ),
        Prediction(
            id="no_mask",
            question="A BERT is padded on the right, and the attention_mask is 1 everywhere. How many real tokens keep their output?",
            choices=(
                Choice(
                    "all of them",
                    "Their positions are right, and so it would be in a GPT-2, whose causal mask hides what comes later. "
                    "A BERT looks both ways.",
                ),
                Choice(
                    "none of them",
                    "Every real token attends to the padding: to a BERT [PAD] is an embedding like any other.",
                ),
                Choice(
                    "those far from the padding",
                    "Attention knows no distance of its own: the farthest token gives the padding a weight too.",
                ),
            ),
            answer=1,
            proof="no mask",
            show={"padding_side": "right", "attention_mask": False},
            ring="kept",
        ),
        Prediction(
            id="pooled",
            question="A BERT is padded on the right with a correct mask, so all real tokens keep their output. And the mean of the outputs over dim 1?",
            choices=(
                Choice(
                    "it stays",
                    "The mask keeps the padding out of the attention of others. Its cells have outputs all the same, and the mean counts them.",
                ),
                Choice(
                    "it moves",
                    "The outputs of the padding are no zeros, and the mean is over all cells: multiply by the mask, divide by its sum.",
                ),
                Choice(
                    "it becomes 0",
                    "Adding zeros would shrink it. What a BERT puts out at [PAD] is a vector like any other.",
                ),
            ),
            answer=1,
            proof="the mean",
            show={"padding_side": "right"},
            ring="pooled",
        ),
        Prediction(
            id="relative",
            question="A T5 is padded on the left with a mask; it takes no position_ids. How many real tokens keep their encoder output?",
            choices=(
                Choice(
                    "none of them",
                    "So it is in a BERT with default position_ids. A T5 has no absolute positions that could be wrong.",
                ),
                Choice(
                    "those that stand first",
                    "The padding shifts all tokens alike, so no distance between two of them changes.",
                ),
                Choice(
                    "all of them",
                    "A T5 sees only how far two tokens are apart, and padding on one side leaves that as it is.",
                ),
            ),
            answer=2,
            proof="relative",
            show={"model": T5},
            ring="kept",
        ),
    ),
    traps=(
        Trap(
            name="Padded on the left, positions left at their default",
            sentence="The mask is right, and yet a model with absolute positions reads each real token at another one; here the "
            "answer jumps.",
            source="https://github.com/TransformerLensOrg/TransformerLens/issues/1609",
            params={"padding_side": "left", "pads": 32},
        ),
        Trap(
            name="No attention_mask",
            sentence="A BERT that is called without an attention_mask attends to [PAD] as to any token, whatever its id.",
            source="https://github.com/huggingface/transformers/issues/278",
            params={"padding_side": "right", "attention_mask": False, "pads": 32},
        ),
        Trap(
            name="A mean over the padding",
            sentence="All real tokens keep their output, but .mean(dim=1) counts the padding too: the vector of a text depends on its batch.",
            source="https://github.com/huggingface/transformers/issues/17463",
            params={"padding_side": "right", "pads": 32},
        ),
        Trap(
            name="A T5 without attention_mask",
            sentence="Relative positions survive padding on either side; still the encoder of a T5 attends to the padding, "
            "unless its attention_mask is 0 there.",
            source="https://github.com/lean-dojo/ReProver/issues/34",
            params={"model": T5, "attention_mask": False, "pads": 32},
        ),
    ),
    button="Ask",
    instant=("model", "padding_side", "pads", "attention_mask", "position_ids"),
    examples=(
        Example("A BERT, padded with 32 cells", {"pads": 32}),
        Example("A T5, padded with 16 cells", {"model": T5}),
        Example(
            "A BERT: Who painted the ceiling?",
            {
                "question": "Who painted the ceiling?",
                "context": "The chapel was built for a pope. Its ceiling was painted by Michelangelo in 1512.",
            },
        ),
        Example(
            "A BERT: When did the bridge open?",
            {
                "question": "When did the bridge open?",
                "context": "Work on the bridge began in 1933, and it opened in 1937 after four years.",
            },
        ),
    ),
)
