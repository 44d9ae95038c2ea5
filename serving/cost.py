"""How much is computed at once: for one visitor, for one address whatever cookies it invents, and of what is heavy for all."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import AsyncExitStack, asynccontextmanager

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.visitor import Visitor, visitor_of

COMPUTES = ("/gradio_api/run/", "/gradio_api/api/")
HEAVY = 100_000  # bytes of a body that make a request heavy: reading that much data takes Python seconds
OWN, OWN_LINE = 3, 20  # of one cookie: at once, and waiting
SHARED, SHARED_LINE = (
    4,
    400,
)  # of one address, of the 40 threads: a class shares it, and more at once would not end sooner
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

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Raises Busy when the line is full."""
        if self._wanted[key] >= self._at_once + self._line:
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


class Cost:
    """What is computed at this moment and who waits for it, at whichever door it was asked for."""

    def __init__(self) -> None:
        self._own, self._shared = Turns(OWN, OWN_LINE), Turns(SHARED, SHARED_LINE)
        self._heavy_shared, self._heavy = Turns(1, HEAVY_SHARED), Turns(1, HEAVY_LINE)

    @asynccontextmanager
    async def turn(self, who: Visitor, heavy: bool) -> AsyncIterator[None]:
        """For a request whose body has come: no slow sender holds a turn. Raises Busy where a line is full.

        One turn of each kind, always in this order: the narrowest first, so that who waits holds nobody else up.
        """
        async with AsyncExitStack() as turns:
            if who.cookie:
                await turns.enter_async_context(self._own.turn(who.cookie))
            if heavy:
                await turns.enter_async_context(self._heavy_shared.turn(who.address))
                await turns.enter_async_context(self._heavy.turn(""))
            await turns.enter_async_context(self._shared.turn(who.address))
            yield


class BoundCost:
    """Lets the computations of Gradio's doors go as the bounds above say, and answers 429 where a line is full."""

    def __init__(self, app: ASGIApp, cost: Cost) -> None:
        self.app, self._cost = app, cost

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not get_route_path(scope).startswith(COMPUTES):
            return await self.app(scope, receive, send)
        heavy = int(Headers(scope=scope).get("content-length", HEAVY + 1)) > HEAVY
        async with AsyncExitStack() as turn:
            try:
                await turn.enter_async_context(self._cost.turn(visitor_of(scope), heavy))
            except Busy:
                return await too_much()(scope, receive, send)
            await self.app(scope, receive, send)


def too_much() -> Response:
    return PlainTextResponse(SENTENCE, 429, headers={"Retry-After": "2"})
