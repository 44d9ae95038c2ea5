"""Votes that come at once, in a few statements: a class votes within seconds, and each statement has its price."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select

from classroom.bank import Bank
from classroom.database import Database
from classroom.phases import VOTING
from classroom.refused import Refused, no_room, not_in_it
from classroom.schema import ASKED, BALLOTS, LEARNERS, ROOMS


class Vote(NamedTuple):
    code: str
    learner: str
    number: int  # of the question, as the learner's page knows it
    round: int
    choice: int


Key = tuple[str, int, int, str]  # room, number, round, learner


def cast(db: Connection, database: Database, bank: Bank, votes: Sequence[Vote], now: float) -> list[Refused | None]:
    """Write what counts; for each vote why it does not, or None. The rooms cannot move before the transaction ends."""
    rooms, learners = _rooms(db, database, votes, now), _learners(db, votes)
    late = {vote for vote in votes if vote.code in rooms and not _is_open(rooms[vote.code], vote)}
    counted = _counted(db, late) if late else {}
    answers = [_refusal(vote, rooms.get(vote.code), learners, counted, bank) for vote in votes]
    new = {_key(vote): vote.choice for vote, no in zip(votes, answers, strict=True) if no is None and vote not in late}
    if new:
        names = ("room", "number", "round", "learner")
        rows = [{**dict(zip(names, key, strict=True)), "choice": choice} for key, choice in new.items()]
        database.put_all(db, BALLOTS, rows, "choice")
    return answers


def wrong_choice(bank: Bank, question: str, choice: int) -> Refused | None:
    last = len(bank[question].choices) - 1
    return None if 0 <= choice <= last else Refused(400, f"choice must be a whole number from 0 to {last}.")


def _rooms(db: Connection, database: Database, votes: Sequence[Vote], now: float) -> dict[str, Any]:
    """The rooms that have not ended, held as they are, each with the name of its question."""
    on_screen = and_(ASKED.c.room == ROOMS.c.code, ASKED.c.number == ROOMS.c.number)
    query = select(ROOMS.c.code, ROOMS.c.phase, ROOMS.c.number).where(ROOMS.c.code.in_({vote.code for vote in votes}))
    held = db.execute(database.locked(query.where(ROOMS.c.ends > now).order_by(ROOMS.c.code), alone=False)).all()
    asked = select(ROOMS.c.code, ASKED.c.question).join_from(ROOMS, ASKED, on_screen)
    names = dict(db.execute(asked.where(ROOMS.c.code.in_([row.code for row in held]))).all())  # type: ignore[arg-type]
    return {row.code: (row.phase, row.number, names.get(row.code, "")) for row in held}


def _learners(db: Connection, votes: Sequence[Vote]) -> set[tuple[str, str]]:
    """(room, learner) of those who are in one of these rooms."""
    query = select(LEARNERS.c.room, LEARNERS.c.learner).where(LEARNERS.c.room.in_({vote.code for vote in votes}))
    return {(room, word) for room, word in db.execute(query.where(LEARNERS.c.learner.in_({v.learner for v in votes})))}


def _is_open(room: tuple[str, int, str], vote: Vote) -> bool:
    phase, number, _ = room
    return number == vote.number and VOTING.get(phase) == vote.round


def _counted(db: Connection, votes: Collection[Vote]) -> dict[Key, int]:
    """The choices that these learners' votes have in the database."""
    query = select(BALLOTS).where(BALLOTS.c.room.in_({vote.code for vote in votes}))
    rows = db.execute(query.where(BALLOTS.c.learner.in_({vote.learner for vote in votes})))
    return {(row.room, row.number, row.round, row.learner): row.choice for row in rows}


def _key(vote: Vote) -> Key:
    return vote.code, vote.number, vote.round, vote.learner


def _refusal(
    vote: Vote,
    room: tuple[str, int, str] | None,
    learners: set[tuple[str, str]],
    counted: dict[Key, int],
    bank: Bank,
) -> Refused | None:
    """A vote that was counted, and is sent again because its answer was lost, is not refused."""
    if room is None:
        return no_room()
    if (vote.code, vote.learner) not in learners:
        return not_in_it()
    if _is_open(room, vote):
        return wrong_choice(bank, room[2], vote.choice)
    if counted.get(_key(vote)) == vote.choice:
        return None
    moved = "The room has gone on to another question." if room[1] != vote.number else "This vote is closed."
    return Refused(409, moved)
