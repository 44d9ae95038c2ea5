"""A class of 200 votes within two seconds, in one room and in ten, while somebody works with a light lesson beside it."""

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from benchmarks.load import drawn
from benchmarks.report import none, ratio
from benchmarks.server import OURS, serving
from benchmarks.visitor import Visitor, visitors
from lessons.dropout import Params

CLASS, SPREAD = 200, 2.0  # learners, and the seconds within which all vote
POLL, BESIDE = 1.5, 0.25  # seconds between two questions of a learner's page, and between two changes of the lesson
GOAL_VOTE, GOAL_SEEN = 300.0, 1000.0  # milliseconds
QUESTION = "dropout.three_calls"


class Connection:
    """One page's connection, kept open: as little work for this process as can be, beside the one that is measured."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._turn = asyncio.Lock()
        self._asked = -10.0  # when, by the monotonic clock
        self.tag = ""  # of the state that was told last

    async def ask(self, path: str, body: Any = None, word: str = "", **headers: str) -> Any:
        """What it answers, from JSON; None for 304. Raises RuntimeError for any other status than 200."""
        payload = json.dumps(body).encode() if body is not None else b""
        lines = [
            f"{'POST' if payload else 'GET'} {path} HTTP/1.1",
            f"Host: {self._host}",
            f"Content-Length: {len(payload)}",
        ]
        lines += ["Content-Type: application/json", f"Authorization: Bearer {word or 'none'}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        async with self._turn:
            head, answer = await self._sent("\r\n".join([*lines, "", ""]).encode() + payload)
        status = int(head.split()[1])
        self.tag = head.partition("etag: ")[2].partition("\r\n")[0]
        if status == 304:
            return None
        if status != 200:
            raise RuntimeError(f"{path}: {status} {answer[:200]!r}")
        return json.loads(answer)

    async def _sent(self, request: bytes) -> tuple[str, bytes]:
        """Head and body of the answer. A connection on which nothing came for 5 s is closed by the server, and opened anew."""
        if self._asked + 4 < time.monotonic():
            host, _, port = self._host.partition(":")
            self._reader, self._writer = await asyncio.open_connection(host, int(port))
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
        body = await self._reader.readexactly(length)
        self._asked = time.monotonic()
        return head, body

    def close(self) -> None:
        self._writer.close()


@dataclass
class Learner:
    at: str
    connection: Connection
    word: str = ""
    choice: int = -1  # acknowledged
    taken: float = 0.0  # milliseconds until it was

    async def join(self) -> None:
        self.word = (await self.connection.ask(f"{self.at}/join", {"learner": ""}))["learner"]

    async def poll(self, draw: random.Random) -> None:
        """As the page does, until cancelled."""
        await asyncio.sleep(draw.uniform(0, POLL))
        while True:
            await self.connection.ask(f"{self.at}/state", word=self.word, If_None_Match=self.connection.tag or "none")
            await asyncio.sleep(POLL)

    async def vote(self, draw: random.Random) -> None:
        await asyncio.sleep(draw.uniform(0, SPREAD))
        choice, begun = draw.randrange(3), time.perf_counter()
        await self.connection.ask(f"{self.at}/vote", {"number": 1, "round": 1, "choice": choice}, self.word)
        self.choice, self.taken = choice, 1000 * (time.perf_counter() - begun)


@dataclass
class Room:
    url: str
    teacher: Connection
    learners: list[Learner] = field(default_factory=list)

    async def open(self, learners: int) -> None:
        self.room = await self.teacher.ask("/room/open", {"path": ""})
        at = f"/room/{self.room['code']}"
        self.learners = [Learner(at, Connection(self.url)) for _ in range(learners)]
        for learner in self.learners:
            await learner.join()
        said = {"number": 0, "phase": "lobby", "to": "vote", "question": QUESTION}
        await self.teacher.ask(f"{at}/move", said, self.room["secret"])

    async def state(self) -> dict[str, Any]:
        return await self.teacher.ask(f"/room/{self.room['code']}/state", None, self.room["secret"], X_View="teacher")

    async def all_seen(self) -> float:
        """Milliseconds until the remote says that all have voted."""
        begun = time.perf_counter()
        while (await self.state())["voted"] < len(self.learners):
            await asyncio.sleep(0.05)
        return 1000 * (time.perf_counter() - begun)

    async def wrong(self) -> int:
        """Votes that are missing, or counted too often."""
        counted = (await self.state())["tallies"][0]
        said = [sum(learner.choice == choice for learner in self.learners) for choice in range(3)]
        return sum(abs(one - other) for one, other in zip(counted, said, strict=True))


async def change(visitor: Visitor, draw: random.Random, taken: list[float]) -> None:
    """Somebody who moves the sliders of dropout, until cancelled; hardly any answer stands in a cache."""
    while True:
        taken.append(1000 * await visitor.change("dropout", drawn(Params, draw)))
        await asyncio.sleep(BESIDE)


@asynccontextmanager
async def going(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Until the block ends; raises what any of them raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ended:
        if not isinstance(end, asyncio.CancelledError):
            raise end if isinstance(end, BaseException) else RuntimeError("it ended")


@dataclass
class Measured:
    votes: list[float]  # milliseconds until each was acknowledged
    seen: float  # milliseconds after the last one until all remotes said so
    wrong: int  # votes that are missing, or counted too often
    beside: list[float]  # milliseconds of each change of the lesson


async def measure(url: str, rooms: int, learners: int, visitor: Visitor) -> Measured:
    draw, beside, classes = random.Random(rooms), list[float](), [Room(url, Connection(url)) for _ in range(rooms)]
    for room in classes:
        await room.open(learners)
    people = [learner for room in classes for learner in room.learners]
    async with going(change(visitor, draw, beside), *(learner.poll(draw) for learner in people)):
        await asyncio.sleep(POLL)
        beside.clear()
        await asyncio.gather(*(learner.vote(draw) for learner in people))
        seen = max(await asyncio.gather(*(room.all_seen() for room in classes)))
        await asyncio.sleep(4 - SPREAD)
    wrong = sum([await room.wrong() for room in classes])
    for connection in [room.teacher for room in classes] + [learner.connection for learner in people]:
        connection.close()
    return Measured([learner.taken for learner in people], seen, wrong, beside)


async def idle(visitor: Visitor, seed: int) -> list[float]:
    taken = list[float]()
    async with going(change(visitor, random.Random(seed), taken)):
        await asyncio.sleep(8)
    return taken


def p95(taken: list[float]) -> float:
    return quantiles(taken, n=20)[-1]


async def report(url: str) -> None:
    async with visitors(url, 1) as [visitor]:
        await idle(visitor, 1)  # loads what is loaded on first use
        alone = p95(await idle(visitor, 2))
        for rooms, learners in ((1, CLASS), (10, CLASS // 10)):
            found = await measure(url, rooms, learners, visitor)
            where = f"{rooms} room{'s' if rooms > 1 else ''} of {learners}"
            ratio(f"p95 of an acknowledged vote, {where} / goal", p95(found.votes), GOAL_VOTE, "ms", goal=1.0)
            ratio(f"until every remote shows all votes, {where} / goal", found.seen, GOAL_SEEN, "ms", goal=1.0)
            none(f"votes lost or counted twice, {where}", found.wrong)
            ratio(f"p95 of a light lesson beside {where} / idle app", p95(found.beside), alone, "ms")


def main() -> None:
    with TemporaryDirectory() as folder:
        os.environ["TORCH_EXPLORABLES_ROOMS"] = f"{folder}/rooms.sqlite3"
        with serving(*OURS) as server:
            asyncio.run(report(server.url))


if __name__ == "__main__":
    main()
