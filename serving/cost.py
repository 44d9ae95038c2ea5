"""How much is computed at once: for one visitor, for one address whatever cookies it invents, and of what is heavy for all."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import AsyncExitStack, asynccontextmanager

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.visitor import visitor_of

COMPUTES = ("/gradio_api/component_server", "/gradio_api/run/", "/gradio_api/api/")
HEAVY = 100_000  # bytes of a body: reading that much data takes Python seconds
OWN, OWN_LINE = 3, 20  # of one cookie: at once, and waiting
SHARED, SHARED_LINE = 16, 400  # of one address, of the 40 threads: a class shares it
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


class BoundCost:
    """Lets computations go as the bounds above say, and answers 429 where a line is full.

    It comes after what reads the body, which is then whole: no slow sender holds a turn.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._own, self._shared = Turns(OWN, OWN_LINE), Turns(SHARED, SHARED_LINE)
        self._heavy_shared, self._heavy = Turns(1, HEAVY_SHARED), Turns(1, HEAVY_LINE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not get_route_path(scope).startswith(COMPUTES):
            return await self.app(scope, receive, send)
        async with AsyncExitStack() as turns:
            try:
                await self._take(scope, turns)
            except Busy:
                return await PlainTextResponse(SENTENCE, 429, headers={"Retry-After": "2"})(scope, receive, send)
            await self.app(scope, receive, send)

    async def _take(self, scope: Scope, turns: AsyncExitStack) -> None:
        """One turn of each kind, always in this order: the narrowest first, so that who waits holds nobody else up."""
        who = visitor_of(scope)
        if who.cookie:
            await turns.enter_async_context(self._own.turn(who.cookie))
        if int(Headers(scope=scope).get("content-length", HEAVY + 1)) > HEAVY:
            await turns.enter_async_context(self._heavy_shared.turn(who.address))
            await turns.enter_async_context(self._heavy.turn(""))
        await turns.enter_async_context(self._shared.turn(who.address))
