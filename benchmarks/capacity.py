"""How many visitors one core serves: the app held to one core, each visitor with one event every 3 s."""

import asyncio
import os
import random
import time
from contextlib import suppress
from pathlib import Path
from statistics import quantiles

from benchmarks.load import EVENTS, PAUSE, ask
from benchmarks.server import OURS, Server, serving
from benchmarks.visitor import visitors

CROWDS = (10, 20, 40, 60, 80, 120, 160, 240)
GOOD = 1000.0  # milliseconds: the 95th percentile up to which a crowd counts as served


def hold_to_one_core(pid: int) -> None:
    """Every thread of the process on the first core, and the visitors of this process on the others if there are any."""
    first, *others = sorted(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(int(thread.name), {first})
    os.sched_setaffinity(0, set(others) or {first})


def cpu_seconds(pid: int) -> float:
    """Processor time that the process has taken, in user and in kernel mode."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


async def crowd(url: str, count: int) -> float:
    """The 95th percentile, in milliseconds, of the events of `count` visitors of the lessons that follow their controls."""
    async with visitors(url, count) as present:
        draws = [random.Random(1000 * count + index) for index in range(count)]
        taken = await asyncio.gather(*(ask(v, d, PAUSE) for v, d in zip(present, draws, strict=True)))
    return 1000 * quantiles([seconds for of_one in taken for seconds in of_one], n=20)[-1]


def wait_until_idle(pid: int) -> None:
    """The app computes its ready examples when it starts; that is no visitor's cost."""
    begun, busy = cpu_seconds(pid), True
    while busy:
        time.sleep(2)
        now = cpu_seconds(pid)
        busy, begun = now - begun > 0.3, now


def measure(server: Server, count: int) -> tuple[float, float]:
    """The 95th percentile and the processor time of an event, in milliseconds; opening the pages is a part of the time."""
    begun = cpu_seconds(server.pid)
    slowest = asyncio.run(crowd(server.url, count))
    return slowest, 1000 * (cpu_seconds(server.pid) - begun) / (count * EVENTS)


def main() -> None:
    served = 0
    with serving(*OURS) as server:
        asyncio.run(crowd(server.url, 10))  # loads what is loaded on first use
        wait_until_idle(server.pid)
        hold_to_one_core(server.pid)
        for count in CROWDS:
            slowest, processor = measure(server, count)
            print(
                f"{count:>4} visitors  p95 {slowest:>7.0f} ms  {processor:>6.1f} ms of processor an event", flush=True
            )
            if slowest > GOOD:
                break
            served = count
    print(f"one core serves {served} visitors with a 95th percentile of at most {GOOD:.0f} ms")


if __name__ == "__main__":
    main()
