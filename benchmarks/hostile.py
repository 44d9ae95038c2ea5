"""Ten hostile connections of each kind at once, and what a light lesson beside them takes: against the same app left alone."""

import asyncio
import json
import multiprocessing
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableSequence
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.capacity import wait_until_idle
from benchmarks.report import limit, ratio
from benchmarks.server import OURS, Server, serving
from components.assets import VERSION
from serving.visitor import COOKIE

CONNECTIONS = 10
HALF_OPEN = 500  # what never says a word costs nothing to send
FROM = "127.0.0.2"  # the honest visitor has another address, as on the Internet
EVENTS, PAUSE = 80, 0.05  # of the honest visitor; seconds between two
MILLISECONDS, GIB = 500.0, 1.5
ROW = '{"a": 1, "b": "x"}\n'
FOREVER = 3600.0
Statuses = MutableSequence[int]  # how often each HTTP status was an answer


def main() -> None:
    with serving(*OURS, rate="") as server:
        honest(server.url)  # loads what is loaded on first use
        wait_until_idle(server.pid)
        alone = honest(server.url)
        limit("nobody else: p95 of a light lesson", alone, MILLISECONDS, "ms")
        for kind in sys.argv[2:] or KINDS:
            with besieged(server.url, kind) as statuses:
                beside = honest(server.url)
                memory = tree_bytes(server) / 2**30
                told = ", ".join(f"{count} of {status}" for status, count in enumerate(statuses) if count)
            ratio(f"{kind}: p95 of a light lesson", beside, alone, "ms")
            limit("  the same", beside, MILLISECONDS, "ms")
            limit("  memory of all processes", memory, GIB, "GiB")
            print(f"  they were answered: {told or 'nothing'}", flush=True)
            wait_until_idle(server.pid)


def honest(url: str) -> float:
    """The 95th percentile, in milliseconds, of the changes of one visitor of dropout, each with Params nobody had before."""
    taken = []
    with httpx.Client(base_url=url, timeout=120, cookies={COOKIE: f"{random.getrandbits(64):x}"}) as http:
        for _ in range(EVENTS):
            changed = {"seed": random.randrange(1000), "p": random.randrange(1, 20) / 20}
            begun = time.perf_counter()
            answer = http.get(f"/explorables/ask/{VERSION}/dropout", params=changed)
            taken.append(time.perf_counter() - begun)
            assert answer.is_success, answer.text
            time.sleep(PAUSE)
    return 1000 * quantiles(taken, n=20)[-1]


def tree_bytes(server: Server) -> int:
    """Memory of the app and of the processes it has started; pages that they share count once."""
    return sum(_shared_out(pid) for pid in _tree(server.pid))


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return (
        [pid, *(one for child in children.read_text().split() for one in _tree(int(child)))]
        if children.exists()
        else []
    )


def _shared_out(pid: int) -> int:
    with suppress(OSError):  # it has ended meanwhile
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return 0


# -- what they do -----------------------------------------------------------------------------------------------------


@contextmanager
def besieged(url: str, kind: str) -> Iterator[Statuses]:
    """For as long as the block lasts, a process of its own sends what `kind` says, from another address.

    Yields how often each HTTP status has been its answer.
    """
    spawn = multiprocessing.get_context("spawn")
    statuses, begun = spawn.Array("i", 600, lock=False), spawn.Event()
    process = spawn.Process(target=besiege, args=(url, kind, statuses, begun), daemon=True)
    process.start()
    begun.wait()
    time.sleep(2)  # until all are connected
    try:
        yield statuses
    finally:
        process.kill()
        process.join()


def besiege(url: str, kind: str, statuses: Statuses, begun: Event) -> None:
    """Never returns."""
    begun.set()
    asyncio.run(_all_at_once(url, KINDS[kind], statuses))


async def _all_at_once(url: str, attack: "Attack", statuses: Statuses) -> None:
    async def count(answer: httpx.Response) -> None:
        statuses[answer.status_code] += 1

    transport = httpx.AsyncHTTPTransport(local_address=FROM, limits=httpx.Limits(max_connections=None))
    hooks = {"response": [count]}
    async with httpx.AsyncClient(base_url=url, transport=transport, timeout=FOREVER, event_hooks=hooks) as http:
        await asyncio.gather(*(attack(http, random.Random(each)) for each in range(_many(attack))))


def _many(attack: "Attack") -> int:
    return HALF_OPEN if attack in (_half_a_head, _half_a_body, _heartbeat) else CONNECTIONS


Attack = Callable[[httpx.AsyncClient, random.Random], Awaitable[None]]


def changes(slug: str, params: Callable[[random.Random], dict[str, Any]], again: bool = False) -> Attack:
    """One change or run after the other, each with a cookie of its own and Params that are new."""

    async def attack(http: httpx.AsyncClient, draw: random.Random) -> None:
        while True:
            asked = {"params": params(draw), **({"again": True} if again else {})}
            await _sent(http, f"/explorables/ask/{VERSION}/{slug}", asked, draw)

    return attack


def calls(slug: str, data: Callable[[random.Random], list[Any]]) -> Attack:
    """The same at a door of Gradio's."""

    async def attack(http: httpx.AsyncClient, draw: random.Random) -> None:
        while True:
            await _sent(http, f"/gradio_api/run/{slug}", {"data": data(draw)}, draw)

    return attack


async def _sent(http: httpx.AsyncClient, path: str, body: dict[str, Any], draw: random.Random) -> None:
    """Reads the answer to its end; who is refused asks again at once, as a program would that does not care."""
    headers = {"cookie": f"{COOKIE}={draw.getrandbits(64):x}", "content-type": "application/json"}
    with suppress(httpx.HTTPError):
        async with http.stream("POST", path, content=json.dumps(body), headers=headers) as answer:
            async for _ in answer.aiter_raw():
                pass
    await asyncio.sleep(0.001)


async def _unread(http: httpx.AsyncClient, draw: random.Random) -> None:
    """Begins runs and reads nothing of what comes."""
    async for writer in _connections(http):
        body = json.dumps({"params": {"seed": draw.randrange(1000), "mode": "train"}})
        writer.write(_head("POST", f"/explorables/ask/{VERSION}/edit", len(body)) + body.encode())
        await asyncio.sleep(1)


async def _half_a_head(http: httpx.AsyncClient, draw: random.Random) -> None:
    async for writer in _connections(http):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        await asyncio.sleep(10 + draw.random())


async def _half_a_body(http: httpx.AsyncClient, draw: random.Random) -> None:
    async for writer in _connections(http):
        writer.write(_head("POST", f"/explorables/ask/{VERSION}/own_data", 2_000_000) + b"x" * 1_900_000)
        await asyncio.sleep(10 + draw.random())


async def _heartbeat(http: httpx.AsyncClient, draw: random.Random) -> None:
    async for writer in _connections(http):
        writer.write(_head("GET", f"/gradio_api/heartbeat/{draw.getrandbits(64):x}", 0))
        await asyncio.sleep(10 + draw.random())


async def _connections(http: httpx.AsyncClient) -> AsyncIterator[asyncio.StreamWriter]:
    """A new connection whenever the one before has been left."""
    address = urlsplit(str(http.base_url))
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(address.hostname, address.port, local_addr=(FROM, 0))
            yield writer
            writer.close()
        await asyncio.sleep(0.05)


def _head(method: str, path: str, length: int) -> bytes:
    body = f"Content-Type: application/json\r\nContent-Length: {length}\r\n" if length else ""
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{body}\r\n".encode()


async def _pages(http: httpx.AsyncClient, draw: random.Random) -> None:
    """Everything that a first visit asks for, uncompressed, again and again."""
    while True:
        for path in ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/teach", "/traps/"):
            with suppress(httpx.HTTPError):
                await http.get(path, headers={"accept-encoding": "identity"})


async def _rooms(http: httpx.AsyncClient, draw: random.Random) -> None:
    """Opens rooms and guesses codes."""
    while True:
        with suppress(httpx.HTTPError):
            await http.post("/room/open", json={"path": "45"})
            await http.get(f"/room/{draw.randrange(10**6):06d}/state")


def _rows(draw: random.Random) -> dict[str, Any]:
    return {"data": ROW * (950_000 // len(ROW)), "format": "JSON lines", "seed": draw.randrange(1000), "shuffle": True}


def _batches(draw: random.Random) -> dict[str, Any]:
    return {"N": 6, "L": 6, "steps": draw.randrange(61), "shift": draw.randrange(41) / 2}


def _fit(draw: random.Random) -> dict[str, Any]:
    return {"batch_size": draw.randrange(1, 257), "length": 16 * draw.randrange(1, 2048), "search": True}


KINDS: dict[str, Attack] = {
    "50,000 rows of data": changes("own_data", _rows),
    "steps that are timed": changes(
        "batch_memory",
        lambda d: {"measure": True, "batch_size": 32, "length": 32, "width": 64, "budget": d.randrange(1, 65)},
        True,
    ),
    "all kinds of steps": changes(
        "batch_memory",
        lambda d: {
            "batch_size": d.randrange(1, 33),
            "width": 64,
            "attention": "softmax(qkᵀ)v",
            "budget": d.randrange(1, 65),
        },
    ),
    "edits, invented cookies": changes("edit", lambda d: {"mode": "train", "seed": d.randrange(1000), "steps": 60}),
    "trainings, invented cookies": changes("live_training", lambda d: {"seed": d.randrange(1000), "steps": 300}),
    "loaders with processes": changes(
        "workers", lambda d: {"num_workers": 3, "load": d.randrange(16), "step": 30}, True
    ),
    "configs that are measured": changes("will_it_fit", _fit),
    "a pattern without end": changes(
        "freeze", lambda d: {"pattern": "(.*)*" * 20 + f"x{d.randrange(10**6)}$", "optimizer": "AdamW"}
    ),
    "spans of long texts": changes(
        "span", lambda d: {"context": f"{d.getrandbits(64)} " + "word " * 1190, "stride": 0, "max_length": 96}
    ),
    "changes without a pause": changes("batch_norm", _batches),
    "calls without a pause": calls("dropout", lambda d: [0.5, "nn.Dropout", "ramp", d.randrange(1000), "train", 200]),
    "runs that nobody reads": _unread,
    f"{HALF_OPEN} halves of a head": _half_a_head,
    f"{HALF_OPEN} halves of a body of 2 MB": _half_a_body,
    f"{HALF_OPEN} heartbeats": _heartbeat,
    "pages without end": _pages,
    "rooms and codes": _rooms,
}


if __name__ == "__main__":
    main()
