"""Memory that a visitor adds: an open page and one event, against a visitor of a minimal Gradio app."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from statistics import median

from benchmarks.report import ratio
from benchmarks.server import MINIMAL, OURS, Server, serving
from benchmarks.visitor import Visitor, visitors
from components.site import LESSONS

ROUNDS = 3
VISITORS = 100  # 3 rounds and the first ones stay below the 600 sessions that the app keeps

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


def main() -> None:
    with serving(*OURS) as ours, serving(*MINIMAL) as minimal:
        added, floor = asyncio.run(rounds(ours, minimal))
    ratio("memory that a visitor adds", added, floor, "kB")


if __name__ == "__main__":
    main()
