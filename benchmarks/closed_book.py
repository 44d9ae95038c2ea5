"""The closed-book model: what tokenising and decoding add to the bare model, and its load time.

Two floors run on the same padded tensors, already on the model's device: `greedy`, the model's own
loop of encoder and decoder steps, and transformers' `generate`. Rounds alternate, the best of each counts.
"""

import random
import time
from collections.abc import Callable
from typing import Any

import torch

from models.closed_book import MAX_ANSWER_TOKENS, QAModel
from models.facts import load_facts, wordings

BATCH_SIZES = (1, 16, 64)
ROUNDS = 15


def best_seconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The least time of each call over the rounds; interleaved, so that all meet the same machine."""
    best = dict.fromkeys(calls, float("inf"))
    for call in calls.values():
        call()
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def measure(qa: QAModel, questions: list[str]) -> str:
    """Questions a second for one batch of `questions`."""
    tensors = qa.padded(questions)
    bare: Any = qa.model  # mypy does not see that a T5 can generate
    seconds = best_seconds(
        {
            "answer": lambda: qa.answer(questions),
            "greedy": lambda: qa.greedy_logits(**tensors).argmax(-1).cpu(),
            "generate": lambda: bare.generate(**tensors, do_sample=False, max_new_tokens=MAX_ANSWER_TOKENS),
        }
    )
    rates = {name: len(questions) / value for name, value in seconds.items()}
    added = seconds["answer"] / seconds["greedy"] - 1
    return (
        f"closed_book batch of {len(questions):2}: {rates['answer']:7.0f} questions/s answered, "
        f"{rates['greedy']:7.0f} bare greedy ({added:+.0%}), {rates['generate']:7.0f} bare generate"
    )


def main() -> None:
    torch.set_num_threads(1)
    start = time.perf_counter()
    qa = QAModel.from_folder()
    print(f"closed_book load: {time.perf_counter() - start:.2f} s without the import of transformers")
    facts = random.Random(0).sample(load_facts(), max(BATCH_SIZES))
    questions = [wordings(fact, "train")[0] for fact in facts]
    for size in BATCH_SIZES:
        print(measure(qa, questions[:size]))


if __name__ == "__main__":
    main()
