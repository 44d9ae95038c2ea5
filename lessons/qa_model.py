"""A QAModel that calls its model once for each item can only stack logits of equal shape: a new first axis counts the items, before each call's batch."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor

from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import BadParam, bounded, choice, shorten, text
from explorable.program import Program, unscoped
from explorable.seeding import seeded
from explorable.words import count, listing, number
from lessons.shipped import shipped

TENSORS, LISTS, STRINGS, COLLATED, NONE = (
    "dicts of tensors",
    "dicts of lists",
    "strings",
    "one dict, by default_collate",
    "an empty list",
)
ONCE, AGAIN, NEVER = "once", "again, with the last item", "never"
LABELS, STARTED, NEITHER = "labels", "decoder_input_ids", "neither"
SHORT, LONG, PADDED = "short", "long", "long, padded with -100"
SEQ2SEQ, SPANS = "AutoModelForSeq2SeqLM", "AutoModelForQuestionAnswering"

ITEM = "item = {k: v.to(self.device) for k, v in item.items()}"
CALL = "output = self.model(**item)"
APPEND = "logits.append(output.logits)"
APPEND_LOSS = "self.loss.append(output.loss)"
MEAN = "self.loss = torch.stack(self.loss).mean()"
STACK = "return torch.stack(logits)"
GET = "return self.loss"
COLLATE = "default_collate"
PLACES = {
    CALL: "self.model(**item)",
    APPEND: "output.logits",
    MEAN: "torch.stack(self.loss)",
    STACK: "torch.stack(logits)",
    GET: "get_loss()",
    COLLATE: COLLATE,
}


@dataclass(frozen=True)
class Params:
    question: str = text("What is the capital of France?", max_length=200, about="your own, item 0 of the batch")
    answer: str = text(
        "Paris", max_length=60, about="the label of your question", when={"target": ("labels", "decoder_input_ids")}
    )
    batch_size: int = bounded(3, low=1, high=3, step=1, about="items in batch['text']")
    target: Literal["labels", "decoder_input_ids", "neither"] = choice(LABELS, about="what an item holds of its answer")
    answers: Literal["short", "long", "long, padded with -100"] = choice(
        SHORT,
        about="of the others: one word or three",
        when={"target": ("labels", "decoder_input_ids")},
    )
    items: Literal["dicts of tensors", "dicts of lists", "strings", "one dict, by default_collate", "an empty list"] = (
        choice(TENSORS, about="what batch['text'] is")
    )
    forward: Literal["once", "again, with the last item", "never"] = choice(ONCE, about="how often, before get_loss()")
    head: Literal["AutoModelForSeq2SeqLM", "AutoModelForQuestionAnswering"] = choice(
        SEQ2SEQ, about="the class of the model inside"
    )


@dataclass(frozen=True)
class Result:
    questions: list[str]  # N of them
    texts: list[str]  # their answers
    unknown_words: list[str]  # of the visitor's question: the model reads <unk>
    input_ids: Tensor  # (N, S) the one padded batch
    tokens: list[list[str]]  # of input_ids
    attention_mask: Tensor  # (N, S)
    labels: Tensor | None  # (N, T) padded with -100; None without labels
    drawn: list[int]  # W words of the vocabulary whose logits are drawn: the first of each answer, and </s>
    drawn_words: list[str]  # W
    batched_logits: Tensor  # (N, T, V) of that batch; T is 1 without labels
    batched_loss: Tensor | None  # () the mean over answer tokens
    decoded: list[dict[str, Any]]  # for each question the greedy answer: text, tokens, probabilities (T,)
    batch: dict[str, Any] | None  # what the class that loops is given
    lanes: list[dict[str, Any]]  # what its model returned, one entry a call, those of a second forward included
    logits: Tensor | None  # (N, B, T, V) what its forward returned
    loss: Tensor | None  # () what its get_loss returned
    error: str | None


@cache
def _tokenizer() -> Any:
    """Of its own, because padding is a setting of the object; two threads read one after the other."""
    from models.closed_book import FOLDER
    from models.guarded import Guarded
    from models.hugging_face import AutoTokenizer

    return Guarded(AutoTokenizer.from_pretrained(FOLDER, local_files_only=True))


@cache
def _span_head() -> Any:
    """The shipped weights under a head that the folder does not hold; loaded apart, as `shipped` does."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(_load_span_head).result()


def _load_span_head() -> Any:
    from models.alone import alone
    from models.closed_book import FOLDER
    from models.hugging_face import AutoModelForQuestionAnswering

    with seeded(0), alone:
        model = AutoModelForQuestionAnswering.from_pretrained(FOLDER, local_files_only=True, use_safetensors=True)
    return model.requires_grad_(False)


def given(params: Params) -> Mapping[str, Any]:
    """The models that all visitors share, on the CPU."""
    t5 = shipped("closed_book").model
    t5 = t5 if t5.device.type == "cpu" else deepcopy(t5).float().cpu()
    return {"tokenizer": _tokenizer(), "t5": t5, "inner": t5 if params.head == SEQ2SEQ else _span_head()}


def values(params: Params) -> Mapping[str, Any]:
    """The program's parameters; a control that is hidden stands at its default. Raises BadParam."""
    default = Params()
    read = params if params.target != NEITHER else replace(params, answer=default.answer, answers=default.answers)
    check(read)
    return vars(read)


def check(params: Params) -> None:
    """Raises BadParam with one sentence for a question or an answer that cannot be read."""
    tokenizer = _tokenizer()
    for field, words, most in (("question", params.question, 63), ("answer", params.answer, 15)):
        size = len(tokenizer(words).input_ids) - 1  # </s> stands at the end
        if not 1 <= size <= most:
            raise BadParam(f"{field} must have 1 to {most} tokens, not {size}.")
    lacking = [word for word in params.answer.split() if tokenizer.unk_token_id in tokenizer(word).input_ids]
    if lacking:
        raise BadParam(f"answer must be words of the model's vocabulary, which lacks {shorten(', '.join(lacking))}.")


def raised_in(params: Params, result: Result) -> str:
    """The line that raised; "" where nothing did."""
    if result.error is None:
        return ""
    if result.batch is None:
        return COLLATE
    if params.forward == NEVER:
        return GET
    if params.items == NONE:
        return MEAN
    if params.items != TENSORS:
        return ITEM
    if not result.lanes:
        return CALL
    if "shape" not in result.lanes[0]:
        return APPEND
    return MEAN if result.lanes[0]["loss"] is None else STACK


def place_of(params: Params, result: Result) -> str:
    """The call that raised, as a sentence names it."""
    line = raised_in(params, result)
    return PLACES.get(line) or ("v.to(self.device)" if params.items == LISTS else "item.items()")


def kind_of(result: Result) -> str:
    """The type of the error."""
    return str(result.error).split(":")[0]


def beside(result: Result) -> str:
    """The loss of get_loss beside that of one padded batch."""
    if result.loss is None or result.batched_loss is None:
        return "no loss to compare"
    if torch.isclose(result.loss, result.batched_loss, rtol=1e-3, atol=1e-6):
        return "they are equal"
    return "it is larger" if result.loss > result.batched_loss else "it is smaller"


def caption(params: Params, result: Result) -> str:
    if result.error:
        article = "an" if kind_of(result)[0] in "AEIOU" else "a"
        if result.batch is None:
            return f"default_collate raises {article} {kind_of(result)}, before a QAModel is given any item."
        return f"A QAModel that loops over the items raises {article} {kind_of(result)} in {place_of(params, result)}."
    assert result.loss is not None and result.batched_loss is not None
    items = len(result.questions)
    returned, batched = number(result.loss.item(), 4), number(result.batched_loss.item(), 4)
    whose = f"the mean of {count(items, 'item loss', 'item losses')}"
    whose = "that of the last item alone" if params.forward == AGAIN else whose
    if params.forward != AGAIN and beside(result) == "they are equal":
        assert result.logits is not None
        one = result.logits.shape[1]
        said = result.decoded[0]["text"]
        return (
            f"torch.stack puts a new axis, which counts {count(items, 'item')}, in front of each call's batch of {one}; "
            f"the model answers item 0 with {f'“{said}”' if said else 'nothing'}."
        )
    return f"get_loss() returns {returned}, {whose}, and one padded batch has the loss {batched}."


def details(params: Params, result: Result) -> str:
    own = result.decoded[0]
    chance = number(float(own["p"].prod()), 3)
    items = len(result.questions)
    lacks = f" It read <unk> for {listing(list(map(repr, result.unknown_words)))}." if result.unknown_words else ""
    what = params.items if params.items in (NONE, COLLATED) else f"{count(items, 'item')} as {_as(params, items)}"
    times = len(result.lanes) + (raised_in(params, result) == CALL)  # a call that raises returns nothing
    called = f"called its model {'once' if times == 1 else count(times, 'time')}" if times else "did not call its model"
    calls = f"Given {what}, the class that loops {called}"
    loss = "" if result.loss is None else f" get_loss() returned {number(result.loss.item(), 4)}."
    ended = f" and ended with {result.error}" if result.error else f" and returned logits {_shape(result)}.{loss}"
    if result.batch is None:
        calls, ended = "The class that loops was given nothing", f": default_collate ended with {result.error}"
    return (
        f"One padded batch of {count(items, 'question')} answers {own['text']!r} to yours, with probability {chance}; "
        f"the model answers even where it holds no such fact.{lacks} {calls}{ended}"
    )


def _as(params: Params, items: int) -> str:
    """What the items are, or the one item is."""
    one = {TENSORS: "a dict of tensors", LISTS: "a dict of lists", STRINGS: "a string"}
    return one[params.items] if items == 1 else params.items


def _shape(result: Result) -> str:
    assert result.logits is not None
    return f"(N, B, T, V) = {tuple(result.logits.shape)}, where one padded batch gives {tuple(result.batched_logits.shape)}"


LESSON = Lesson(
    slug="qa_model",
    title="A QAModel with a loop",
    truth=__doc__,
    Params=Params,
    program=Program(
        "qa_model",
        Result,
        raises=(AttributeError, RuntimeError, TypeError, ValueError),
        values=values,
        given=given,
        scope=unscoped,
    ),
    caption=caption,
    details=details,
    tolerance=1e-4,  # shared cores split sums differently
    minutes=6,
    main=("target", "answers", "items", "forward"),
    related=("logits", "collate", "stack"),
    predictions=(
        Prediction(
            id="stack",
            question="`forward()` stacks the logits of 3 calls, each (1, 2, 2020). What comes out?",
            choices=(
                Choice(
                    "(3, 2, 2020)",
                    "So it would be after torch.cat, which joins along an axis that is there. stack makes a new one, and the "
                    "axis of length 1 stays.",
                ),
                Choice(
                    "(6, 2020)",
                    "torch.stack joins no axes: the two tokens of each item stay in an axis of their own.",
                ),
                Choice(
                    "(3, 1, 2, 2020)",
                    "torch.stack makes a new first axis; the 1 of each call's batch stays behind it.",
                ),
            ),
            answer=2,
            proof="stack",
            show={},
            ring="forward",
        ),
        Prediction(
            id="no_labels",
            question="The items hold no labels, so output.loss is None. What does forward() do?",
            choices=(
                Choice(
                    "TypeError in torch.stack(self.loss)",
                    "A list takes None without an error, so the except never runs; torch.stack meets the None after the loop.",
                ),
                Choice(
                    "it returns logits: the except skips the loss",
                    "An except runs only where something is raised. output.loss is there, and it is None: nothing is raised.",
                ),
                Choice(
                    "it returns logits, and the loss is 0",
                    "None is no tensor: the list takes it as it is, and torch.stack makes no 0 of it.",
                ),
                Choice(
                    "AttributeError in output.loss",
                    "The output of this model, a Seq2SeqLMOutput, has the field also without labels. It is None then.",
                ),
            ),
            answer=0,
            proof="no labels",
            show={"target": STARTED},
            ring="forward",
        ),
        Prediction(
            id="unequal",
            question="The answers have 2, 3 and 4 tokens, and each item has logits for as many. What does forward() return?",
            choices=(
                Choice(
                    "logits padded to 4 tokens",
                    "pad_sequence does that to tensors (T, V). torch.stack never pads: it raises where two shapes differ.",
                ),
                Choice(
                    "RuntimeError in torch.stack(logits)",
                    "torch.stack needs equal shapes. Pad the labels with -100, or run the items as one padded batch.",
                ),
                Choice(
                    "logits cut to 2 tokens",
                    "Python's zip() stops at the shortest, unless strict=True. torch.stack cuts nothing off.",
                ),
            ),
            answer=1,
            proof="unequal",
            show={"answers": LONG},
            ring="forward",
        ),
        Prediction(
            id="means",
            question="A short answer has a large loss, the longer ones small ones. How does the mean of the item losses compare "
            "with the loss of one padded batch?",
            choices=(
                Choice(
                    "they are equal",
                    "A mean of means is sure to be the mean of all only where the groups are equally large. These answers are not.",
                ),
                Choice(
                    "it is smaller",
                    "The loss of the batch counts every token once, so the many good tokens of the long answers weigh more there.",
                ),
                Choice(
                    "it is larger",
                    "Each item weighs the same in the mean of means, so each bad token of the short answer weighs more than a "
                    "good one of a long answer.",
                ),
            ),
            answer=2,
            proof="means",
            show={"answers": PADDED, "answer": "Berlin"},
            ring="means",
        ),
        Prediction(
            id="again",
            question="`forward()` reads the whole batch, then its last item once more. Of what is the loss that "
            "get_loss(logits, batch) returns?",
            choices=(
                Choice(
                    "all items",
                    "The arguments are those of the batch. This get_loss looks at neither; it returns self.loss.",
                ),
                Choice(
                    "the last item alone",
                    "Each forward overwrites self.loss; get_loss returns what the last one left there, whoever called it.",
                ),
                Choice(
                    "both forwards together",
                    "forward begins with self.loss = []: what the forward before it had gathered is gone.",
                ),
            ),
            answer=1,
            proof="again",
            show={"forward": AGAIN, "answer": "Berlin"},
            ring="of",
        ),
    ),
    traps=(
        Trap(
            name="No labels",
            sentence="Without labels output.loss is None; a list takes it without an error, and torch.stack raises after the loop.",
            source="https://github.com/huggingface/accelerate/issues/1366",
            params={"target": STARTED},
        ),
        Trap(
            name="Neither labels nor decoder_input_ids",
            sentence="The decoder of a T5 has nothing to read, and the message speaks of input_ids, which were given.",
            source="https://github.com/huggingface/transformers/issues/4126",
            params={"target": NEITHER},
        ),
        Trap(
            name="Answers of different length",
            sentence="Logits of different length cannot be stacked: torch.stack needs one shape for all, and does not pad.",
            source="https://github.com/VSainteuf/pytorch-psetae/issues/21",
            params={"answers": LONG},
        ),
        Trap(
            name="Items that are not dicts",
            sentence="default_collate makes one dict of a list of dicts; a loop over it meets its keys, here strings.",
            source="https://github.com/suolyer/PyTorch_BERT_Pipeline_IE/issues/3",
            params={"items": COLLATED},
        ),
        Trap(
            name="Mean of means",
            sentence="A wrong short answer weighs as much as a long right one; the loss of one batch counts every token once.",
            source="https://github.com/huggingface/transformers/issues/24725",
            params={"answers": PADDED, "answer": "Berlin"},
        ),
        Trap(
            name="A head without .logits",
            sentence="A span head returns start_logits and end_logits; there is no .logits to append.",
            source="https://github.com/veselink1/sponsorml-ytcaptions/issues/1",
            params={"head": SPANS},
        ),
    ),
    button="Ask",
    instant=("batch_size", "target", "answers", "items", "forward", "head"),
    examples=(
        Example("A capital", {"question": "What is the capital of Canada?", "answer": "Ottawa"}),
        Example("A symbol", {"question": "What is the chemical symbol of gold?", "answer": "Au"}),
        Example("A continent", {"question": "Which continent is Kenya in?", "answer": "Africa"}),
        Example(
            "An answer of two words",
            {"question": "What currency does Japan use?", "answer": "Japanese yen", "answers": PADDED},
        ),
        Example("A wrong label", {"answer": "Berlin"}),
        Example("A word that the model does not know", {"question": "What is the capital of Zorgonia?"}),
    ),
)
