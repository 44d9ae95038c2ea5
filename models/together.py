"""One model for many threads: what they ask at the same moment is read in one padded forward."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

MOST_CELLS = 4096  # rows x width of one forward: 64 questions of 64 tokens, 10 windows of 384
MOST_WASTE = 1.1  # padded cells for each real one: on a CPU padding soon costs what sharing a forward gains
MOST_WAITING = 128  # calls
PATIENCE = 60.0  # seconds


class Busy(RuntimeError):
    """More is asked than can be answered now; the message is one sentence for the visitor."""


@dataclass(frozen=True)
class Logits:
    """What a `QuestionAnsweringModelOutput` holds, under the same names."""

    start_logits: Tensor  # (B, T)
    end_logits: Tensor  # (B, T)


@dataclass(eq=False)
class _Asked:
    """One call and what became of it."""

    inputs: dict[str, Tensor]  # (B, T) each
    taken: bool = False  # a thread is reading it
    finished: bool = False
    output: Logits | None = None
    error: Exception | None = None
    rows: int = field(init=False)
    width: int = field(init=False)

    def __post_init__(self) -> None:
        self.rows, self.width = self.inputs["input_ids"].shape


class Together:
    """Stands in for `model`: `together(**batch)` gives the `start_logits` and `end_logits` of `model(**batch)`.

    No thread of its own and no waiting for company: a caller who finds nobody reading reads at once, for all who wait.
    While it reads, the next ones gather. Every caller gets its own rows, cut to its own width; where neighbours were
    wider, its logits differ from a call alone by rounding.

    A forward that raises is repeated for each of its callers alone, so that only the one who caused it hears of it.
    """

    def __init__(
        self,
        model: Any,
        pad_token_id: int = 0,
        *,
        most_cells: int = MOST_CELLS,
        most_waiting: int = MOST_WAITING,
        patience: float = PATIENCE,
        readers: int = 1,
    ) -> None:
        """readers: forwards at the same time; with one thread an operator, more than one core can be used."""
        self.model = model
        self._filling = {"input_ids": pad_token_id}  # everything else is padded with 0
        self._most_cells, self._most_waiting = most_cells, most_waiting
        self._patience, self._readers = patience, readers
        self._waiting: deque[_Asked] = deque()
        self._reading = 0
        self._changed = threading.Condition()

    def __call__(self, **inputs: Tensor) -> Logits:
        """inputs: (B, T) each; `input_ids` and `attention_mask` at least.

        Raises Busy when too many wait or it takes too long, and whatever the model raises for these very inputs.
        """
        if not {"input_ids", "attention_mask"} <= inputs.keys():
            raise TypeError("input_ids and attention_mask are needed: without a mask the padding would be read.")
        asked = _Asked(inputs)
        with self._changed:
            if len(self._waiting) >= self._most_waiting:
                raise Busy(f"{self._most_waiting} questions wait already; ask again in a moment.")
            self._waiting.append(asked)
        try:
            self._until_finished(asked)
        finally:
            self._withdraw(asked)
        if asked.error is not None:
            raise asked.error
        assert asked.output is not None
        return asked.output

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    @property
    def waiting(self) -> int:
        """Calls that nobody reads yet."""
        return len(self._waiting)

    def _until_finished(self, asked: _Asked) -> None:
        """Wait for the answer, or read what waits while nobody else does."""
        end = time.monotonic() + self._patience
        while not asked.finished:
            with self._changed:
                ready = self._changed.wait_for(lambda: self._may_act(asked), max(0.0, end - time.monotonic()))
                if not ready:
                    raise Busy(f"No answer within {self._patience:g} seconds; ask again in a moment.")
                batch = [] if asked.finished else self._take()
            if batch:
                self._serve(batch)

    def _may_act(self, asked: _Asked) -> bool:
        return asked.finished or (not asked.taken and self._reading < self._readers)

    def _withdraw(self, asked: _Asked) -> None:
        with self._changed:
            if asked in self._waiting:
                self._waiting.remove(asked)

    def _take(self) -> list[_Asked]:
        """The call that has waited longest, and those behind it that fit beside it."""
        batch: list[_Asked] = []
        for asked in tuple(self._waiting):
            if not batch or self._fits([*batch, asked]):
                batch.append(asked)
        for asked in batch:
            self._waiting.remove(asked)
            asked.taken = True
        self._reading += 1
        return batch

    def _fits(self, batch: Sequence[_Asked]) -> bool:
        cells = sum(asked.rows for asked in batch) * max(asked.width for asked in batch)
        real = sum(asked.rows * asked.width for asked in batch)
        alike = all(asked.inputs.keys() == batch[0].inputs.keys() for asked in batch)
        return alike and cells <= self._most_cells and cells <= MOST_WASTE * real

    def _serve(self, batch: Sequence[_Asked]) -> None:
        """Read the batch; whoever this thread leaves unanswered, because something ends it, waits in front again."""
        try:
            self._read(batch)
        finally:
            with self._changed:
                self._reading -= 1
                for asked in reversed(batch):
                    if asked.output is None and asked.error is None:
                        asked.taken = False
                        self._waiting.appendleft(asked)
                    else:
                        asked.finished = True
                self._changed.notify_all()

    def _read(self, batch: Sequence[_Asked]) -> None:
        try:
            outputs = self._forward(batch)
        except Exception as error:
            if len(batch) == 1:
                batch[0].error = error
            else:
                for asked in batch:
                    self._read([asked])
            return
        for asked, output in zip(batch, outputs, strict=True):
            asked.output = output

    def _forward(self, batch: Sequence[_Asked]) -> list[Logits]:
        """One forward over the rows of all, padded on the right to the widest."""
        with torch.inference_mode():
            output = self.model(**self._padded(batch))
        sizes = [asked.rows for asked in batch]
        parts = zip(batch, output.start_logits.split(sizes), output.end_logits.split(sizes), strict=True)
        return [Logits(start[:, : a.width].clone(), end[:, : a.width].clone()) for a, start, end in parts]

    def _padded(self, batch: Sequence[_Asked]) -> dict[str, Tensor]:
        width = max(asked.width for asked in batch)

        def wide(name: str, asked: _Asked) -> Tensor:
            return pad(asked.inputs[name], (0, width - asked.width), value=self._filling.get(name, 0))

        return {name: torch.cat([wide(name, asked) for asked in batch]) for name in batch[0].inputs}
