"""600 visitors, a class at each of 20 addresses, in the lesson that their teacher named: a change every 3 s, and what torch ran."""

import asyncio
import os
import random
import time
from dataclasses import fields, replace
from importlib import import_module
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode

from benchmarks.load import PAUSE, drawn
from benchmarks.opening import Wire
from benchmarks.report import limit
from benchmarks.server import OURS, serving
from benchmarks.visitor import changed
from components.assets import VERSION
from serving.visitor import COOKIE, VARIABLE

VISITORS, ADDRESSES = 600, 20  # a classroom shares an address
LONGEST = 500.0  # milliseconds: the 95th percentile of what a change takes
NAMED = ("dropout", "loop", "batch_memory")  # light and heavy ones, one after the other
EVENTS = 4  # of each visitor in a lesson


def one_change(slug: str, draw: random.Random) -> Any:
    """The lesson's defaults with another value of one control."""
    Params = import_module(f"lessons.{slug}").Params
    name = draw.choice([param.name for param in fields(Params)])
    return replace(Params(), **{name: getattr(drawn(Params, draw), name)})


async def listen(url: str, number: int) -> list[tuple[str, float]]:
    """(lesson, seconds) of each change of this visitor; the first comes at a moment of its own."""
    taken, draw = [], random.Random(number)
    await asyncio.sleep(draw.uniform(0, PAUSE))
    wire = Wire(url, f"X-Forwarded-For: 10.0.0.{number % ADDRESSES}", f"Cookie: {COOKIE}={number}")
    await wire.open()
    for slug in NAMED:
        for _ in range(EVENTS):
            asked = urlencode(changed(one_change(slug, draw)))
            begun = time.perf_counter()
            await wire.ask("GET", f"{url}/explorables/ask/{VERSION}/{slug}?{asked}", "")
            taken.append((slug, time.perf_counter() - begun))
            await wire.ask("GET", f"{url}/explorables/ask/{VERSION}/{slug}/ran?{asked}", "")
            await asyncio.sleep(max(0.0, begun + PAUSE - time.perf_counter()))
    wire.writer.close()
    return taken


async def lecture(url: str) -> dict[str, float]:
    """By lesson the 95th percentile of its changes, in milliseconds."""
    taken = await asyncio.gather(*(listen(url, number) for number in range(VISITORS)))
    changes = [change for of_one in taken for change in of_one]
    return {slug: 1000 * quantiles([took for of, took in changes if of == slug], n=20)[-1] for slug in NAMED}


def main() -> None:
    os.environ[VARIABLE] = "1"
    with serving(*OURS) as server:
        slowest = asyncio.run(lecture(server.url))
    for slug, took in slowest.items():
        limit(f"p95 of a change of {slug}, {VISITORS} visitors", took, LONGEST, "ms")


if __name__ == "__main__":
    main()
