"""From start and end logits to answer spans: which are legal, and which score best."""

from __future__ import annotations

import torch
from torch import Tensor

ILLEGAL = float("-inf")


def span_scores(start: Tensor, end: Tensor, context: Tensor, max_tokens: int) -> Tensor:
    """Score every span of at most `max_tokens` tokens; illegal ones get -inf.

    start, end: (..., T) logits. context: (..., T) bool, True where a token belongs to the context.
    Returns a band (..., T, max_tokens): entry [i, k] = start[i] + end[i + k], so that
    start <= end and the length limit hold by construction.
    """
    first = start.masked_fill(~context, ILLEGAL)  # (..., T)
    last = end.masked_fill(~context, ILLEGAL)
    padded = torch.nn.functional.pad(last, (0, max_tokens - 1), value=ILLEGAL)
    return first.unsqueeze(-1) + padded.unfold(-1, max_tokens, 1)  # (..., T, max_tokens)
