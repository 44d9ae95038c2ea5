"""600 visitors in the lesson that their teacher named: each changes one of its controls every 3 s, and reads what torch ran."""

import asyncio
import random
from dataclasses import fields, replace
from importlib import import_module
from statistics import quantiles
from typing import Any

from benchmarks.load import EVENTS, PAUSE, drawn
from benchmarks.report import limit
from benchmarks.server import OURS, serving
from benchmarks.visitor import Visitor, visitors

VISITORS = 600
LONGEST = 500.0  # milliseconds: the 95th percentile of what a change takes
NAMED = ("dropout", "batches", "loop", "batch_memory", "dense_relu_dense")  # light and heavy ones, one after the other


def one_change(slug: str, draw: random.Random) -> Any:
    """The lesson's defaults with another value of one control."""
    Params = import_module(f"lessons.{slug}").Params
    name = draw.choice([param.name for param in fields(Params)])
    return replace(Params(), **{name: getattr(drawn(Params, draw), name)})


async def listen(visitor: Visitor, draw: random.Random) -> list[float]:
    """The seconds that each change of this visitor took; the first comes at a moment of its own."""
    taken = []
    await asyncio.sleep(draw.uniform(0, PAUSE))
    for slug in NAMED:
        for _ in range(EVENTS):
            params = one_change(slug, draw)
            seconds = await visitor.change(slug, params)
            taken.append(seconds)
            await visitor.operators(slug, params)
            await asyncio.sleep(max(0.0, PAUSE - seconds))
    return taken


async def lecture(url: str) -> float:
    """The 95th percentile of all changes, in milliseconds."""
    async with visitors(url, VISITORS) as present:
        draws = [random.Random(index) for index in range(VISITORS)]
        taken = await asyncio.gather(*(listen(v, d) for v, d in zip(present, draws, strict=True)))
    return 1000 * quantiles([seconds for of_one in taken for seconds in of_one], n=20)[-1]


def main() -> None:
    with serving(*OURS) as server:
        slowest = asyncio.run(lecture(server.url))
    limit(f"p95 of a change, {VISITORS} visitors of one lesson", slowest, LONGEST, "ms")


if __name__ == "__main__":
    main()
