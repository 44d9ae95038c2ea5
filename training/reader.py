"""The spans that an extractive model answers many questions with, read in padded batches: for scores and benchmarks.

`programs/span.py` is how one question is answered on screen; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from models.extractive import Extractive
from training.answers import Answer, NaivePair, Span, Window
from training.spans import Found, Stretch, best_spans, naive_pair
from training.windows import Row, Settings, collate, encode


class Reader:
    """Reads with a model that is loaded; nothing is kept between calls."""

    def __init__(self, model: Extractive) -> None:
        self.model = model

    def answer(self, question: str, context: str, settings: Settings | None = None) -> Answer:
        """The best spans of one context. Raises ValueError for what cannot be read."""
        return self.answer_many([(question, context)], settings)[0]

    def answer_many(
        self,
        asked: Sequence[tuple[str, str]],
        settings: Settings | None = None,
        batch_size: int = 16,
    ) -> list[Answer]:
        """Answer (question, context) pairs, `batch_size` windows of similar length at a time."""
        settings = settings or Settings()
        if not asked:
            return []
        rows = encode(self.model.tokenizer, asked, settings, self.model.longest)
        windows = self._read(rows, settings, batch_size)
        of_question: list[list[Window]] = [[] for _ in asked]
        for row, window in zip(rows, windows, strict=True):
            of_question[row.question].append(window)
        return [
            self._decide(question, context, settings, tuple(own))
            for (question, context), own in zip(asked, of_question, strict=True)
        ]

    def batches(
        self, rows: Sequence[Row], settings: Settings, batch_size: int
    ) -> list[tuple[list[int], dict[str, Tensor]]]:
        """Indices of rows of similar length, and their padded tensors, each (B, T)."""
        order = sorted(range(len(rows)), key=lambda index: len(rows[index].ids))
        chunks = [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
        fixed = settings.max_length if settings.padding == "max_length" else 0
        padded = []
        for chunk in chunks:
            width = fixed or len(rows[chunk[-1]].ids)
            padded.append((chunk, collate([rows[i] for i in chunk], self.model.tokenizer, width)))
        return padded

    def _read(self, rows: Sequence[Row], settings: Settings, batch_size: int) -> list[Window]:
        """Run the model over all rows; windows come back in the order of the rows."""
        windows: dict[int, Window] = {}
        for chunk, inputs in self.batches(rows, settings, batch_size):
            out = self.model.forward(**{name: t.to(self.model.model.device) for name, t in inputs.items()})
            start, end = out.start_logits.float().cpu(), out.end_logits.float().cpu()  # (B, T)
            for place, index in enumerate(chunk):
                windows[index] = self._window(rows[index], start[place], end[place])
        return [windows[index] for index in range(len(rows))]

    def _window(self, row: Row, start: Tensor, end: Tensor) -> Window:
        pads = len(start) - len(row.ids)
        return Window(
            row.tokens + (str(self.model.tokenizer.pad_token),) * pads,
            row.offsets + ((0, 0),) * pads,
            row.sequence_ids + (None,) * pads,
            start,
            end,
            row.first,
        )

    def _decide(self, question: str, context: str, settings: Settings, windows: tuple[Window, ...]) -> Answer:
        found = best_spans([_stretch(window) for window in windows], settings.max_answer_tokens, settings.n_best)
        spans = tuple(_span(context, windows[span.window], span) for span in found)
        naive = self._naive(windows, spans[0].window, settings)
        return Answer(question, context, settings, windows, spans, naive)

    def _naive(self, windows: Sequence[Window], number: int, settings: Settings) -> NaivePair:
        window = windows[number]
        first, last = naive_pair(window.start_logits, window.end_logits)
        sides = window.sequence_ids
        inside = sides[first] == 1 and sides[last] == 1
        return NaivePair(
            number,
            first,
            last,
            float(window.start_logits[first] + window.end_logits[last]),
            inside and 0 <= last - first < settings.max_answer_tokens,
            self.model.tokenizer.convert_tokens_to_string(list(window.tokens[first : last + 1])),
        )


def _stretch(window: Window) -> Stretch:
    """The context part of a window: one run of tokens, between two special ones."""
    begin = window.row_start
    rows = slice(begin, begin + window.sequence_ids.count(1))
    return Stretch(window.start_logits[rows], window.end_logits[rows], window.first)


def _span(context: str, window: Window, found: Found) -> Span:
    shift = window.row_start - window.first
    first, last = found.first + shift, found.last + shift
    start, end = window.offsets[first][0], window.offsets[last][1]
    return Span(context[start:end], start, end, found.window, first, last, found.score, found.probability)
