"""Rooms for a server with many requests: the database works on threads, and what all pages ask is read once for all."""

import asyncio
import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Collection
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError

from classroom.ballots import Vote
from classroom.check import summary
from classroom.phases import ANSWERS
from classroom.refused import Refused, no_room, unreachable
from classroom.store import Store
from classroom.views import for_all, for_teacher

FRESH = 0.2  # seconds for which what was read of a room is told to everybody who asks
SWEEP = 600  # seconds between two looks for rooms that are over
MOST_TOGETHER = 500  # votes in one transaction
T = TypeVar("T")


class Told(NamedTuple):
    """A room as JSON, and the name of exactly this state for If-None-Match."""

    body: bytes
    tag: str


class Views(NamedTuple):
    for_all: Told
    for_teacher: Told


class Service:
    """`open_store` opens the database, when the first room is asked for."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._votes: list[tuple[Vote, asyncio.Future[Refused | None]]] = []  # that wait for the next transaction
        self._casting: asyncio.Task[None] | None = None
        self._read: dict[str, tuple[float, asyncio.Future[Views | Refused]]] = {}  # until when it is told, and what
        self._wanted: dict[str, asyncio.Future[Views | Refused]] = {}  # that wait for the next look
        self._looking: asyncio.Task[None] | None = None
        self._opening = threading.Lock()

    @cached_property
    def _opened(self) -> Store:
        store = self._open_store()
        threading.Thread(target=_sweep, args=[store], daemon=True, name="rooms-sweep").start()
        return store

    @property
    def store(self) -> Store:
        with self._opening:
            return self._opened

    @cached_property
    def _reporting(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(1)

    @cached_property
    def _threads(self) -> CapacityLimiter:
        return CapacityLimiter(8)

    async def do(self, act: Callable[[Store], T]) -> T:
        """What `act` returns; raises Refused, also where the database does not answer."""

        def go() -> T:
            try:
                return act(self.store)
            except SQLAlchemyError:
                logging.exception("the database of the rooms")
                raise unreachable() from None

        return await run_sync(go, limiter=self._threads)

    async def report(self, make: Callable[[Store], T]) -> T:
        """As `do`, for what reads all votes or answers of a room: one after the other, so that votes need not wait for many."""
        async with self._reporting:
            return await self.do(make)

    async def vote(self, vote: Vote) -> None:
        """Acknowledged when it is in the database; raises Refused. Votes that come while others are written go together."""
        told: asyncio.Future[Refused | None] = asyncio.get_running_loop().create_future()
        self._votes.append((vote, told))
        if self._casting is None:
            self._casting = asyncio.ensure_future(self._cast())
        if refused := await told:
            raise refused

    async def _cast(self) -> None:
        while self._votes:
            taken, self._votes = self._votes[:MOST_TOGETHER], self._votes[MOST_TOGETHER:]
            votes = [vote for vote, _ in taken]
            try:
                answers = await self.do(partial(Store.vote_all, votes=votes))
            except Refused as refused:
                answers = [refused] * len(taken)
            except Exception:  # told to everybody who waits, or they would wait for ever
                logging.exception("votes could not be written")
                answers = [unreachable()] * len(taken)
            for (_, told), answer in zip(taken, answers, strict=True):
                if not told.done():  # who asked has gone
                    told.set_result(answer)
        self._casting = None

    def changed(self, code: str) -> None:
        """Who asks next is told what is in the database now."""
        self._read.pop(code, None)

    async def views(self, code: str) -> Views:
        """The room as its pages see it, at most FRESH seconds old; raises Refused. What is to be read is read together."""
        until, told = self._read.get(code, (0.0, None))
        if told is None or (told.done() and time.monotonic() > until):
            told = self._wanted.setdefault(code, asyncio.get_running_loop().create_future())
            self._read[code] = (0.0, told)
            if self._looking is None:
                self._looking = asyncio.ensure_future(self._look())
        found = await asyncio.shield(told)
        if isinstance(found, Refused):
            raise found
        return found

    async def _look(self) -> None:
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            until = time.monotonic() + FRESH
            try:
                found: dict[str, Views | Refused] = {**await self.do(partial(_views, codes=wanted))}
            except Refused as refused:
                found = dict.fromkeys(wanted, refused)
            except Exception:  # told to everybody who waits, or they would wait for ever
                logging.exception("rooms could not be read")
                found = dict.fromkeys(wanted, unreachable())
            for code, told in wanted.items():
                self._tell(code, told, until, found.get(code) or no_room())
        self._looking = None

    def _tell(
        self, code: str, told: "asyncio.Future[Views | Refused]", until: float, answer: "Views | Refused"
    ) -> None:
        """A room that is not there is not remembered; neither are those that nobody asks for any more."""
        told.set_result(answer)
        if self._read.get(code, (0.0, None))[1] is told:  # it has not changed meanwhile
            self._read[code] = (until, told)
            if isinstance(answer, Refused):
                del self._read[code]
        over = time.monotonic() - 60
        for old in [old for old, (end, kept) in self._read.items() if kept.done() and end < over]:
            del self._read[old]


def _views(store: Store, codes: Collection[str]) -> dict[str, Views]:
    found = {}
    for code, room in store.read_all(list(codes)).items():
        checked = summary(store.checked(code), store.bank) if room.phase == ANSWERS else None
        found[code] = Views(*(_told(view(room, store.bank, checked)) for view in (for_all, for_teacher)))
    return found


def _told(state: dict[str, Any]) -> Told:
    body = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
    return Told(body, f'"{hashlib.sha256(body).hexdigest()[:16]}"')


def _sweep(store: Store) -> None:
    """For as long as the process lives."""
    while True:
        try:
            store.sweep()
        except SQLAlchemyError:
            logging.exception("rooms that are over could not be removed")
        time.sleep(SWEEP)
