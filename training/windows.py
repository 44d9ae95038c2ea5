"""A question and its context as the model reads them: overlapping windows of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase

    from models.guarded import Guarded

MAX_QUESTION = 1_000  # characters
MAX_CONTEXT = 50_000  # characters
MAX_WINDOWS = 256  # a question


@dataclass(frozen=True)
class Settings:
    """How a context is cut into windows and how spans are chosen."""

    max_length: int = 384  # tokens in a window: question, context and special tokens
    stride: int = 128  # context tokens that two neighbouring windows share
    max_answer_tokens: int = 30
    n_best: int = 5
    padding: Literal["longest", "max_length"] = "longest"

    def check(self, longest: int) -> None:
        """longest: tokens that the model can read. Raises ValueError naming field and range."""
        ranges = {
            "max_length": (self.max_length, 8, longest),
            "stride": (self.stride, 0, longest),
            "max_answer_tokens": (self.max_answer_tokens, 1, longest),
            "n_best": (self.n_best, 1, 100),
        }
        for field, (value, low, high) in ranges.items():
            if not low <= value <= high:
                raise ValueError(f"{field} must be between {low} and {high}, not {value}.")
        if self.padding not in ("longest", "max_length"):
            raise ValueError(f"padding must be longest or max_length, not {self.padding!r}.")


@dataclass(frozen=True)
class Row:
    """One window before the model has read it, without padding; all tuples are (T,)."""

    question: int  # index of the question it belongs to
    ids: tuple[int, ...]
    type_ids: tuple[int, ...]
    tokens: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of question or context
    sequence_ids: tuple[int | None, ...]  # 0 question, 1 context, None special
    first: int  # index of its first context token among all tokens of the context


def encode(
    tokenizer: Guarded | PreTrainedTokenizerBase,
    asked: Sequence[tuple[str, str]],
    settings: Settings,
    longest: int,
) -> list[Row]:
    """Windows of every (question, context), in order. Raises ValueError for what cannot be read.

    Everything is checked before the tokenizer sees `stride`: it answers a stride that leaves no
    progress with a PanicException, which `except Exception` does not catch (tokenizers #944).
    """
    settings.check(longest)
    pairs = [
        (_clean("question", question, MAX_QUESTION).strip(), _clean("context", text, MAX_CONTEXT))
        for question, text in asked
    ]
    rooms = _rooms(tokenizer, pairs, settings)
    encoded = tokenizer(
        [question for question, _ in pairs],
        [context for _, context in pairs],
        max_length=settings.max_length,
        stride=settings.stride,
        truncation="only_second",
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_token_type_ids=True,
    )
    return _numbered(encoded, [room - settings.stride for room in rooms])


def _numbered(encoded: BatchEncoding, steps: Sequence[int]) -> list[Row]:
    """Rows of the tokenizer's windows; each one starts `steps[question]` tokens after the last."""
    rows: list[Row] = []
    for index, question in enumerate(encoded["overflow_to_sample_mapping"]):
        follows = bool(rows) and rows[-1].question == question
        rows.append(
            Row(
                question,
                tuple(encoded["input_ids"][index]),
                tuple(encoded["token_type_ids"][index]),
                tuple(encoded.tokens(index)),
                tuple(encoded["offset_mapping"][index]),
                tuple(encoded.sequence_ids(index)),
                rows[-1].first + steps[question] if follows else 0,
            )
        )
    return rows


def _clean(field: str, text: str, limit: int) -> str:
    """The text itself, if a tokenizer can read it."""
    if not text.strip():
        raise ValueError(f"The {field} is empty.")
    if len(text) > limit:
        raise ValueError(f"The {field} has {len(text)} characters; at most {limit} are read.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"The {field} holds half of a surrogate pair, not a character.") from None
    return text


def _rooms(
    tokenizer: Guarded | PreTrainedTokenizerBase, pairs: Sequence[tuple[str, str]], settings: Settings
) -> list[int]:
    """Context tokens that fit beside each question: more than `stride`, or windows never move."""
    special = tokenizer.num_special_tokens_to_add(pair=True)
    asked = tokenizer([q for q, _ in pairs], add_special_tokens=False)["input_ids"]
    contexts = tokenizer([c for _, c in pairs], add_special_tokens=False)["input_ids"]
    rooms = [settings.max_length - len(ids) - special for ids in asked]
    for room, context in zip(rooms, contexts, strict=True):
        _check_room(room, len(context), settings)
    return rooms


def _check_room(room: int, size: int, settings: Settings) -> None:
    if not size:
        raise ValueError("The context holds nothing that the tokenizer reads.")
    if room < 1:
        raise ValueError(
            f"max_length must be above {settings.max_length - room}: question and special tokens alone fill the window."
        )
    if settings.stride >= room:
        raise ValueError(
            f"stride must be between 0 and {room - 1}, not {settings.stride}: "
            f"beside the question a window holds {room} tokens of context."
        )
    if windows_needed(size, room, settings.stride) > MAX_WINDOWS:
        raise ValueError(
            f"stride {settings.stride} cuts this context into more than {MAX_WINDOWS} windows; "
            "lower it or raise max_length."
        )


def windows_needed(size: int, room: int, stride: int) -> int:
    """Windows of `room` tokens, each sharing `stride` with the last, that cover `size` tokens."""
    return 1 + max(0, -(-(size - room) // (room - stride)))


def collate(rows: Sequence[Row], tokenizer: Guarded | PreTrainedTokenizerBase, width: int) -> dict[str, Tensor]:
    """Pad on the right to `width`. Returns input_ids, attention_mask and, where the model
    wants them, token_type_ids, each (B, width)."""
    pad = tokenizer.pad_token_id
    tensors = {
        "input_ids": _padded([row.ids for row in rows], width, int(pad or 0)),
        "attention_mask": _padded([(1,) * len(row.ids) for row in rows], width, 0),
    }
    if "token_type_ids" in tokenizer.model_input_names:
        tensors["token_type_ids"] = _padded([row.type_ids for row in rows], width, 0)
    return tensors


def _padded(rows: Sequence[Sequence[int]], width: int, value: int) -> Tensor:
    return torch.tensor([[*row, *(value,) * (width - len(row))] for row in rows])
