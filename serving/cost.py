"""How much is computed at once: for one visitor, for one address whatever cookies it invents, and of what is heavy for all."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import AsyncExitStack, asynccontextmanager

from starlette._utils import get_route_path
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.limits import announced
from serving.visitor import Visitor, visitor_of

COMPUTES = ("/gradio_api/run/", "/gradio_api/api/")
HEAVY = 100_000  # bytes of a body that make a request heavy: reading that much data takes Python seconds
OWN, OWN_LINE = 2, 20  # of one cookie: at once, and waiting
AT_ONCE = 2  # of all: torch uses every core for one, and threads that share Python's lock only slow each other down
SHARED_LINE = 400  # of one address that wait: a class shares it
HEAVY_LINE, HEAVY_SHARED = 16, 4  # heavy ones that wait: of all, and of one address
SENTENCE = "Too much of yours is computed already; try again in a moment."


class Busy(Exception):
    """So many wait already."""


class Turns:
    """For each key, `at_once` may go; `line` more wait, one after the other, and holding no thread."""

    def __init__(self, at_once: int, line: int) -> None:
        self._at_once, self._line = at_once, line
        self._gates: dict[Hashable, asyncio.Semaphore] = {}
        self._wanted: Counter[Hashable] = Counter()

    def is_full(self, key: Hashable) -> bool:
        return self._wanted[key] >= self._at_once + self._line

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Raises Busy when the line is full."""
        if self.is_full(key):
            raise Busy
        self._wanted[key] += 1
        gate = self._gates.setdefault(key, asyncio.Semaphore(self._at_once))
        try:
            async with gate:
                yield
        finally:
            self._wanted[key] -= 1
            if not self._wanted[key]:
                del self._wanted[key], self._gates[key]


class Rounds:
    """`at_once` may go; who waits is let in address after address: many requests of one hold up nobody's first."""

    def __init__(self, at_once: int, line: int) -> None:
        self._free, self._line = at_once, line
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Raises Busy when the line of this key is full."""
        await self._enter(key)
        try:
            yield
        finally:
            self._hand_on()

    async def _enter(self, key: Hashable) -> None:
        if self._free:
            self._free -= 1
            return
        line = self._waiting.setdefault(key, deque())
        if len(line) >= self._line:
            raise Busy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was this one's turn already
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        while self._waiting:
            key, line = self._waiting.popitem(last=False)
            turn = line.popleft()
            if line:
                self._waiting[key] = line  # behind all others
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Cost:
    """What is computed at this moment and who waits for it, at whichever door it was asked for."""

    def __init__(self) -> None:
        self._own = Turns(OWN, OWN_LINE)
        self._light, self._slow = Rounds(AT_ONCE, SHARED_LINE), Rounds(1, SHARED_LINE)
        self._heavy_shared, self._heavy = Turns(1, HEAVY_SHARED), Turns(1, HEAVY_LINE)

    @asynccontextmanager
    async def turn(self, who: Visitor, size: int, slow: bool) -> AsyncIterator[None]:
        """For a request whose body, of `size` bytes, has come: no slow sender holds a turn. Raises Busy where a line is full.

        What is heavy, what is slow and all the rest go beside one another.
        """
        async with AsyncExitStack() as turns:
            if who.cookie:
                await turns.enter_async_context(self._own.turn(who.cookie))
            if size > HEAVY:
                await turns.enter_async_context(self._heavy_shared.turn(who.address))
                await turns.enter_async_context(self._heavy.turn(""))
            else:
                await turns.enter_async_context((self._slow if slow else self._light).turn(who.address))
            yield

    def refuses(self, who: Visitor, size: int) -> bool:
        """Whether a body of `size` bytes would come to a full line: it need not be read."""
        return size > HEAVY and self._heavy_shared.is_full(who.address)


class BoundCost:
    """Lets the computations of Gradio's doors go as the bounds above say, and answers 429 where a line is full.

    runs: the lessons whose runs of seconds stand in lines of their own. slow: those of which one change goes at a time.
    """

    def __init__(
        self, app: ASGIApp, cost: Cost, runs: frozenset[str] = frozenset(), slow: frozenset[str] = frozenset()
    ) -> None:
        self.app, self._cost, self._runs, self._slow = app, cost, runs, slow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = get_route_path(scope) if scope["type"] == "http" else ""
        slug = path.rpartition("/")[2]
        if not path.startswith(COMPUTES) or slug in self._runs:
            return await self.app(scope, receive, send)
        async with AsyncExitStack() as turn:
            try:
                await turn.enter_async_context(self._cost.turn(visitor_of(scope), announced(scope), slug in self._slow))
            except Busy:
                return await too_much()(scope, receive, send)
            await self.app(scope, receive, send)


def too_much() -> Response:
    return PlainTextResponse(SENTENCE, 429, headers={"Retry-After": "2"})
