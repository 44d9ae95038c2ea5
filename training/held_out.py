"""Whole articles kept out of training, and a quick score on a sample of their questions."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from training.spans import span_scores
from training.squad import Question, read, score

SHARE = 0.05  # of the articles of each file
SEED = 2020  # the same articles whatever the seed of the run
LONGEST_ANSWER = 30  # tokens


def split(folder: Path) -> tuple[list[Question], list[Question]]:
    """Training questions and held-out ones of every file; no article is on both sides."""
    train: list[Question] = []
    held_out: list[Question] = []
    for path in sorted(folder.glob("*.json")):
        questions = read(path)
        kept = _drawn(sorted({_article(q, questions) for q in questions}))
        for question in questions:
            side = held_out if _article(question, questions) in kept else train
            side.append(question)
    if not train:
        raise SystemExit(f"{folder} holds no SQuAD v1.1 file (*.json).")
    return train, held_out


def _article(question: Question, questions: Sequence[Question]) -> str:
    """The title; in a file of one title (comments by many people) each text is an article."""
    one_title = questions[0].title == questions[-1].title
    return question.context if one_title else question.title


def _drawn(articles: Sequence[str]) -> set[str]:
    count = max(1, round(SHARE * len(articles) + 0.5))
    return set(random.Random(SEED).sample(articles, min(count, len(articles) - 1)))


def write(questions: Sequence[Question], path: Path) -> None:
    """Save questions as a SQuAD v1.1 file, one article a question."""
    articles = [{"title": q.title, "paragraphs": [{"context": q.context, "qas": [_asked(q)]}]} for q in questions]
    path.write_text(json.dumps({"version": "1.1", "data": articles}), encoding="utf-8")


def _asked(question: Question) -> dict[str, Any]:
    golds = [{"text": gold.text, "answer_start": gold.start} for gold in question.answers]
    return {"id": question.id, "question": question.question, "answers": golds}


def quick_f1(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: Sequence[Question],
    bfloat16: bool,
) -> float:
    """F1 in percent over the first 384 tokens only: to watch a run, not to report."""
    said: dict[str, str] = {}
    ordered = sorted(questions, key=lambda q: len(q.context))
    for at in range(0, len(ordered), 16):
        rows = ordered[at : at + 16]
        texts = _answers(model, tokenizer, rows, bfloat16)
        said |= {q.id: text for q, text in zip(rows, texts, strict=True)}
    return score(questions, said)["f1"]


@torch.inference_mode()
def _answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Question],
    bfloat16: bool,
) -> list[str]:
    encoded = tokenizer(
        [q.question for q in rows],
        [q.context for q in rows],
        max_length=384,
        truncation="only_second",
        padding=True,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    offsets = encoded.pop("offset_mapping")  # (B, T, 2)
    sides = [[side == 1 for side in encoded.sequence_ids(row)] for row in range(len(rows))]
    with torch.autocast(model.device.type, torch.bfloat16, enabled=bfloat16):
        out = model(**encoded.to(model.device))
    context = torch.tensor(sides, device=model.device)  # (B, T)
    start, end = out.start_logits.float(), out.end_logits.float()
    scores = span_scores(start, end, context, LONGEST_ANSWER)
    best = scores.flatten(1).argmax(1).tolist()  # (B,)
    texts = []
    for row, flat in enumerate(best):
        first, extra = divmod(flat, LONGEST_ANSWER)
        a, b = int(offsets[row, first, 0]), int(offsets[row, first + extra, 1])
        texts.append(rows[row].context[a:b])
    return texts
