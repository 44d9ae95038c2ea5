"""Questions a second of the extractive model, beside its bare forward pass.

`python -m benchmarks.extractive` prints one line a figure. The bare pass reads the very tensors
that the full path pads, so the difference is what tokenising and decoding cost.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from models.extractive import Extractive
from training.reader import Reader
from training.windows import Settings, encode

SENTENCES = (
    "The Andes are the longest continental mountain range in the world.",
    "They stretch for about 7,000 kilometres along the western edge of South America.",
    "Their highest mountain is Aconcagua in Argentina, which rises to 6,961 metres.",
    "The range passes through Venezuela, Colombia, Ecuador, Peru, Bolivia, Chile and Argentina.",
    "Along its length the range is split into several parts by high plateaus.",
    "Cities such as Quito, Bogota, Arequipa, Medellin and Merida stand on these plateaus.",
    "The Altiplano is the second highest plateau of the world after that of Tibet.",
)
QUESTION = "How high is the highest mountain of the range?"
COUNT = 64
ROUNDS = 5


def asked() -> list[tuple[str, str]]:
    """64 contexts of 3 to 14 sentences: lengths differ as they do among real questions."""
    return [(QUESTION, " ".join(SENTENCES[(i + j) % len(SENTENCES)] for j in range(3 + i % 12))) for i in range(COUNT)]


def interleaved(runs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Shortest seconds of each, taken in turns: what other work on the machine disturbed least."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            begun = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - begun)
    return {name: min(seconds) for name, seconds in taken.items()}


def bare(model: Extractive, batches: list[dict[str, Tensor]]) -> None:
    """The forward pass alone; `.cpu()` waits for a GPU to finish."""
    with torch.inference_mode():
        for inputs in batches:
            model.model(**inputs).start_logits.cpu()


def measure(model: Extractive, batch_size: int) -> tuple[float, float]:
    """Seconds for 64 questions: the full path, and the bare pass on the same tensors."""
    settings, pairs = Settings(), asked()
    rows = encode(model.tokenizer, pairs, settings, model.longest)
    padded = [
        {name: tensor.to(model.model.device) for name, tensor in inputs.items()}
        for _, inputs in Reader(model).batches(rows, settings, batch_size)
    ]

    def full() -> None:
        at_once = 1 if batch_size == 1 else COUNT
        for at in range(0, COUNT, at_once):
            Reader(model).answer_many(pairs[at : at + at_once], settings, batch_size)

    full()
    times = interleaved({"full": full, "bare": lambda: bare(model, padded)})
    return times["full"], times["bare"]


def main() -> None:
    begun = time.perf_counter()
    model = Extractive.load()
    print(f"extractive load                 {time.perf_counter() - begun:8.2f} s")
    for batch_size in (1, 16, 64):
        full, floor = measure(model, batch_size)
        name = f"extractive batch {batch_size}"
        print(f"{name:<24} answers {COUNT / full:8.1f} questions/s")
        print(f"{name:<24} forward {COUNT / floor:8.1f} questions/s")
        print(f"{name:<24} adds    {100 * (full / floor - 1):8.1f} %")


if __name__ == "__main__":
    main()
