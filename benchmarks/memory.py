"""Memory that a visitor adds: an open page and one event, against a visitor of a minimal Gradio app; and what visits leave."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from importlib import import_module
from statistics import median

from benchmarks.capacity import wait_until_idle
from benchmarks.load import drawn
from benchmarks.report import limit, ratio
from benchmarks.server import MINIMAL, OURS, Server, serving
from benchmarks.visitor import Visitor, visitors
from components.site import LESSONS

ROUNDS = 3
VISITORS = 100  # 3 rounds and the first ones stay below the 600 sessions that the app keeps
MOST = 50.0  # kB a visitor
VISITS, EVENTS, LEFT = 1000, 10_000, 5.0  # which leave at most so many MB more than a tenth of them did
FEW_ANSWERS = "stack"  # a lesson whose answers fit into what is kept of them

Event = Callable[[Visitor], Awaitable[float]]


async def kilobytes(server: Server, event: Event, count: int = VISITORS) -> float:
    """Growth of the process for each of `count` visitors who are all still there."""
    before = server.resident_bytes()
    async with visitors(server.url, count) as present:
        for visitor in present:
            await event(visitor)
        return (server.resident_bytes() - before) / count / 1000


async def rounds(ours: Server, minimal: Server) -> tuple[float, float]:
    """Every visitor asks for the same: what answers leave in bounded caches is not a visitor's."""
    params = import_module(f"lessons.{LESSONS[0]}").Params()
    events: dict[Server, Event] = {
        ours: lambda visitor: visitor.change(LESSONS[0], params),
        minimal: lambda visitor: visitor.queued(0, 0.25),
    }
    for server, event in events.items():
        await kilobytes(server, event, count=50)  # what first visitors cost once
    taken = [[await kilobytes(server, event) for server, event in events.items()] for _ in range(ROUNDS)]
    return median(a for a, _ in taken), median(b for _, b in taken)


async def left(server: Server) -> float:
    """Megabytes by which the process grows in VISITS and EVENTS, after a tenth of each."""
    Params, draw = import_module(f"lessons.{FEW_ANSWERS}").Params, random.Random(1)

    async def come(count: int) -> None:
        for _ in range(count // 100):
            async with visitors(server.url, 100) as present:
                for _ in range(EVENTS // VISITS):
                    await asyncio.gather(*(visitor.change(FEW_ANSWERS, drawn(Params, draw)) for visitor in present))

    wait_until_idle(server.pid)  # the app loads models when it starts; they are no visitor's
    await come(VISITS // 10)
    before = server.resident_bytes()
    await come(VISITS)
    return (server.resident_bytes() - before) / 1e6


def main() -> None:
    with serving(*OURS) as ours, serving(*MINIMAL) as minimal:
        added, floor = asyncio.run(rounds(ours, minimal))
        grown = asyncio.run(left(ours))
    ratio("memory that a visitor adds", added, floor, "kB")
    limit("memory that a visitor adds", added, MOST, "kB")
    limit(f"memory that {VISITS} visits and {EVENTS} events leave", grown, LEFT, "MB")


if __name__ == "__main__":
    main()
