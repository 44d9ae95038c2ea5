"""What an extractive model answered, and all the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from training.spans import legal_spans
from training.windows import Settings


@dataclass(frozen=True, eq=False)
class Window:
    """One row of the batch as the model read it, padding included; every field is (T,)."""

    tokens: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of question or context; (0, 0) elsewhere
    sequence_ids: tuple[int | None, ...]  # 0 question, 1 context, None special or padding
    start_logits: Tensor  # (T,) float32
    end_logits: Tensor  # (T,) float32
    first: int  # index of its first context token among all tokens of the context

    @property
    def context(self) -> Tensor:
        """(T,) bool: True where a token belongs to the context."""
        return torch.tensor([side == 1 for side in self.sequence_ids])

    @property
    def null_score(self) -> float:
        """Start + end logit of [CLS], which is what a model says for "not in this window"."""
        return float(self.start_logits[0] + self.end_logits[0])

    @property
    def row_start(self) -> int:
        """Where the first context token stands in the row."""
        return self.sequence_ids.index(1)

    @property
    def characters(self) -> tuple[int, int]:
        """The stretch of the context that this window shows: start and end, exclusive."""
        shown = [span for span, side in zip(self.offsets, self.sequence_ids, strict=True) if side == 1]
        return shown[0][0], shown[-1][1]


@dataclass(frozen=True)
class Span:
    """An answer: legal by construction."""

    text: str
    start: int  # first character in the context
    end: int  # exclusive
    window: int  # whose logits gave the score
    first_token: int  # in that window's row, inclusive
    last_token: int  # inclusive
    score: float  # start logit + end logit
    probability: float  # over all legal spans


@dataclass(frozen=True)
class NaivePair:
    """The argmax of the start logits and that of the end logits, each taken on its own."""

    window: int
    first_token: int
    last_token: int  # inclusive; may stand before first_token
    score: float
    legal: bool
    text: str  # what decoding first_token..last_token gives; empty when they are crossed


@dataclass(frozen=True, eq=False)
class Answer:
    question: str
    context: str
    settings: Settings
    windows: tuple[Window, ...]
    spans: tuple[Span, ...]  # n_best, best first
    naive: NaivePair  # in the window that won

    @property
    def best(self) -> Span:
        return self.spans[0]

    @property
    def null_gap(self) -> float:
        """The lowest null score of the windows less the score of the best span."""
        return min(window.null_score for window in self.windows) - self.best.score

    def legal(self, window: int) -> Tensor:
        """(T, T) bool of one window: [i, j] is True where tokens i..j may be an answer."""
        return legal_spans(self.windows[window].context, self.settings.max_answer_tokens)
