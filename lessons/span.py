"""A span's probability compares spans alone: weigh its score against that of [CLS], which is “no answer”, before you believe it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import BadParam, bounded, choice, text
from explorable.program import Program
from explorable.progress import Cancelled, tell
from explorable.words import count, number, one_of, percent
from lessons.span_examples import COLUMBIA, CROSSED, EXAMPLES, HOURS, MONA_LISA, SOFTLY
from models.registry import SHIPPED, ModelUnavailable, choices
from models.shared import shared_registry
from models.together import Busy

if TYPE_CHECKING:
    from models.extractive import Extractive
    from models.registry import Choice as Weights

DISTILLED = "distilbert/distilbert-base-cased-distilled-squad"  # SQuAD 1.1: each of its questions has an answer
WEIGHTS: Any = Literal[tuple(each.name for each in choices() if each.kind == "extractive")]


@dataclass(frozen=True)
class Params:
    question: str = text("What is the capital of Peru?", max_length=300, lines=2, about="your own question")
    context: str = text(HOURS, max_length=6000, lines=4, about="the text that is read")
    temperature: float = bounded(1.0, low=0.1, high=10.0, step=0.1, about="logits are divided by it")
    max_answer_tokens: int = bounded(15, low=1, high=50, step=1, about="a longer span is illegal")
    n_best: int = bounded(5, low=1, high=10, step=1, about="spans to list")
    threshold: float = bounded(0.0, low=-20.0, high=20.0, step=0.5, about="[CLS] leads by more: no answer")
    max_length: int = bounded(384, low=16, high=512, step=8, about="tokens in a window")
    stride: int = bounded(128, low=0, high=384, step=8, about="tokens of context that two windows share")
    weights: WEIGHTS = choice("extractive", about="extractive is shipped; the others come from the Hub")


@dataclass(frozen=True)
class Result:
    """What was read in W windows of T tokens. Where `error` is set, all but `folder` are None."""

    folder: str  # where the weights are from
    tokens: list[list[str]]  # W lists of T
    input_ids: Tensor  # (W, T)
    attention_mask: Tensor  # (W, T) 0 where padding stands
    token_type_ids: Tensor | None  # (W, T) 1 in the context; None where the model wants none
    offsets: Tensor  # (W, T, 2) characters of question or context, end exclusive
    side: Tensor  # (W, T) 0 question, 1 context, -1 special token or padding
    start_logits: Tensor  # (W, T)
    end_logits: Tensor  # (W, T)
    start_probability: Tensor  # (W, T) softmax over each window
    end_probability: Tensor  # (W, T)
    legal_spans: int  # different ones, over all windows
    spans: Tensor  # (n, 3) window, start token, end token of the n best legal spans
    scores: Tensor  # (n,) start logit + end logit
    probabilities: Tensor  # (n,) among all legal spans
    answers: list[str]  # n pieces of the context
    null_parts: Tensor  # (2,) start and end logit of [CLS], in the window where their sum is lowest
    null_score: float  # their sum
    null_gap: float  # null_score less the score of the best legal span
    absent: bool  # whether null_gap is above the threshold
    pipeline_score: float  # softmax of the start times softmax of the end, over the context and [CLS] of its window
    naive: Tensor  # (2,) argmax of the start and of the end logits, each on its own, in the window of the best span
    naive_answer: str  # what decoding from the one to the other gives
    starts: Tensor  # (S,) tokens of that window worth showing as starts
    ends: Tensor  # (E,) and as ends
    matrix: Tensor  # (S, E) start logit + end logit
    matrix_legal: Tensor  # (S, E) bool
    begins: list[int]  # W: the token of the whole context with which each window begins
    same_order: bool  # whether the legal spans stand in the same order without the temperature
    error: str | None = None


def read_by(weights: str) -> tuple["Weights", "Extractive"]:
    """The weights asked for, or the shipped ones where those are not to be had. Raises BadParam."""

    def fetched(share: float, _: str) -> None:
        with suppress(Cancelled):  # others may wait for the same weights: they are fetched all the same
            tell(round(100 * share), 100)

    try:
        chosen, loaded, _ = shared_registry().get_or_shipped(weights, fetched)
    except ModelUnavailable as problem:
        raise BadParam(str(problem)) from None
    return chosen, loaded  # type: ignore[return-value]


def folder_of(chosen: "Weights") -> str:
    """What a snippet loads; the operator's own folder is not told."""
    if chosen in SHIPPED:
        return f"assets/models/{chosen.name}"
    return chosen.source if isinstance(chosen.source, str) else f"path/to/{chosen.source.name}"


def values(params: Params) -> dict[str, Any]:
    """The parameters of the program."""
    chosen, loaded = read_by(params.weights)
    same = {name: value for name, value in vars(params).items() if name != "weights"}
    return {**same, **_placed(chosen, loaded)}


def given(params: Params) -> dict[str, Any]:
    """The weights that all visitors share; who asks at the same time is read in one batch."""
    chosen, loaded = read_by(params.weights)
    return {"tokenizer": loaded.tokenizer, "model": loaded.remembered, **_placed(chosen, loaded)}


def _placed(chosen: "Weights", loaded: "Extractive") -> dict[str, Any]:
    weights = next(loaded.model.parameters())
    return {"folder": folder_of(chosen), "dtype": weights.dtype, "device": str(weights.device)}


@contextmanager
def scope(_: Params) -> Iterator[None]:
    """Nothing draws random numbers here; who cannot be answered now is told so."""
    try:
        yield
    except Busy as problem:
        raise BadParam(str(problem)) from None


def caption(params: Params, result: Result) -> str:
    if result.error:
        return result.error
    best = f"the best of {result.legal_spans} legal spans has" if result.legal_spans > 1 else "the only legal span has"
    sure = number(result.probabilities[0].item())
    said = f"{best} probability {sure}, and {_pair(params, result)}."
    if result.absent:
        gap = f"{abs(result.null_gap):.1f} {'above' if result.null_gap >= 0 else 'below'}"
        past = f", with a threshold of {params.threshold:g}" if params.threshold else ""
        found = f"“{shorten(result.answers[0], 40)}” has probability {sure} among the spans"
        said = f"{found}, but “no answer” scores {gap} it{past}: the model gives no answer."
    return f"{fallback}: {said}" if (fallback := _fallback(params, result)) else said[0].upper() + said[1:]


def _pair(params: Params, result: Result) -> str:
    """What came of two separate argmaxes."""
    start, end = result.naive.tolist()
    if result.spans[0, 1:].tolist() == [start, end]:
        return "two separate argmaxes give the same span"
    why = illegal(result, int(result.spans[0, 0]), start, end, params.max_answer_tokens)
    return "two separate argmaxes give no legal one" if why else "two separate argmaxes give another one"


def details(params: Params, result: Result) -> str:
    if result.error:
        return "The model was not asked."
    parts = [_best(params, result), _naive(params, result), _null(params, result), _unknown(result), _windows(result)]
    return " ".join(filter(None, parts))


def _fallback(params: Params, result: Result) -> str:
    """Said where other weights than those asked for have answered."""
    if params.weights == "extractive" or result.folder != "assets/models/extractive":
        return ""
    return f"{params.weights} is not to be had here now and the shipped model answers"


def _best(params: Params, result: Result) -> str:
    _, start, end = result.spans[0].tolist()
    listed, most = len(result.answers), params.max_answer_tokens
    held = (
        f"; the {listed} best spans together have {percent(min(1.0, result.probabilities.sum().item()))}"
        if listed > 1
        else ""
    )
    return (
        f"Of {count(result.legal_spans, 'legal span')} of at most {count(most, 'token')} the best is "
        f"“{shorten(result.answers[0])}”, {f'token {start}' if start == end else f'tokens {start} to {end}'}: score {result.scores[0].item():.2f}, "
        f"probability {number(result.probabilities[0].item())} at temperature {params.temperature:g}{held}."
    )


def _null(params: Params, result: Result) -> str:
    """What a head says where the text does not hold the answer."""
    trained = f" These weights were {_trained(result.folder)} to raise it where the text holds no answer." * bool(
        _trained(result.folder)
    )
    return (
        f"Whatever the text says, some span always wins. The null score, start + end logit of [CLS], is {number(result.null_score, 2)}; less the score of "
        f"the best span it is {number(result.null_gap, 2)}, {'above' if result.absent else 'not above'} the threshold of "
        f"{params.threshold:g}: {verdict(result)}.{trained}{_chosen(result.folder)} "
        f"A question-answering pipeline reported {number(result.pipeline_score)} as the score: softmax of the start times softmax of the end, "
        "over the context and [CLS], so it falls as far as [CLS] rises."
    )


def _chosen(folder: str) -> str:
    """Where the default threshold is from; other weights have another scale."""
    if folder != "assets/models/extractive":
        return ""
    return (
        " The default threshold is where as many answers are missed as are made up, on articles of their training data."
    )


def _trained(folder: str) -> str:
    """Whether texts without an answer were among the examples; "" of weights that an operator has brought."""
    if "squad2" in folder or folder == "assets/models/extractive":
        return "trained"
    return "never trained" if folder == DISTILLED else ""


def most_of_it(share: float) -> str:
    """Whether a span with that probability has more than all others together, as a question asks for it."""
    return "yes, one span" if share > 0.5 else "no, many share it"


def verdict(result: Result) -> str:
    return "not in the text" if result.absent else "an answer"


def _naive(params: Params, result: Result) -> str:
    start, end = result.naive.tolist()
    if result.spans[0, 1:].tolist() == [start, end]:
        return "The two argmaxes taken on their own happen to give the same span."
    window = int(result.spans[0, 0])
    why = illegal(result, window, start, end, params.max_answer_tokens)
    first, last = result.tokens[window][start], result.tokens[window][end]
    said = (
        f"decoding gives “{shorten(result.naive_answer)}”" if result.naive_answer else "decoding gives an empty answer"
    )
    return f"Separate argmaxes start at token {start} “{first}” and end at token {end} “{last}”: {why}, and {said}."


def illegal(result: Result, window: int, start: int, end: int, max_answer_tokens: int) -> str:
    """Why tokens start to end of a window are no answer; empty where they may be one."""
    for token, role in ((start, "start"), (end, "end")):
        where = "padding" if result.attention_mask[window, token] == 0 else "a special token"
        if result.side[window, token] != 1:
            where = "in the question" if result.side[window, token] == 0 else where
            return f"the {role} is {where}"
    if end < start:
        return f"the end comes {start - end} before the start"
    if end - start >= max_answer_tokens:
        return f"{end - start + 1} tokens are more than {max_answer_tokens}"
    return ""


def _unknown(result: Result) -> str:
    """Said where the vocabulary has no piece for something in question or context."""
    unknown = sum(row.count("[UNK]") for row in result.tokens)
    if not unknown:
        return ""
    are = one_of(unknown, "token is", "tokens are")
    return f"{unknown} {are} [UNK]: the vocabulary has no piece for what stands there, and the model reads all of it alike."


def shorten(text: str, most: int = 200) -> str:
    """Text on one line, cut where it is long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _windows(result: Result) -> str:
    windows, width = result.input_ids.shape
    if windows == 1:
        return f"The model read one window of {width} tokens."
    won = int(result.spans[0, 0])
    return f"The model read {windows} windows of up to {width} tokens; window {won} (counted from 0) won."


LESSON = Lesson(
    slug="span",
    title="Start and end logits",
    truth=__doc__,
    Params=Params,
    program=Program("span", Result, (ValueError,), values=values, given=given, scope=scope),
    caption=caption,
    details=details,
    minutes=7,
    main=("question", "context", "threshold"),
    related=("logits", "qa_model", "padding_effect"),
    button="Ask",
    gpu_seconds=10,
    at_once=32,  # they are read in one batch
    instant=("temperature", "max_answer_tokens", "n_best", "threshold"),
    examples=EXAMPLES,
    tolerance=1e-4,
    predictions=(
        Prediction(
            id="sure",
            question="Peru is not in the text. Can one span still get most of the probability?",
            choices=(
                Choice(
                    "no, many share it",
                    "So it would be if the 150 spans were alike. But a capital is a place, and one span names a place.",
                ),
                Choice(
                    "yes, one span",
                    "Softmax compares the spans with each other, not with “no answer”.",
                ),
                Choice(
                    "no, “no answer” gets it",
                    "“No answer” is no span, so this softmax leaves it out. Its score is compared afterwards, and wins.",
                ),
            ),
            answer=1,
            proof="sure of nonsense",
            show={},
            ring="sure",
        ),
        Prediction(
            id="null",
            question="The null score less that of the best span is -0.8 for when the library opens, which the text says. What is it for Peru's capital?",
            choices=(
                Choice(
                    "-0.8",
                    "The text is the same, but [CLS] reads the question too, and the best span is another.",
                ),
                Choice(
                    "-2.4",
                    "So it is for who runs the library, of which the text leaves no doubt. Lower means more of an answer.",
                ),
                Choice(
                    "10.6",
                    "[CLS] beats every span: these weights have seen questions whose answer was cut out. The probability says nothing of it.",
                ),
            ),
            answer=2,
            proof="null score",
            show={},
            ring="null",
        ),
        Prediction(
            id="crossed",
            question="start_logits peak at token 39, end_logits at token 34. What does decode(ids[39 : 34 + 1]) give?",
            choices=(
                Choice("an empty answer", "A slice whose end lies before its start is empty and raises nothing."),
                Choice(
                    "the tokens 34 to 39",
                    "A slice does not turn around: it reads from its start on, and its end has passed already.",
                ),
                Choice(
                    "an IndexError",
                    "An index beyond the end would raise. A slice takes what there is between its ends: here nothing.",
                ),
            ),
            answer=0,
            proof="crossed",
            show=CROSSED,
            ring="naive",
        ),
        Prediction(
            id="legal",
            question="The context has 103 tokens, and a span at most 15. How many pairs of a start and an end are legal?",
            choices=(
                Choice(
                    "10609 spans", "That is 103 · 103: in nearly half of these pairs the end comes before the start."
                ),
                Choice("5356 spans", "These have start <= end. Most of them are longer than 15 tokens."),
                Choice(
                    "1440 spans",
                    "Each start has 15 ends, and the last 14 starts have fewer: a narrow band beside the diagonal.",
                ),
            ),
            answer=2,
            proof="band",
            show=SOFTLY,
            ring="legal",
        ),
        Prediction(
            id="temperature",
            question="All logits are divided by a temperature of 4. What does that change in the order of the spans?",
            choices=(
                Choice(
                    "the weaker spans rise",
                    "Their probabilities rise, and those of the strong ones fall. None overtakes another.",
                ),
                Choice(
                    "nothing",
                    "Dividing by a positive number keeps the order of the sums; the probabilities come closer.",
                ),
                Choice("it is turned around", "That would take a negative divisor."),
            ),
            answer=1,
            proof="temperature",
            show={"temperature": 4.0},
            ring="order",
        ),
        Prediction(
            id="stride",
            question="A window holds 85 tokens of the context, and stride=32. Where in the context does the second window begin?",
            choices=(
                Choice("at token 32", "So it would be if stride were the step, as in a convolution."),
                Choice(
                    "at token 53", "In a tokenizer stride is what two windows share: they begin 85 - 32 tokens apart."
                ),
                Choice("at token 85", "Then the windows would share nothing, which is stride=0."),
            ),
            answer=1,
            proof="stride",
            show={**SOFTLY, "max_length": 96, "stride": 32},
            ring="second",
        ),
    ),
    traps=(
        Trap(
            name="Two argmaxes, as in the documentation",
            sentence="Each argmax may stand anywhere: here the end comes in front of the start, so decoding gives an empty answer.",
            source="https://github.com/huggingface/transformers/issues/12254",
            params=CROSSED,
        ),
        Trap(
            name="The question is not masked",
            sentence="[CLS] and the question have logits too. Here the start is [CLS], so decoding gives the question and half the text.",
            source="https://github.com/huggingface/transformers/issues/5910",
            params=COLUMBIA,
        ),
        Trap(
            name="A probability taken for a score",
            sentence="The probability compares the spans of one text with one another: here it is 0.929, and none of them is an answer.",
            source="https://github.com/cdqa-suite/cdQA/issues/195",
            params=MONA_LISA,
        ),
        Trap(
            name="stride is not the step",
            sentence="A tokenizer's stride is what neighbouring windows share: a large one makes many windows of a long text, not few.",
            source="https://github.com/huggingface/transformers/issues/18160",
            params={**SOFTLY, "max_length": 64, "stride": 40},
        ),
        Trap(
            name="A stride that leaves no progress",
            sentence="Windows that share as much as they hold never get on: here the tokenizer would panic, so the program checks first.",
            source="https://github.com/huggingface/tokenizers/issues/944",
            params={**SOFTLY, "max_length": 64, "stride": 56},
        ),
    ),
)
