"""50 visitors, each with one event every 3 s, against one visitor alone: the 95th percentile of the answers."""

import asyncio
import random
from dataclasses import fields
from functools import cache
from importlib import import_module
from statistics import median, quantiles
from typing import Any

from benchmarks.report import ratio
from benchmarks.server import OURS, serving
from benchmarks.visitor import Visitor, visitors
from components.site import LESSONS
from explorable.params import choices, kind

ROUNDS = 3
EVENTS = 4  # of each visitor in a round
PAUSE = 3.0  # seconds between two events of a visitor
VISITORS = 50


def drawn(Params: type, draw: random.Random) -> Any:
    """Params anywhere in their ranges, so that hardly any answer stands in a cache."""
    values = {}
    for param in fields(Params):
        if kind(param) is bool or choices(param):
            values[param.name] = draw.choice(choices(param) or (False, True))
        elif "low" in param.metadata:
            low, high, step = (param.metadata[name] for name in ("low", "high", "step"))
            values[param.name] = kind(param)(min(high, low + step * draw.randint(0, round((high - low) / step))))
    return Params(**values)


async def ask(visitor: Visitor, draw: random.Random, pause: float) -> list[float]:
    """The seconds each of this visitor's events took; the first comes at a moment of its own."""
    taken = []
    await asyncio.sleep(draw.uniform(0, pause))
    for _ in range(EVENTS):
        slug = draw.choice(following())
        seconds = await visitor.change(slug, drawn(import_module(f"lessons.{slug}").Params, draw))
        taken.append(seconds)
        await asyncio.sleep(max(0.0, pause - seconds))
    return taken


@cache
def following() -> list[str]:
    """The lessons that follow their controls; the others stand in a line of their own."""
    return [slug for slug in LESSONS if not import_module(f"lessons.{slug}").LESSON.button]


async def slowest(url: str, count: int, pause: float, seed: int) -> float:
    """The 95th percentile, in milliseconds, of the events of `count` visitors at once."""
    async with visitors(url, count) as present:
        draws = [random.Random(1000 * seed + index) for index in range(count)]
        taken = await asyncio.gather(*(ask(v, d, pause) for v, d in zip(present, draws, strict=True)))
    return 1000 * quantiles([seconds for of_one in taken for seconds in of_one], n=20)[-1]


async def alone(url: str, seed: int) -> float:
    """As many events as in a full round, one after the other, from one visitor who is alone."""
    draw = random.Random(seed)
    async with visitors(url, 1) as [visitor]:
        taken = [await ask(visitor, draw, 0.0) for _ in range(VISITORS)]
    return 1000 * quantiles([seconds for part in taken for seconds in part], n=20)[-1]


async def rounds(url: str) -> tuple[float, float]:
    await alone(url, seed=99)  # loads what is loaded on first use
    taken = [(await slowest(url, VISITORS, PAUSE, seed), await alone(url, seed + 50)) for seed in range(ROUNDS)]
    return median(many for many, _ in taken), median(one for _, one in taken)


def main() -> None:
    with serving(*OURS) as ours:
        many, one = asyncio.run(rounds(ours.url))
    ratio(f"p95 of an event, {VISITORS} visitors / one visitor", many, one, "ms")


if __name__ == "__main__":
    main()
