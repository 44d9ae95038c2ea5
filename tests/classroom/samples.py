"""A small bank, and stores over it."""

from classroom.bank import Choice, Question
from classroom.check import PAIRS
from classroom.database import Database
from classroom.store import Seen, Store

NAMES = ("stack.new_axis", "dropout.three_calls", *(name for pair in PAIRS for name in pair))


def question(name: str) -> Question:
    lesson = name.split(".")[0]
    choices = (Choice("one `x`", "No: {a=b} ~ # :"), Choice("two < 3", "Yes."), Choice("three", "No & never."))
    return Question(
        name, lesson.title(), "Chapter", f"What does `{name}` give?", choices, 1, f"lesson={lesson}&answered=1"
    )


BANK = {name: question(name) for name in NAMES}


def store_in(place: str, clock=None) -> Store:
    return Store(Database(place), BANK, **({"clock": clock} if clock else {}))


def walk(store: Store, code: str, secret: str, *steps: str, question: str = NAMES[0]) -> None:
    """Take these steps, each from where the room is."""
    for to in steps:
        room = store.read(code)
        store.move(code, secret, Seen(room.number, room.phase), to, question if to == "vote" else "")
