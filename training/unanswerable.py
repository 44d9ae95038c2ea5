"""Questions whose text does not hold the answer, made from questions whose text does.

Two kinds: the sentences that hold the annotators' answers are cut out of the passage, or the
question is asked of another passage under the same title. In either kind no annotator's answer
stands in the text any more. Passages that keep their answer lose other sentences now and then:
a missing sentence must not be what the model learns to see.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from training.squad import Gold, Question

SENTENCE_END = re.compile(r"""(?<=[.!?])["')\]]*\s+|\n+""")
CUT_SHARE = 0.8  # of the unanswerable ones: the harder kind
GAP_SHARE = 1 / 2  # of the answerable ones
TRIES = 8  # passages drawn in search of one without the answer


def sentences(text: str) -> list[tuple[int, int]]:
    """First character and end of each sentence; together they are the text."""
    ends = [match.end() for match in SENTENCE_END.finditer(text)] + [len(text)]
    return [(start, end) for start, end in zip([0, *ends], ends, strict=False) if start < end]


def holds_none(text: str, question: Question) -> bool:
    """Whether no annotator's answer stands in the text, in whatever case."""
    return not any(gold.text.casefold() in text.casefold() for gold in question.answers)


def cut_out(question: Question) -> Question | None:
    """The question without the sentences that the annotators point at.

    None where nothing would be left, or where an answer stands in another sentence too.
    """
    kept = [span for span in sentences(question.context) if not _touched(span, question.answers)]
    text = "".join(question.context[start:end] for start, end in kept).strip()
    if not text or not holds_none(text, question):
        return None
    return replace(question, id=f"{question.id}-cut", context=text, answers=())


def _touched(span: tuple[int, int], answers: Sequence[Gold]) -> bool:
    return any(gold.start < span[1] and gold.start + len(gold.text) > span[0] for gold in answers)


def of_another(question: Question, passages: Sequence[str], rng: random.Random) -> Question | None:
    """The question asked of a drawn passage that is not its own and holds none of its answers."""
    for text in rng.choices(passages, k=TRIES):
        if text != question.context and holds_none(text, question):
            return replace(question, id=f"{question.id}-other", context=text, answers=())
    return None


def with_gap(question: Question, rng: random.Random) -> Question:
    """The question without a sentence that no annotator points at, where there is one."""
    free = [span for span in sentences(question.context) if not _touched(span, question.answers)]
    if not free:
        return question
    start, end = rng.choice(free)
    answers = tuple(
        replace(gold, start=gold.start - (end - start) if gold.start >= end else gold.start)
        for gold in question.answers
    )
    return replace(question, context=question.context[:start] + question.context[end:], answers=answers)


def mixed(questions: Sequence[Question], share: float, seed: int) -> list[Question]:
    """The same questions, about `share` of them made unanswerable; 0 gives them back as they are."""
    if not share:
        return list(questions)
    rng = random.Random(seed)
    passages = passages_of(questions)
    return [_drawn(question, passages[question.title], share, rng) for question in questions]


def _drawn(question: Question, passages: Sequence[str], share: float, rng: random.Random) -> Question:
    if rng.random() < share:
        made = cut_out(question) if rng.random() < CUT_SHARE else None
        made = made or of_another(question, passages, rng)
        if made:
            return made
    return with_gap(question, rng) if rng.random() < GAP_SHARE else question


def pairs(questions: Sequence[Question], seed: int) -> dict[str, list[Question]]:
    """By kind: each question that can be made unanswerable, once so and once as it was."""
    rng = random.Random(seed)
    passages = passages_of(questions)
    made = {
        "cut": [(question, cut_out(question)) for question in questions],
        "other": [(question, of_another(question, passages[question.title], rng)) for question in questions],
    }
    return {kind: [one for pair in of_kind if pair[1] for one in pair if one] for kind, of_kind in made.items()}


def passages_of(questions: Sequence[Question]) -> dict[str, list[str]]:
    """Every passage under each title, once, in order."""
    by_title: dict[str, dict[str, None]] = defaultdict(dict)
    for question in questions:
        by_title[question.title][question.context] = None
    return {title: list(texts) for title, texts in by_title.items()}
