"""`re.search` that answers in linear time, so that no pattern of a visitor can hang the server.

Python's own engine backtracks: `(a+)+$` on thirty letters takes minutes. Here the pattern, parsed by Python's own parser,
becomes an automaton whose states advance together, letter by letter (Thompson, 1968).
"""

import re
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

if sys.version_info >= (3, 11):
    from re import _parser as parser  # type: ignore[attr-defined]
else:
    import sre_parse as parser

MOST_STATES = 150
REFUSED = {
    "GROUPREF": "a backreference",
    "GROUPREF_EXISTS": "a conditional group",
    "ASSERT": "a lookahead or lookbehind",
    "ASSERT_NOT": "a lookahead or lookbehind",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repeat",
}
CATEGORIES: dict[str, Callable[[str], bool]] = {
    "DIGIT": str.isdecimal,
    "SPACE": str.isspace,
    "WORD": lambda letter: letter.isalnum() or letter == "_",
}

State = tuple[str, Any, tuple[int, ...]]  # "read" | "at" | "fork" | "end", its test, where it leads


class Refused(ValueError):
    """A valid pattern that cannot be run in linear time, or grows too large; the text is one sentence."""


def search(pattern: str, text: str) -> bool:
    """Whether `re.search(pattern, text)` finds something.

    Raises re.error or OverflowError, as re.compile does, for what is no pattern, and Refused.
    """
    states, start = automaton(pattern)
    alive: set[int] = set()
    for position in range(len(text) + 1):
        alive = _reached(states, alive | {start}, text, position)
        if any(states[index][0] == "end" for index in alive):
            return True
        if position < len(text):
            reading = (states[index] for index in alive if states[index][0] == "read")
            alive = {after[0] for _, test, after in reading if test(text[position])}
    return False


def refusal(pattern: str) -> str | None:
    """Why a valid pattern is not run here: one sentence, or None."""
    try:
        automaton(pattern)
    except Refused as refused:
        return str(refused)
    except (re.error, OverflowError):
        return None
    return None


@lru_cache(maxsize=64)
def automaton(pattern: str) -> tuple[list[State], int]:
    """The states of a pattern and its first one. Raises what `search` raises."""
    parsed = parser.parse(pattern)
    if parsed.state.flags & ~re.UNICODE:
        raise Refused("The regex holds inline flags; here they are left out.")
    builder = _Builder()
    return builder.states, builder.sequence(parsed, builder.add("end", None))


def _reached(states: list[State], start: Iterable[int], text: str, position: int) -> set[int]:
    """The states that are reached without reading a letter."""
    reached: set[int] = set()
    waiting = list(start)
    while waiting:
        index = waiting.pop()
        if index not in reached:
            reached.add(index)
            kind, test, after = states[index]
            if kind == "fork" or kind == "at" and _holds(test, text, position):
                waiting += after
    return reached


def _holds(anchor: str, text: str, position: int) -> bool:
    """Whether an anchor such as `^` or `\\b` holds between two letters."""
    if anchor in ("AT_BEGINNING", "AT_BEGINNING_STRING"):
        return position == 0
    if anchor == "AT_END_STRING":
        return position == len(text)
    if anchor == "AT_END":
        return text[position:] in ("", "\n")
    word = CATEGORIES["WORD"]
    sides = (position > 0 and word(text[position - 1]), position < len(text) and word(text[position]))
    return bool(text) and (sides[0] != sides[1]) == (anchor == "AT_BOUNDARY")


class _Builder:
    """Builds the states from the end of the pattern to its start."""

    def __init__(self) -> None:
        self.states: list[State] = []
        self.parts = 0

    def add(self, kind: str, test: Any, *after: int) -> int:
        self.states.append((kind, test, after))
        return len(self.states) - 1

    def sequence(self, items: Any, after: int) -> int:
        """The first state of `items`, which lead to the state `after`."""
        self.parts += 1
        if max(self.parts, len(self.states)) > MOST_STATES:
            raise Refused(f"The regex grows to more than {MOST_STATES} states; repeat less.")
        for operator, argument in reversed(list(items)):
            after = self._one(str(operator), argument, after)
        return after

    def _one(self, operator: str, argument: Any, after: int) -> int:
        if operator in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self.add("read", _test(operator, argument), after)
        if operator == "AT":
            return self.add("at", str(argument), after)
        if operator == "BRANCH":
            return self.add("fork", None, *[self.sequence(branch, after) for branch in argument[1]])
        if operator == "SUBPATTERN" and not (argument[1] or argument[2]):  # no flags of its own
            return self.sequence(argument[3], after)
        if operator in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, items = argument
            return self._repeat(low, high, items, after)
        raise Refused(f"The regex holds {REFUSED.get(operator, 'inline flags')}, which has no linear-time form.")

    def _repeat(self, low: int, high: Any, items: Any, after: int) -> int:
        start = after
        if high == parser.MAXREPEAT:
            start = self.add("fork", None)  # its ways are known once what it repeats is built
            self.states[start] = ("fork", None, (self.sequence(items, start), after))
        else:
            for _ in range(high - low):
                start = self.add("fork", None, self.sequence(items, start), after)
        for _ in range(low):
            start = self.sequence(items, start)
        return start


def _test(operator: str, argument: Any) -> Callable[[str], bool]:
    """Whether a letter is one that this part of the pattern reads."""
    if operator == "ANY":
        return lambda letter: letter != "\n"
    if operator != "IN":
        return lambda letter: (ord(letter) == argument) == (operator == "LITERAL")
    negated = str(argument[0][0]) == "NEGATE"
    members = [_member(str(kind), value) for kind, value in argument if str(kind) != "NEGATE"]
    return lambda letter: any(member(letter) for member in members) != negated


def _member(kind: str, value: Any) -> Callable[[str], bool]:
    if kind == "LITERAL":
        return lambda letter: ord(letter) == value
    if kind == "RANGE":
        return lambda letter: value[0] <= ord(letter) <= value[1]
    name = str(value).removeprefix("CATEGORY_")
    category = CATEGORIES[name.removeprefix("NOT_")]
    return lambda letter: category(letter) != name.startswith("NOT_")
