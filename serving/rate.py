"""How often a visitor, an address and everybody together may ask; who asks more is told when to come back."""

import math
import os
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette._utils import get_route_path
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.doors import ASK
from serving.visitor import address_of, cookie_of, new_cookie

VARIABLE = "TORCH_EXPLORABLES_RATE"  # requests a second of one visitor; 0 switches the limits off
DEFAULT = 10.0
ADDRESS, EVERYBODY = 20, 30  # times the rate of one visitor: a class of 200 shares one address
BURST = 20  # seconds of its rate that may come at once: a slider that is dragged asks all the time
REMEMBERED = 10_000  # visitors, and as many addresses
FREE = ("/assets/", "/static/", "/svelte/", "/explorables/", "/healthz", "/theme.css")
# A class asks there how its room is, each of 200 people every other second, and what torch answers; it gets no cookie.
ROOMS = ("/room/", "/explorables/question/")
ROOMS_ADDRESS, ROOMS_EVERYBODY = 40, 150  # times the rate of one visitor


class Buckets:
    """A bucket of tokens for each key: full with what comes in `burst` seconds, `rate` more each second."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic, burst: float = BURST) -> None:
        self._rate, self._clock = rate, clock
        self._size = max(1.0, rate * burst)
        self._tokens: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how many there were, and when

    def _level(self, key: str) -> float:
        tokens, when = self._tokens.get(key, (self._size, 0.0))
        return min(self._size, tokens + self._rate * (self._clock() - when))

    def wait(self, key: str) -> float:
        """Seconds until the key has a token; 0.0 when it has one now."""
        return max(0.0, (1 - self._level(key)) / self._rate)

    def take(self, key: str) -> None:
        self._tokens[key] = self._level(key) - 1, self._clock()
        self._tokens.move_to_end(key)
        if len(self._tokens) > REMEMBERED:
            self._tokens.popitem(last=False)


def rate_from_environment() -> float:
    """TORCH_EXPLORABLES_RATE; raises ValueError when it is no number from 0."""
    given = os.environ.get(VARIABLE, "").strip() or str(DEFAULT)
    try:
        rate = float(given)
    except ValueError:
        rate = math.nan
    if not 0 <= rate < math.inf:
        raise ValueError(f"{VARIABLE} must be a number from 0, not {given!r}.")
    return rate


class LimitRate:
    """Answers 429 with one sentence and Retry-After, and gives each page a cookie to tell the visitors of one address apart.

    The cookie is a random number and proves nothing: who leaves it out, or invents one, shares what the address may.
    """

    def __init__(self, app: ASGIApp, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self.rate = app, rate
        if rate:
            self._visitors = Buckets(rate, clock)
            self._addresses = Buckets(rate * ADDRESS, clock)
            self._everybody = Buckets(rate * EVERYBODY, clock)
            self._room_addresses = Buckets(rate * ROOMS_ADDRESS, clock)
            self._rooms = Buckets(rate * ROOMS_EVERYBODY, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.rate or _is_free(scope):
            return await self.app(scope, receive, send)
        wait = self._admit(scope)
        if wait:
            seconds = math.ceil(wait)
            sentence = f"Too many requests at once; try again in {seconds} second{'s' if seconds > 1 else ''}."
            refusal = PlainTextResponse(sentence, 429, headers={"Retry-After": str(seconds)})
            return await refusal(scope, receive, send)
        known = cookie_of(scope) or scope["method"] != "GET" or _is_of_a_room(scope)
        await self.app(scope, receive, send if known else _introducing(scope, send))

    def _admit(self, scope: Scope) -> float:
        """Take a token from each bucket, or from none and say how long to wait."""
        visitor, address = cookie_of(scope), address_of(scope)
        if _is_of_a_room(scope):
            asked = [(self._room_addresses, address), (self._rooms, "")]
        else:
            asked = [(self._addresses, address), (self._everybody, "")]
            asked += [(self._visitors, visitor)] if visitor else []
        wait = max(buckets.wait(key) for buckets, key in asked)
        for buckets, key in asked if not wait else ():
            buckets.take(key)
        return wait


def _is_free(scope: Scope) -> bool:
    path = get_route_path(scope)
    return scope["method"] in ("GET", "HEAD") and path.startswith(FREE) and not path.startswith((ASK, *ROOMS))


def _is_of_a_room(scope: Scope) -> bool:
    return get_route_path(scope).startswith(ROOMS)


def _introducing(scope: Scope, send: Send) -> Send:
    """A page, and only a page, comes with a cookie."""

    async def with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                headers.append("set-cookie", new_cookie(scope))
        await send(message)

    return with_cookie
