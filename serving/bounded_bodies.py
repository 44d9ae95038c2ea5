"""Large bodies in flight are bounded in sum: each is held in memory until its request is answered."""

from collections import Counter

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.limits import announced
from serving.visitor import address_of

SMALL = 64_000  # bytes: as many of these as there are connections may be in flight
ALL, SHARED = 64_000_000, 24_000_000  # bytes of all large ones, and of those of one address
SENTENCE = "Too many large requests at once; try again in a moment."


class BoundBodies:
    """Answers 503 to one large body too many, before it is read. A body that does not say its length counts as the largest."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.in_flight: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = announced(scope) if scope["type"] == "http" else 0
        if size <= SMALL:
            return await self.app(scope, receive, send)
        address = address_of(scope)
        if self.in_flight.total() + size > ALL or self.in_flight[address] + size > SHARED:
            refusal = PlainTextResponse(SENTENCE, 503, headers={"Retry-After": "2", "Connection": "close"})
            return await refusal(scope, receive, send)
        self.in_flight[address] += size
        try:
            await self.app(scope, receive, send)
        finally:
            self.in_flight[address] -= size
            self.in_flight += Counter()  # without those that are 0
