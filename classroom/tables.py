"""What a teacher takes home: one table in CSV. No learner is in it, only counts."""

import csv
from collections import Counter
from collections.abc import Iterator
from io import StringIO

from classroom.bank import Bank
from classroom.check import Summary
from classroom.room import Moves, Tally

HEAD = ("table", "number", "question", "round", "choice", "moved_to", "is_right", "count", "of")


def as_csv(asked: tuple[str, ...], tally: Tally, moves: Moves, check: Summary, bank: Bank) -> str:
    """Three kinds of rows, told apart by the first column: votes, moves and check. Questions the bank has no more are left out."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEAD)
    writer.writerows(_votes(asked, tally, bank))
    writer.writerows(_moves(asked, moves, bank))
    writer.writerows(_check(check))
    return out.getvalue()


def _votes(asked: tuple[str, ...], tally: Tally, bank: Bank) -> Iterator[tuple[object, ...]]:
    for number, name in _known(asked, bank):
        question = bank[name]
        for round_ in (1, 2):
            counts = tally.get((number, round_), Counter())
            for index, choice in enumerate(question.choices):
                hit = int(index == question.right)
                yield "votes", number, name, round_, choice.text, "", hit, counts[index], sum(counts.values())


def _moves(asked: tuple[str, ...], moves: Moves, bank: Bank) -> Iterator[tuple[object, ...]]:
    """From each choice of the first vote to each of the second; the last column is who voted in both."""
    for number, name in _known(asked, bank):
        question, found = bank[name], moves.get(number, Counter())
        for before, first in enumerate(question.choices):
            for after, second in enumerate(question.choices):
                hit, count = int(after == question.right), found[before, after]
                yield "moves", number, name, "", first.text, second.text, hit, count, sum(found.values())


def _known(asked: tuple[str, ...], bank: Bank) -> list[tuple[int, str]]:
    return [(number, name) for number, name in enumerate(asked, 1) if name in bank]


def _check(check: Summary) -> Iterator[tuple[object, ...]]:
    """Right answers of all answers to a question, and the class as a whole in shares."""
    for number, item in enumerate(check.items, 1):
        yield "check", number, item.question, "before", "", "", 1, *item.before
        yield "check", number, item.question, "after", "", "", 1, *item.after
    for name in ("before", "after", "gain"):
        value = getattr(check, name)
        yield "check", "", f"class: {name}", "", "", "", "", "" if value is None else f"{value:.3f}", check.learners[2]
