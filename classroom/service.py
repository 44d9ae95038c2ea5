"""Rooms for a server with many requests: the database works on threads, and what all pages ask is read once for all."""

import asyncio
import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from classroom.check import summary
from classroom.phases import ANSWERS
from classroom.refused import Refused
from classroom.store import Store
from classroom.views import for_all, for_teacher

FRESH = 0.2  # seconds for which what was read of a room is told to everybody who asks
SWEEP = 600  # seconds between two looks for rooms that are over
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
        self._read: dict[str, tuple[float, asyncio.Task[Views]]] = {}
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
    def _threads(self) -> CapacityLimiter:
        return CapacityLimiter(8)

    async def do(self, act: Callable[[Store], T]) -> T:
        """What `act` returns; raises Refused, also where the database does not answer."""

        def go() -> T:
            try:
                return act(self.store)
            except DBAPIError as error:
                logging.exception("the database of the rooms: %s", type(error).__name__)
                raise Refused(503, "The rooms cannot be reached now; try again in a moment.") from None

        return await run_sync(go, limiter=self._threads)

    def changed(self, code: str) -> None:
        """Who asks next is told what is in the database now."""
        self._read.pop(code, None)

    async def views(self, code: str) -> Views:
        """The room as its pages see it, at most FRESH seconds old; raises Refused."""
        until, task = self._read.get(code, (0.0, None))
        now = time.monotonic()
        if task is None or now > until or task.cancelled():
            task = asyncio.ensure_future(self.do(lambda store: _views(store, code)))
            self._read[code] = now + FRESH, task
            task.add_done_callback(lambda done: self._settle(code, done))
        return await asyncio.shield(task)

    def _settle(self, code: str, task: "asyncio.Task[Views]") -> None:
        """A room that is not there is not remembered; neither are those that nobody asks for any more."""
        if task.cancelled() or task.exception():
            self._read.pop(code, None)
        over = time.monotonic() - 60
        for old in [old for old, (until, _) in self._read.items() if until < over]:
            del self._read[old]


def _views(store: Store, code: str) -> Views:
    room = store.read(code)
    checked = summary(store.checked(code), store.bank) if room.phase == ANSWERS else None
    return Views(*(_told(view(room, store.bank, checked)) for view in (for_all, for_teacher)))


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
