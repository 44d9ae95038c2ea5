"""In eval mode a trained model gives one answer; in train mode its dropout draws another model for every pass."""

import copy
import functools
import re
from dataclasses import dataclass
from pprint import pformat
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from explorable.lesson import Example, Lesson, Prediction, Trap
from explorable.params import BadParam, bounded, choice, listed, text
from explorable.progress import progress
from explorable.seeding import seeded
from lessons.shipped import shipped
from lessons.source import snippet_of

MODULES, FLOATS = "nn.Dropout", "nn.Dropout and float attributes"
LONGEST = 63  # tokens of a question


@dataclass(frozen=True)
class Params:
    question: str = text("What is the capital of France?", max_length=120, about="your own, beside the small set")
    reaches: Literal["nn.Dropout", "nn.Dropout and float attributes"] = choice(
        FLOATS, about="what is set to p; T5Attention keeps its dropout as a float, 0.1 in the file"
    )
    passes: int = bounded(20, low=2, high=20, step=1, about="in train mode, for each p")
    seed: int = bounded(0, low=0, high=99, step=1, about="of the dropout masks")


@dataclass(frozen=True)
class Result:
    asked: list[str]  # N + 1 questions: the visitor's own, then the set
    wanted: list[str]  # N answers of the set
    unknown_words: list[str]  # of the visitor's question
    eval_answers: list[str]  # N + 1
    eval_accuracy: float  # share of the set answered exactly in eval mode
    answers: dict[float, list[list[str]]]  # p -> for each pass in train mode the N + 1 answers
    accuracy: Tensor  # (3, passes) share of the set, for p = 0.1, 0.3, 0.5
    mean: Tensor  # (3,) over the passes
    spread: Tensor  # (3,) standard deviation over the passes


def set_dropout(model: nn.Module, p: float, reaches: str) -> None:
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = p
        elif reaches != "nn.Dropout" and isinstance(getattr(module, "dropout", None), float):
            module.dropout = p  # type: ignore[assignment]


def summed(answers: dict[float, list[list[str]]], wanted: list[str]) -> tuple[Tensor, Tensor, Tensor]:
    """Accuracy (3, passes) over the set, its mean and its standard deviation over the passes."""
    right = [[[a == b for a, b in zip(row[1:], wanted, strict=True)] for row in rows] for rows in answers.values()]
    accuracy = torch.tensor(right).float().mean(dim=2)
    return accuracy, accuracy.mean(dim=1), accuracy.std(dim=1, correction=0)


def compute(
    tokenizer: Any, model: Any, facts: list[tuple[str, str]], question: str, reaches: str, passes: int, seed: int
) -> Result:
    asked = [question, *(other for other, _ in facts)]
    wanted = [answer for _, answer in facts]
    encoded = tokenizer(question, return_offsets_mapping=True)
    places = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    unknown_words = [question[start:end].strip() for i, (start, end) in places if i == tokenizer.unk_token_id]

    rows = [torch.tensor(tokenizer(words).input_ids) for words in asked]
    input_ids = pad_sequence(rows, batch_first=True, padding_value=tokenizer.pad_token_id)  # (N + 1, S)
    attention_mask = (input_ids != tokenizer.pad_token_id).long()

    model.eval()
    generated = model.generate(input_ids, attention_mask=attention_mask, max_new_tokens=6)
    eval_answers = tokenizer.batch_decode(generated, skip_special_tokens=True)
    eval_accuracy = sum(a == b for a, b in zip(eval_answers[1:], wanted, strict=True)) / len(wanted)

    model.train()
    answers: dict[float, list[list[str]]] = {0.1: [], 0.3: [], 0.5: []}
    so_far = functools.partial(partly, asked, wanted, unknown_words, eval_answers, eval_accuracy, answers)
    for step in progress(range(0, passes, 4), so_far):
        copies = min(4, passes - step)  # every row has masks of its own: copies of the batch are passes
        repeated = {"input_ids": input_ids.repeat(copies, 1), "attention_mask": attention_mask.repeat(copies, 1)}
        for p in answers:
            set_dropout(model, p, reaches)
            with seeded(seed + step):
                generated = model.generate(**repeated, max_new_tokens=6)
            told = tokenizer.batch_decode(generated, skip_special_tokens=True)
            answers[p] += [told[at : at + len(asked)] for at in range(0, len(told), len(asked))]
    accuracy, mean, spread = summed(answers, wanted)
    return Result(asked, wanted, unknown_words, eval_answers, eval_accuracy, answers, accuracy, mean, spread)


def partly(asked: Any, wanted: Any, unknown: Any, eval_answers: Any, eval_accuracy: Any, answers: Any) -> Result:
    """The Result of the passes made until now."""
    told = copy.deepcopy(answers)
    return Result(asked, wanted, unknown, eval_answers, eval_accuracy, told, *summed(told, wanted))


@functools.cache
def small_set() -> list[tuple[str, str]]:
    """Every 90th fact in its first wording."""
    from models.facts import load_facts, wordings

    return [(wordings(fact, "train")[0], fact.answer) for fact in load_facts()[::90]]


def run(params: Params) -> Result:
    """The copy is switched and its dropout set; the shared model stays as it is. The generator is held for one pass at a time."""
    qa = shipped("closed_book")
    size = len(qa.tokenizer(params.question).input_ids) - 1  # </s> stands at the end
    if not 1 <= size <= LONGEST:
        raise BadParam(f"question must have 1 to {LONGEST} tokens, not {size}.")
    return compute(qa.tokenizer, copy.deepcopy(qa.model).cpu(), small_set(), **vars(params))


LOADING = """\
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer


@contextmanager
def seeded(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
"""
FOLDER = """\
tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
model = AutoModelForSeq2SeqLM.from_pretrained("assets/models/closed_book")
facts = {facts}
"""


def snippet(params: Params) -> str:
    code = snippet_of(compute, vars(params), also=[set_dropout, summed], header="")
    code = "\n".join(line for line in code.splitlines() if "functools.partial(partly" not in line)
    code = code.replace("  # type: ignore[assignment]", "  # T5Attention")
    classes, body = code.split("\n\nquestion = ", 1)
    top = "\n\n\n".join([LOADING.strip(), re.sub("\n+def ", "\n\n\ndef ", classes.strip())])
    return f"{top}\n\n\n{FOLDER.format(facts=pformat(small_set(), width=100))}\nquestion = {body}"


def caption(params: Params, result: Result) -> str:
    rates = list(result.answers)
    means = ", ".join(f"{mean:.0%} with p = {p}" for p, mean in zip(rates, result.mean.tolist(), strict=True))
    spreads = ", ".join(f"{spread:.3f}" for spread in result.spread.tolist())
    seen = {p: {row[0] for row in rows} for p, rows in result.answers.items()}
    own = ", ".join(f"{len(found)} with p = {p}" for p, found in seen.items())
    lacks = f" It read <unk> for {listed(result.unknown_words)}." if result.unknown_words else ""
    return (
        f"eval mode answers {result.eval_answers[0]!r}, every time, and {result.eval_accuracy:.0%} of {len(result.wanted)} "
        f"questions of the set.{lacks} Train mode, {params.reaches} set to p, {result.accuracy.shape[1]} passes from seed "
        f"{params.seed}: on average {means} (standard deviations {spreads}). Your question got different answers: {own}."
    )


_T5 = "__import__('transformers').AutoModelForSeq2SeqLM.from_pretrained('assets/models/closed_book')"
_TWICE = (
    "(lambda t5, ids: (lambda f: 'yes' if torch.equal(f(), f()) else 'no')(lambda: t5(input_ids=ids, labels=ids).logits))"
    "({model}, torch.tensor([[1125, 1510, 1918, 1]]))"
)
LESSON = Lesson(
    slug="train_mode_answers",
    title="train() and a trained model",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    gpu_seconds=10,
    predictions=(
        Prediction(
            question="A trained T5 in train mode reads the same question twice. Are the two rows of logits equal?",
            choices=("yes", "no"),
            answer=1,
            why="In train mode its dropout draws a new mask for every pass; the weights are the same, the model is another one.",
            proof=_TWICE.format(model=f"{_T5}.train()"),
        ),
        Prediction(
            question="from_pretrained gives a model in which mode: what is model.training?",
            choices=("True", "False"),
            answer=1,
            why="from_pretrained calls eval(); from_config and a constructor do not, and any later train() undoes it.",
            proof=f"{_T5}.training",
        ),
        Prediction(
            question="with torch.no_grad(): does nn.Dropout(0.5) in train mode still drop?",
            choices=("True", "False"),
            answer=0,
            why="no_grad stops the recording for backward. Only eval() tells dropout to stop.",
            proof="torch.no_grad()(lambda: bool((nn.Dropout(0.5)(torch.ones(999)) == 0).any()))()",
        ),
        Prediction(
            question="All nn.Dropout of the T5 are set to p = 0, then train(). Are two passes equal now?",
            choices=("yes", "no"),
            answer=1,
            why="T5Attention keeps its dropout as a float, 0.1, and hands it to a function: no loop over nn.Dropout finds it.",
            proof=_TWICE.format(
                model="(lambda t5: [setattr(m, 'p', 0.0) for m in t5.modules() if isinstance(m, nn.Dropout)] and t5)"
                f"({_T5}.train())"
            ),
            show={"reaches": MODULES},
        ),
    ),
    traps=(
        Trap(
            name="Answers in train mode",
            sentence="Nothing fails: the answers are only worse, and others each time.",
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
            name="One pass is no measurement",
            sentence="Two passes in train mode can differ by several questions; only the mean over many says how good it is.",
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
