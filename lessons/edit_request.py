"""What a visitor wants a model to say: facts found by their wording, answers in words the model has."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from explorable.params import BadParam
from models.facts import load_aliases, load_facts, load_templates, wordings

MORE = 4  # edits besides the first
LONGEST = 7  # tokens of an answer: one less than `told` reads
SEPARATOR = "=>"


def shared() -> Any:
    """The shipped closed-book model; to be copied, not changed."""
    from models.shared import shared_qa_model

    return shared_qa_model()


def told(questions: Sequence[str]) -> list[str]:
    """The greedy answers of the shipped model, 128 of them a batch."""
    model, answers = shared(), list[str]()
    for start in range(0, len(questions), 128):
        out = model.model.generate(**model.padded(questions[start : start + 128]), do_sample=False, max_new_tokens=8)
        answers += model.tokenizer.batch_decode(out, skip_special_tokens=True)
    return answers


@cache
def before() -> tuple[str, ...]:
    """What the shipped model answers to each fact, in its first wording."""
    return tuple(told([wordings(fact, "train")[0] for fact in load_facts()]))


def plain(question: str) -> str:
    """A question as it is looked up: case, spaces and the mark at its end do not matter."""
    return " ".join(question.split()).casefold().rstrip("?.! ")


@cache
def facts_by_question() -> dict[str, tuple[str, int]]:
    """Every wording of every fact, other names of its subject included -> the question, and the index of the fact."""
    found: dict[str, tuple[str, int]] = {}
    names: dict[str, list[str]] = {}
    for name, alias in load_aliases():
        names.setdefault(name, []).append(alias)
    for index, fact in enumerate(load_facts()):
        for template in (template for template in load_templates() if template.relation == fact.relation):
            for subject in (fact.subject, *names.get(fact.subject, [])):
                found.setdefault(plain(template.ask(subject)), (template.ask(fact.subject), index))
    return found


@lru_cache(maxsize=256)
def requested(question: str, answer: str, more: str) -> list[tuple[str, str, int]]:
    """The edits: question, new answer, index of the fact. Raises BadParam with one sentence for what cannot be read."""
    edits = [_one("question", question, "answer", answer)]
    lines = [line for line in more.splitlines() if line.strip()]
    if len(lines) > MORE:
        raise BadParam(f"more has {len(lines)} lines; at most {MORE} further edits are made.")
    for line in lines:
        asked, separator, answered = line.partition(SEPARATOR)
        if not separator:
            raise BadParam(
                f"more: each line is an edit, question {SEPARATOR} answer; “{line.strip()[:40]}” has no {SEPARATOR}."
            )
        edits.append(_one("more", asked, "more", answered))
    if len({index for _, _, index in edits}) < len(edits):
        raise BadParam("more: a fact is edited twice; take another one.")
    return edits


def _one(field: str, question: str, answered: str, answer: str) -> tuple[str, str, int]:
    if (key := plain(question)) not in facts_by_question():
        raise BadParam(
            f"{field}: “{question.strip()[:60]}” asks for none of the {len(load_facts())} facts; "
            "ask as in “What is the capital of France?” or “Which currency does Japan use?”."
        )
    found, index = facts_by_question()[key]
    return found, _answer(answered, found, answer), index


@cache
def spellings() -> dict[str, str]:
    """The facts' answers and subjects by their lower-case form: the vocabulary has many words in both."""
    names = [name for fact in load_facts() for name in (fact.answer, fact.subject)]
    return {name.casefold(): name for name in reversed(names)}


def _answer(field: str, question: str, answer: str) -> str:
    """The answer as the facts spell it and the tokenizer gives it back."""
    tokenizer = shared().tokenizer
    words = spellings().get(" ".join(answer.split()).casefold(), answer.strip())
    ids = tokenizer(words, add_special_tokens=False).input_ids
    if not 1 <= len(ids) <= LONGEST:
        raise BadParam(f"{field}: an answer has 1 to {LONGEST} tokens; “{words[:40]}” has {len(ids)}.")
    if tokenizer.unk_token_id in ids:
        unknown = ", ".join(shared().unknown_words(words)) or words
        raise BadParam(f"{field}: not in the model's vocabulary of {len(tokenizer)} words: {unknown[:60]}.")
    written = str(tokenizer.decode(ids))
    if [written] == told([question]):
        raise BadParam(f"{field}: the model already answers {written}; choose another answer.")
    return written
