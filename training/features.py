"""Tokenised questions, and batches of windows of similar length drawn from them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from training.squad import Question

MAX_QUESTION = 64  # tokens
SPECIAL = 3  # [CLS] question [SEP] context [SEP]


@dataclass(frozen=True)
class Feature:
    """One question, tokenised once: windows are cut from it anew in every pass."""

    question: tuple[int, ...]  # token ids
    context: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of each context token
    answers: tuple[tuple[int, int], ...]  # first and last context token; none: not in the text


@dataclass(frozen=True)
class Window:
    """What the model reads: `[CLS] question [SEP] context[first:last] [SEP]`."""

    feature: Feature
    first: int
    last: int

    def __len__(self) -> int:
        return len(self.feature.question) + self.last - self.first + SPECIAL

    def targets(self) -> list[tuple[int, int]]:
        """The annotators' answers inside the window, as positions in the sequence.

        Of a question without an answer: [CLS], as the start and as the end.
        """
        if not self.feature.answers:
            return [(0, 0)]
        shift = len(self.feature.question) + 2 - self.first
        return [
            (start + shift, end + shift)
            for start, end in self.feature.answers
            if self.first <= start and end < self.last
        ]


@dataclass(frozen=True)
class Batch:
    inputs: dict[str, Tensor]  # each (B, T)
    start: Tensor  # (B, T) share of the annotators who start here; rows sum to 1
    end: Tensor  # (B, T)


def featurise(questions: Sequence[Question], tokenizer: PreTrainedTokenizerBase) -> list[Feature]:
    """Tokenise every question and every distinct context once."""
    contexts = sorted({q.context for q in questions})
    encoded = tokenizer(contexts, add_special_tokens=False, return_offsets_mapping=True)
    by_context = {
        text: (tuple(ids), tuple(offsets))
        for text, ids, offsets in zip(contexts, encoded["input_ids"], encoded["offset_mapping"], strict=True)
    }
    asked = tokenizer([q.question for q in questions], add_special_tokens=False)["input_ids"]
    return [
        _feature(question, ids, *by_context[question.context]) for question, ids in zip(questions, asked, strict=True)
    ]


def _feature(
    question: Question,
    ids: Sequence[int],
    context: tuple[int, ...],
    offsets: tuple[tuple[int, int], ...],
) -> Feature:
    spans = [tokens_of(offsets, gold.start, gold.start + len(gold.text)) for gold in question.answers]
    answers = tuple(span for span in spans if span is not None)
    return Feature(tuple(ids[:MAX_QUESTION]), context, offsets, answers)


def tokens_of(offsets: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    """First and last token that touch the characters [start, end); None when none does."""
    touched = [i for i, (a, b) in enumerate(offsets) if a < end and b > start]
    return (touched[0], touched[-1]) if touched else None


def draw_window(feature: Feature, max_length: int, rng: random.Random) -> Window:
    """The whole context where it fits, else a random stretch that holds one drawn answer, if there is one."""
    size = len(feature.context)
    room = max_length - len(feature.question) - SPECIAL
    if size <= room:
        return Window(feature, 0, size)
    start, end = rng.choice(feature.answers or ((size, -1),))
    earliest, latest = max(0, end + 1 - room), min(start, size - room)
    first = rng.randint(min(earliest, latest), max(earliest, latest))
    return Window(feature, first, first + room)


def draw_batches(features: Sequence[Feature], lengths: Sequence[int], tokens: int, seed: int) -> list[list[Window]]:
    """One pass in random order, in batches of similar length and at most `tokens` cells.

    lengths: maximum window lengths, drawn evenly. The same seed gives the same pass.
    """
    rng = random.Random(seed)
    windows = [draw_window(feature, rng.choice(lengths), rng) for feature in features]
    windows = [window for window in windows if window.targets()]
    rng.shuffle(windows)
    batches: list[list[Window]] = []
    pool = 1000  # similar lengths are found within a random pool: batches stay mixed
    for at in range(0, len(windows), pool):
        batches.extend(_cut(sorted(windows[at : at + pool], key=len), tokens))
    rng.shuffle(batches)
    return batches


def _cut(windows: Sequence[Window], tokens: int) -> list[list[Window]]:
    """Cut an ascending list so that rows x longest stays within `tokens`."""
    batches: list[list[Window]] = [[]]
    for window in windows:
        if batches[-1] and len(window) * (len(batches[-1]) + 1) > tokens:
            batches.append([])
        batches[-1].append(window)
    return batches


def collate(windows: Sequence[Window], tokenizer: PreTrainedTokenizerBase) -> Batch:
    """Pad the windows on the right and spread the target over the annotators."""
    width = max(map(len, windows))
    ids = torch.full((len(windows), width), int(tokenizer.pad_token_id or 0))  # (B, T)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    start, end = torch.zeros(ids.shape), torch.zeros(ids.shape)
    for row, window in enumerate(windows):
        asked, size = len(window.feature.question) + 2, len(window)
        ids[row, :size] = torch.tensor(_sequence(window, tokenizer))
        mask[row, :size] = 1
        types[row, asked:size] = 1
        targets = window.targets()
        for first, last in targets:
            start[row, first] += 1 / len(targets)
            end[row, last] += 1 / len(targets)
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
    return Batch(inputs, start, end)


def _sequence(window: Window, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    context = window.feature.context[window.first : window.last]
    return [cls, *window.feature.question, sep, *context, sep]
