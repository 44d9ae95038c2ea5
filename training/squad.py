"""SQuAD v1.1 files, and the official normalisation, F1 and exact match (Rajpurkar et al., 2016)."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Gold:
    """One annotator's answer: `context[start:start + len(text)] == text`."""

    text: str
    start: int  # characters


@dataclass(frozen=True)
class Question:
    id: str
    title: str  # the article
    question: str
    context: str
    answers: tuple[Gold, ...]


def read(path: Path) -> list[Question]:
    """Every question of one SQuAD v1.1 file, in the file's order."""
    articles = json.loads(Path(path).read_text(encoding="utf-8"))["data"]
    return [
        _question(qa, paragraph["context"], article.get("title", ""))
        for article in articles
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]


def _question(qa: Mapping[str, Any], context: str, title: str) -> Question:
    answers = tuple(Gold(answer["text"], answer["answer_start"]) for answer in qa["answers"])
    return Question(str(qa["id"]), title, qa["question"].strip(), context, answers)


def normalise(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces: the official rule."""
    bare = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def exact_match(prediction: str, gold: str) -> float:
    return float(normalise(prediction) == normalise(gold))


def f1(prediction: str, gold: str) -> float:
    """Harmonic mean of word precision and recall; 0 when no word is shared, as officially."""
    said, true = normalise(prediction).split(), normalise(gold).split()
    shared = sum((Counter(said) & Counter(true)).values())
    return 2 * shared / (len(said) + len(true)) if shared else 0.0


def best_of(metric: Callable[[str, str], float], prediction: str, golds: Sequence[Gold]) -> float:
    """The metric against the annotator who agrees most."""
    return max(metric(prediction, gold.text) for gold in golds)


def score(questions: Sequence[Question], predictions: Mapping[str, str]) -> dict[str, float]:
    """Mean F1 and exact match in percent; a question without a prediction counts 0."""
    scored = {"f1": f1, "exact_match": exact_match}
    return {
        name: 100
        * sum(best_of(metric, predictions.get(q.id, ""), q.answers) for q in questions)
        / max(1, len(questions))
        for name, metric in scored.items()
    }
