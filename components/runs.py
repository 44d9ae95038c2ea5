"""Runs of lessons with a button: so many at once, the others wait in line; a run that nobody watches any more stops.

A visitor's page reads the news of a run at its door (door.py), and cancels it by closing that request. Visitors with equal
Params watch the same run.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from itertools import count
from threading import BoundedSemaphore, Event, Lock
from typing import Any
from weakref import WeakSet

from components.answer import kept_json, lesson_of, picture, state_json, to_json
from explorable.params import BadParam
from explorable.progress import Cancelled, watched
from serving.ending import ENDING
from serving.visitor import Visitor

LONGEST_LINE = 200  # runs of one lesson that wait or go
MOST_CALLS = 8  # of the API that wait for a run: each keeps one of the 40 threads that answer all visitors
MOST_OWN = 4  # runs of one lesson that one visitor has begun
MOST_SHARED = 60  # and that were begun from one address, whatever cookies came with them: a class shares one
PICTURE_EVERY = 0.3  # seconds between two pictures of a Result so far; drawing takes at most a third of the run
MOST_WATCHERS = 1000  # of the runs of one lesson
MOST_NEWS = 1000  # a second, to all watchers of a run together
HEARTBEAT = 10.0  # seconds; a proxy closes a connection on which nothing comes
ENDED = to_json(
    {"problem": "The app is being restarted; run it again in a moment.", "ending": True}
)  # the page asks again


class Run:
    """One computation: what has become of it, and who is to be woken when there is news."""

    def __init__(self, slug: str, params: Any, who: Visitor | None) -> None:
        self.slug, self.params, self.who = slug, params, who
        self.started = False
        self.steps: tuple[int, int] | None = None  # done, of how many
        self.picture: bytes | None = None  # of the Result so far
        self.answer: bytes | None = None  # the end: a state or a problem
        self.watchers: list[Callable[[], None]] = []
        self.context = copy_context()  # of the request that began it
        self._draw_after = 0.0

    @property
    def address(self) -> str:
        return self.who.address if self.who else ""

    @classmethod
    def ended(cls, slug: str, params: Any, wake: Callable[[], None]) -> "Run":
        """A run that never begins."""
        run = cls(slug, params, None)
        run.answer, run.watchers = ENDED, [wake]
        return run

    def tell(self) -> None:
        for wake in list(self.watchers):
            wake()

    def end(self) -> None:
        """Tell the watchers that no answer will come, if none has."""
        self.answer = self.answer or ENDED
        self.tell()

    def go(self) -> None:
        """Compute, and leave the answer; what goes wrong is one sentence for the visitor and a line in the log."""
        try:
            with watched(self._watch):
                self.answer = state_json(self.slug, self.params)
        except BadParam as problem:
            self.answer = to_json({"problem": str(problem)})
        except Cancelled:
            self.answer = self.answer or to_json({"problem": "The run was cancelled."})
        except Exception:
            logging.exception("a run of %s failed", self.slug)
            self.answer = to_json({"problem": "The run failed; the picture is that of the run before."})

    def _watch(self, done: int, total: int, so_far: Callable[[], Any] | None) -> None:
        if not self.watchers or self.answer:  # nobody waits, or who did was told that the app ends
            raise Cancelled
        now = time.monotonic()
        self.steps = done, total
        if so_far is not None and now > self._draw_after and done < total:
            self.picture = to_json(picture(self.slug, self.params, so_far()))
            spent = time.monotonic() - now
            self._draw_after = now + max(PICTURE_EVERY, 3 * spent, 3 * len(self.watchers) / MOST_NEWS)
        self.tell()


class Line:
    """The runs of one lesson. Addresses take turns: who asks for many runs holds up nobody's first one."""

    def __init__(self, slug: str) -> None:
        self._slug = slug
        self._pool = ThreadPoolExecutor(lesson_of(slug).at_once, thread_name_prefix=f"run-{slug}")
        self._runs: dict[Any, Run] = {}
        self._served: dict[str, int] = {}  # of the addresses in line: which start theirs was, the last time
        self._starts = count(1)
        self._lock = Lock()

    def join(self, params: Any, wake: Callable[[], None], who: Visitor | None = None) -> Run:
        """The run of these Params, begun by `who` if there is none; `wake` is called at its news.

        Raises BadParam when too many wait. A process that ends begins none: the run has its answer then, which says so.
        """
        with self._lock:
            if ENDING.asked:
                return Run.ended(self._slug, params, wake)
            if sum(len(run.watchers) for run in self._runs.values()) >= MOST_WATCHERS:
                raise BadParam("Too many visitors wait for this lesson; try again in a minute.")
            run = self._runs.get(params)
            if run is None:
                self._bound(who)
                if len(self._runs) >= LONGEST_LINE:
                    raise BadParam("Too many runs are waiting; try again in a minute.")
                run = self._runs[params] = Run(self._slug, params, who)
                self._pool.submit(self._start_next)
            run.watchers.append(wake)
            return run

    def _bound(self, who: Visitor | None) -> None:
        """Raises BadParam when this visitor, or all of his address together, have as many runs as they may."""
        if who is None:
            return
        begun = [run.who for run in self._runs.values() if run.who]
        own = sum(other.cookie == who.cookie for other in begun)
        shared = sum(other.address == who.address for other in begun)
        if who.cookie and own >= MOST_OWN:
            raise BadParam(f"{MOST_OWN} runs of yours are under way; wait for one of them, or cancel it.")
        if shared >= MOST_SHARED:
            raise BadParam(f"{MOST_SHARED} runs of your address are under way; wait for one of them, or cancel it.")

    def leave(self, run: Run, wake: Callable[[], None]) -> None:
        """Stop watching; the last one to leave stops the run."""
        with self._lock:
            run.watchers.remove(wake)
            if not run.watchers and self._runs.get(run.params) is run:
                del self._runs[run.params]  # whoever asks for it now begins anew
        self._tell_who_waits()

    def ahead_of(self, run: Run) -> int:
        """How many runs start before this one."""
        with self._lock:
            waiting = self._waiting()
        return waiting.index(run) if run in waiting else 0

    def _waiting(self) -> list[Run]:
        """The runs that have not begun, in the order in which they will: one of each address, then the second of each."""
        before: Counter[str] = Counter()
        places = []
        for place, run in enumerate(run for run in self._runs.values() if not run.started):
            places.append((before[run.address], self._served.get(run.address, 0), place, run))
            before[run.address] += 1
        return [run for *_, run in sorted(places, key=lambda place: place[:3])]

    def end_waiting(self) -> None:
        """Tell who waits that their runs will not begin."""
        with self._lock:
            waiting = self._waiting()
            for run in waiting:
                del self._runs[run.params]
        for run in waiting:
            run.end()

    def under_way(self) -> list[Run]:
        """The runs whose answer is still to come."""
        with self._lock:
            return [run for run in self._runs.values() if run.answer is None]

    def _start_next(self) -> None:
        """In a thread of the pool, once for each run that was asked for; where one was cancelled there may be none left."""
        with self._lock:
            waiting = self._waiting()
            if not waiting:
                return
            run = waiting[0]
            run.started = True
            here = {other.address for other in self._runs.values()}
            self._served = {address: last for address, last in self._served.items() if address in here}
            self._served[run.address] = next(self._starts)
        run.context.run(self._go, run)

    def _go(self, run: Run) -> None:
        self._tell_who_waits()
        run.go()
        with self._lock:
            if self._runs.get(run.params) is run:
                del self._runs[run.params]
        run.tell()

    def _tell_who_waits(self) -> None:
        with self._lock:
            waiting = [run for run in self._runs.values() if not run.started]
        for run in waiting:
            run.tell()


_lines: WeakSet[Line] = WeakSet()


@cache
def line_of(slug: str) -> Line:
    line = Line(slug)
    _lines.add(line)
    return line


def end_runs(seconds: float) -> None:
    """For a process that ends: who waits is told now, who is under way when `seconds` are over. Blocks until all know."""
    lines, until = list(_lines), time.monotonic() + seconds
    for line in lines:
        line.end_waiting()
    while any(line.under_way() for line in lines) and time.monotonic() < until:
        time.sleep(0.02)
    for line in lines:
        for run in line.under_way():
            run.end()


_calls = BoundedSemaphore(MOST_CALLS)


@contextmanager
def calling() -> Iterator[None]:
    """A call of the API that may wait for a run, or repeat one. Raises BadParam when too many do."""
    if not _calls.acquire(blocking=False):
        raise BadParam(f"{MOST_CALLS} calls of the API wait for a run already; try again in a moment.")
    try:
        yield
    finally:
        _calls.release()


def settled(slug: str, params: Any) -> bytes:
    """The state of these Params as `state_json` gives it, after a wait in line. Blocks; for the API, inside `calling`."""
    if (kept := kept_json(slug, params)) is not None:
        return kept
    line, news = line_of(slug), Event()
    run = line.join(params, news.set)
    try:
        while run.answer is None:
            news.wait()
            news.clear()
        return run.answer
    finally:
        line.leave(run, news.set)


async def follow(slug: str, params: Any, who: Visitor | None = None) -> AsyncGenerator[bytes, None]:
    """The news of a run as JSON: `ahead`, `steps`, a picture so far; at last `state` or `problem`. b"" is a sign of life."""
    if (kept := kept_json(slug, params)) is not None:  # nothing is to be waited for
        yield kept
        return
    line, loop, news = line_of(slug), asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(news.set)

    run = line.join(params, wake, who)
    shown = None
    try:
        while run.answer is None:
            picture = run.picture
            yield _piece(line, run, None if picture is shown else picture)
            shown = picture
            try:
                await asyncio.wait_for(news.wait(), HEARTBEAT)
                await asyncio.sleep(max(0.03, len(run.watchers) / MOST_NEWS))  # several steps are one piece of news
            except asyncio.TimeoutError:
                yield b""
            news.clear()
        yield run.answer
    finally:
        line.leave(run, wake)


def _piece(line: Line, run: Run, picture: bytes | None) -> bytes:
    """What there is to be told of a run that has not ended."""
    if not run.started:
        return to_json({"ahead": line.ahead_of(run)})
    if picture is None:
        return to_json({"steps": run.steps})
    return b'{"steps":%s,%s' % (to_json(run.steps), picture[1:])
