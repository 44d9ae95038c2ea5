"""From start and end logits to answer spans: which are legal, and which score best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ILLEGAL = float("-inf")


@dataclass(frozen=True)
class Stretch:
    """The context tokens of one window, and where they lie in the whole context."""

    start_logits: Tensor  # (L,)
    end_logits: Tensor  # (L,)
    first: int  # index of the first one among all tokens of the context


@dataclass(frozen=True)
class Found:
    """One legal span, in tokens of the whole context."""

    first: int  # inclusive
    last: int  # inclusive
    window: int  # the window whose logits gave the score
    score: float  # start logit + end logit
    probability: float  # over all legal spans


def legal_spans(context: Tensor, max_tokens: int) -> Tensor:
    """context: (T,) bool. Returns (T, T) bool: [i, j] is True where tokens i..j may be an answer.

    Both ends lie in the context, start <= end, and at most `max_tokens` tokens are taken.
    """
    at = torch.arange(len(context))
    length = at.unsqueeze(0) - at.unsqueeze(1) + 1  # (T, T): tokens from i to j
    inside = context.unsqueeze(1) & context.unsqueeze(0)  # (T, T)
    return inside & (length >= 1) & (length <= max_tokens)


def span_scores(start: Tensor, end: Tensor, context: Tensor, max_tokens: int) -> Tensor:
    """Score every span of at most `max_tokens` tokens; illegal ones get -inf.

    start, end: (..., T) logits. context: (..., T) bool, True where a token belongs to the context.
    Returns a band (..., T, max_tokens): entry [i, k] = start[i] + end[i + k], so that
    start <= end and the length limit hold by construction, without a (T, T) matrix.
    """
    first = start.masked_fill(~context, ILLEGAL)  # (..., T)
    last = end.masked_fill(~context, ILLEGAL)
    padded = torch.nn.functional.pad(last, (0, max_tokens - 1), value=ILLEGAL)
    return first.unsqueeze(-1) + padded.unfold(-1, max_tokens, 1)  # (..., T, max_tokens)


def best_spans(stretches: Sequence[Stretch], max_tokens: int, n_best: int) -> list[Found]:
    """The `n_best` legal spans of a context read in overlapping windows, best first.

    A span seen by several windows counts once, with its highest score. Logits of different
    windows are compared as they are, which is the custom and an approximation: the model
    normalised neither against the other.
    """
    scores, winners = _merge(stretches, max_tokens)  # (N, max_tokens) each
    flat = scores.flatten()
    legal = int(torch.isfinite(flat).sum())
    top = flat.topk(min(n_best, legal))
    shares = (top.values - flat.logsumexp(0)).exp()
    picked = winners.flatten()[top.indices]
    rows = zip(top.indices.tolist(), picked.tolist(), top.values.tolist(), shares.tolist(), strict=True)
    return [
        Found(flat_index // max_tokens, sum(divmod(flat_index, max_tokens)), window, score, share)
        for flat_index, window, score, share in rows
    ]


def _merge(stretches: Sequence[Stretch], max_tokens: int) -> tuple[Tensor, Tensor]:
    """The best score of every span over the windows, and the window that gave it."""
    size = max(stretch.first + len(stretch.start_logits) for stretch in stretches)
    scores = torch.full((size, max_tokens), ILLEGAL)
    winners = torch.zeros((size, max_tokens), dtype=torch.long)
    for number, stretch in enumerate(stretches):
        start, end = stretch.start_logits, stretch.end_logits
        new = span_scores(start, end, torch.ones_like(start, dtype=torch.bool), max_tokens)
        rows = slice(stretch.first, stretch.first + len(start))
        winners[rows][new > scores[rows]] = number
        scores[rows] = torch.maximum(scores[rows], new)
    return scores, winners


def naive_pair(start: Tensor, end: Tensor) -> tuple[int, int]:
    """The two argmaxes taken on their own over a whole row (T,): nothing makes them a span."""
    return int(start.argmax()), int(end.argmax())
