"""In train mode each pass of this model draws new dropout masks: its logits move, and its answer can; with greedy decoding in eval mode neither does."""

import copy
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Example, Lesson, Prediction, Trap
from explorable.params import BadParam, bounded, choice, listed, text
from explorable.program import Program
from explorable.words import count, listing, percent
from lessons.shipped import shipped

MODULES, FLOATS = "nn.Dropout", "nn.Dropout and float attributes"
LONGEST = 63  # tokens of a question
ROUNDED = 1e-3  # what rounding may move a logit by


@dataclass(frozen=True)
class Params:
    question: str = text(
        "What is the capital of France?", max_length=120, lines=2, about="your own; 16 more are always asked"
    )
    reaches: Literal["nn.Dropout", "nn.Dropout and float attributes"] = choice(
        FLOATS, about="where p is set; T5Attention keeps its dropout as a float"
    )
    passes: int = bounded(20, low=2, high=20, step=1, about="in train mode, for each p")
    seed: int = bounded(0, low=0, high=99, step=1, about="of torch.manual_seed, before pass 1")


@dataclass(frozen=True)
class Result:
    loaded_training: bool  # model.training after from_pretrained
    asked: list[str]  # N + 1 questions: the visitor's own, then the set
    wanted: list[str]  # N answers of the set
    unknown_words: list[str]  # of the visitor's question
    eval_answers: list[str]  # N + 1
    eval_accuracy: float  # share of the set answered exactly in eval mode
    differ: float  # largest difference of the logits of two passes in train mode, p = 0.1
    tokens: list[str]  # 6 that eval mode finds likeliest to begin the answer to the visitor's question
    eval_logits: Tensor  # (6,) their logits in eval mode
    two_passes: Tensor  # (2, 6) their logits in two passes in train mode, p = 0.1
    moves: Tensor  # (6,) from the first pass to the second
    leaders: list[str]  # 2: the likeliest first token of each of the two passes
    begins: list[str]  # T of 2 to 4: the first tokens of the visitor's question
    embedded: Tensor  # (T, 5) five features of what the encoder's first dropout is given, in either pass
    masked: Tensor  # (2, T, 5) what it passes on in the two passes
    again: bool  # whether the first of the two gives the same logits once more with its seed
    differ_no_grad: float  # as `differ`, but under torch.no_grad()
    answers: dict[float, list[list[str]]]  # p -> for each pass in train mode the N + 1 answers
    accuracy: Tensor  # (3, passes) share of the set, for p = 0.1, 0.3, 0.5
    mean: Tensor  # (3,) over the passes
    spread: Tensor  # (3,) standard deviation over the passes
    attention_dropout: float | None  # of the first T5Attention, after p = 0.5 was set; None while it runs


def values(params: Params) -> Mapping[str, Any]:
    size = len(shipped("closed_book").tokenizer(params.question).input_ids) - 1  # </s> stands at the end
    if not 1 <= size <= LONGEST:
        raise BadParam(f"question must have 1 to {LONGEST} tokens, not {size}.")
    return vars(params)


def given(_: Params) -> Mapping[str, Any]:
    """A copy that may be switched, and whose dropout may be set; the shared model stays as it is.

    It is made in a thread of its own, so that no tape shows the operators of copying.
    """
    qa = shipped("closed_book")
    with ThreadPoolExecutor(1) as apart:
        return {"tokenizer": qa.tokenizer, "model": apart.submit(lambda: copy.deepcopy(qa.model).cpu()).result()}


def caption(params: Params, result: Result) -> str:
    moved = abs(result.moves[0].item())
    leads = "is" if set(result.leaders) == {result.tokens[0]} else "is not"
    return (
        f"Other masks move the logit of {named(result.tokens[0], 'the likeliest token')} by {moved:.1f}; it {leads} the highest in both "
        "passes."
    )


def named(token: str, otherwise: str) -> str:
    """A token as a sentence names it where it is a word."""
    word = token.removeprefix("▁")
    return f"“{word}”" if word.isalpha() else otherwise


def details(params: Params, result: Result) -> str:
    rates, passes = list(result.answers), count(result.accuracy.shape[1], "pass")
    means = [f"{percent(mean)} with p = {p}" for p, mean in zip(rates, result.mean.tolist(), strict=True)]
    spreads = [f"{spread:.3f}" for spread in result.spread.tolist()]
    own = [f"{len({row[0] for row in rows})} with p = {p}" for p, rows in result.answers.items()]
    lacks = f" It read <unk> for {listed(result.unknown_words)}." if result.unknown_words else ""
    return (
        f"To your question eval mode answers {result.eval_answers[0]!r}; {passes} of train mode give so many different answers: "
        f"{listing(own)}.{lacks} On average a pass answers {listing(means)} of the set of {len(result.wanted)} right (standard "
        f"deviations {listing(spreads)}). p is set in {params.reaches}; the masks come from seed {params.seed}."
    )


def kept(dropout: float | None) -> str:
    """Whether the float of attention was set too."""
    if dropout is None:
        return "not yet known"
    return f"{dropout:g}, as {'was set' if dropout == 0.5 else 'in the file'}"


def same(result: Result) -> str:
    """Whether two passes give the same logits, and what makes them differ, as a question asks for it."""
    if result.differ < ROUNDED:
        return "yes" if not result.differ else "yes, but for rounding"
    return "no, other dropout masks" if result.again else "no"


def agree(differ: float) -> str:
    return "they differ" if differ else "they are equal"


LESSON = Lesson(
    slug="train_mode_answers",
    title="train() and a trained model",
    truth=__doc__,
    Params=Params,
    program=Program("train_mode_answers", Result, values=values, given=given, so_far=True),
    caption=caption,
    details=details,
    tolerance=1e-4,  # shared cores split sums differently
    minutes=6,
    main=("question", "seed"),
    related=("dropout", "dropout_reset", "modes"),
    gpu_seconds=10,
    predictions=(
        Prediction(
            id="twice",
            question="A T5 reads a question twice in train mode. Are the logits the same?",
            choices=(
                Choice("yes", "Question and weights are the same. But each pass drops other activations."),
                Choice(
                    "yes, but for rounding",
                    "Rounding moves the last digits. Here other activations are set to 0.",
                ),
                Choice(
                    "no, other dropout masks",
                    "Each pass draws at random what its dropouts set to 0.",
                ),
            ),
            answer=2,
            proof="twice",
            show={},
            ring="twice",
        ),
        Prediction(
            id="loaded",
            question="A model comes from from_pretrained() of transformers. What is model.training?",
            choices=(
                Choice(
                    "False",
                    "from_pretrained calls eval(). from_config and constructors do not, and a later train() undoes it.",
                ),
                Choice("True", "So it is for a model that was just constructed: nn.Module begins in train mode."),
                Choice("None, until it is called", "training is a bool: nn.Module.__init__ sets it to True."),
            ),
            answer=0,
            proof="loaded",
            show={},
            ring="loaded",
        ),
        Prediction(
            id="no_grad",
            question="with torch.no_grad(), this T5 in train mode: how do the logits of two passes compare?",
            choices=(
                Choice(
                    "they are equal",
                    "no_grad stops the recording for backward. It tells no layer that this is no training.",
                ),
                Choice("it raises an error", "no_grad fits every mode: it only stops what autograd records."),
                Choice("they differ", "eval(), or p = 0 for every dropout, would stop it. no_grad does neither."),
            ),
            answer=2,
            proof="no grad",
            show={},
            ring="no_grad",
        ),
        Prediction(
            id="float",
            question="A loop sets p = 0.5 in every nn.Dropout of this T5. What is SelfAttention.dropout afterwards?",
            choices=(
                Choice(
                    "0.1, as in the file",
                    "T5Attention keeps its dropout as a float and hands it to a function: no loop over nn.Dropout finds it.",
                ),
                Choice(
                    "0.5, as was set",
                    "The loop reaches modules. This attention holds a number, which is no module and keeps its value.",
                ),
                Choice("nn.Dropout(p=0.5)", "That is what other layers of T5 hold. T5Attention holds a float."),
            ),
            answer=0,
            proof="float",
            show={"reaches": MODULES},
            ring="float",
        ),
    ),
    traps=(
        Trap(
            name="Answers in train mode",
            sentence="Nothing raises: the more dropout, the fewer answers are right, and with p = 0.3 or 0.5 passes disagree.",
            source="https://github.com/huggingface/transformers/issues/2627",
            params={"seed": 7},
        ),
        Trap(
            name="Only nn.Dropout was set",
            sentence="T5Attention's dropout is a float: it stays at the 0.1 of the file, whatever p is wanted.",
            source="https://github.com/huggingface/transformers/issues/8443",
            params={"reaches": MODULES},
        ),
        Trap(
            name="Two passes are no measurement",
            sentence="Each pass draws other masks: only the mean over many says how good train mode is.",
            source="https://github.com/facebookresearch/detr/issues/498",
            params={"passes": 2},
        ),
    ),
    button="Ask",
    examples=(
        Example("A symbol", {"question": "What is the chemical symbol of gold?"}),
        Example("A wording of its own", {"question": "Which city is France's capital?"}),
    ),
)
