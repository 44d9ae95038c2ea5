"""A fast tokenizer for many threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase


class Guarded:
    """Stands in for `tokenizer`: calls go one after the other, everything else goes straight through.

    Each call sets truncation and padding on the one object that all threads share; two at once would
    read with each other's settings.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._lock = threading.Lock()

    def __call__(self, *texts: Any, **settings: Any) -> BatchEncoding:
        with self._lock:
            return self._tokenizer(*texts, **settings)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)
