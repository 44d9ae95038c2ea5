"""Questions a second for 1, 8 and 32 visitors who ask the extractive model at the same time, against the bare batched forward.

The floor reads the very same windows, padded beforehand in batches of 16 of similar length: no tokenising, no decoding, no
threads. Beside it stands what the visitors would get without sharing: one forward a question, one after the other.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

import torch

from benchmarks.extractive import ROUNDS, asked, bare, interleaved
from benchmarks.report import ratio
from models.extractive import Extractive
from training.reader import Reader
from training.windows import Settings, encode

VISITORS = (1, 8, 32)
GOAL = 1.5  # times the seconds of the bare batched forward


class Counted:
    """The model, and how many forwards it made."""

    def __init__(self, model: Extractive) -> None:
        self.inner, self.calls, self.device = model.model, 0, model.model.device
        model.forward.model = self

    def __call__(self, **inputs: torch.Tensor) -> object:
        self.calls += 1
        return self.inner(**inputs)


def together(model: Extractive, visitors: int) -> None:
    """All questions, each visitor asking its next one when it has its answer."""
    with ThreadPoolExecutor(visitors) as pool:
        list(pool.map(lambda pair: Reader(model).answer(*pair), asked()))


def in_turns(model: Extractive, visitors: int) -> None:
    """The same, one visitor after the other."""
    lock = threading.Lock()

    def ask(pair: tuple[str, str]) -> None:
        with lock:
            Reader(model).answer(*pair)

    with ThreadPoolExecutor(visitors) as pool:
        list(pool.map(ask, asked()))


def main() -> None:
    torch.set_num_threads(1)
    model = Extractive.load()
    counted = Counted(model)
    rows = encode(model.tokenizer, asked(), Settings(), model.longest)
    batches = [
        {name: tensor.to(model.model.device) for name, tensor in inputs.items()}
        for _, inputs in Reader(model).batches(rows, Settings(), 16)
    ]
    together(model, 8)
    for visitors in VISITORS:
        counted.calls = 0
        taken = interleaved(
            {
                "together": lambda: together(model, visitors),  # noqa: B023 called in this turn
                "in turns": lambda: in_turns(model, visitors),  # noqa: B023
                "bare": lambda: bare(model, batches),
            }
        )
        count = len(asked())
        shared = count * ROUNDS / max(1, counted.calls - count * ROUNDS)  # in turns makes one forward a question
        report(visitors, count, taken, shared)


def report(visitors: int, count: int, taken: dict[str, float], shared: float) -> None:
    who = f"{visitors} visitor{'s' if visitors > 1 else ''}"
    ms = {name: 1000 * value / count for name, value in taken.items()}
    ratio(f"extractive, {who}: a question", ms["together"], ms["bare"], "ms", goal=GOAL)
    ratio(f"extractive, {who}: without sharing", ms["in turns"], ms["bare"], "ms")
    print(
        f"{'':<4}{count / taken['together']:.1f} questions/s, bare {count / taken['bare']:.1f}, "
        f"{shared:.1f} questions a forward",
        flush=True,
    )


if __name__ == "__main__":
    main()
