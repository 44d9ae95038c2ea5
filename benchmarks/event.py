"""Processor time of a change that nobody has asked for before, against the bare torch call: the program run as it stands."""

import gc
import random
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from statistics import median
from typing import Any

import torch

from benchmarks.load import drawn, following
from benchmarks.report import ratio
from components import answer
from explorable.params import BadParam

CHANGES = 40  # of each lesson


def milliseconds(run: Callable[[], Any]) -> float:
    begun = time.process_time()
    run()
    return 1000 * (time.process_time() - begun)


def answered(slug: str, params: list[Any]) -> tuple[float, float]:
    """(a change as it is answered, its bare call), each the median in milliseconds, taken in turns."""
    lesson, taken = answer.lesson_of(slug), []
    for one in params:
        answer.forget(slug, one)
        taken.append((milliseconds(partial(answer.state_zip, slug, one)), milliseconds(partial(lesson.run, one))))
    return median(a for a, _ in taken), median(b for _, b in taken)


def computable(slug: str, seed: int) -> list[Any]:
    """Params at random that the lesson does not refuse; what is loaded at first use is loaded then."""
    lesson, draw, found = import_module(f"lessons.{slug}").LESSON, random.Random(seed), []
    for _ in range(CHANGES):
        params = drawn(lesson.Params, draw)
        try:
            answer.state_zip(slug, params)
            found.append(params)
        except BadParam:
            pass
    return found


def main() -> None:
    torch.set_num_threads(1)
    whole: list[tuple[float, float]] = []
    for slug in following():
        params = computable(slug, 1)
        gc.collect()
        whole.append(answered(slug, params))
        ratio(f"a change of {slug}", *whole[-1], "ms", goal=1.5)
    ratio("a change of any lesson, the sum of all", sum(a for a, _ in whole), sum(b for _, b in whole), "ms", goal=1.5)


if __name__ == "__main__":
    main()
