"""How often one address may open rooms, join them and name rooms that are not there. A class shares its address."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request

from classroom.refused import Refused

REMEMBERED = 50_000  # people and addresses that have shown that they know a room


class Rate(Protocol):
    """So many a second for each key, and some at once."""

    def wait(self, key: str) -> float: ...  # seconds until one more is allowed

    def take(self, key: str) -> None: ...


@dataclass(frozen=True)
class Rates:
    opens: Rate
    joins: Rate
    guesses: Rate  # codes that no room has


class Doors:
    """`address_of` says where a request comes from; without `rates` everything is allowed."""

    def __init__(self, address_of: Callable[[Request], str], rates: Rates | None) -> None:
        self._address_of, self._rates = address_of, rates
        self._known: dict[tuple[str, str], None] = {}

    def opens(self, request: Request) -> None:
        if self._rates:
            self._take(self._rates.opens, request, "Too many rooms were opened from here")

    def joins(self, request: Request) -> None:
        if self._rates:
            self._take(self._rates.joins, request, "Too many join at once")

    def knocks(self, request: Request, code: str, word: str) -> None:
        """Before a room is looked up: refused after too many wrong codes, unless this person, or this address, knows the room."""
        known = any((code, who) in self._known for who in (word, self._address_of(request)))
        if self._rates and not known:
            if wait := self._rates.guesses.wait(self._address_of(request)):
                raise _later("Too many codes were tried from here that no room has", wait)

    def misses(self, request: Request) -> None:
        """No room has the code."""
        if self._rates:
            self._rates.guesses.take(self._address_of(request))

    def found(self, request: Request, code: str) -> None:
        """The room is there: who shares this address may come to it, whatever else is tried from here."""
        self.knows(code, self._address_of(request))

    def knows(self, code: str, word: str) -> None:
        """The learner's word, or the teacher's secret, is one of this room."""
        self._known[code, word] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def _take(self, rate: Rate, request: Request, sentence: str) -> None:
        address = self._address_of(request)
        if wait := rate.wait(address):
            raise _later(sentence, wait)
        rate.take(address)


def _later(sentence: str, wait: float) -> Refused:
    seconds = int(wait) + 1
    return Refused(429, f"{sentence}; try again in {seconds} second{'s' if seconds > 1 else ''}.")
