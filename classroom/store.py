"""What can be done in a room. Each is one transaction: it is over and kept, or it has not been."""

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from classroom import ballots
from classroom import room as rooms
from classroom.ballots import Vote
from classroom.bank import Bank
from classroom.check import form_of
from classroom.codes import fingerprint, is_secret, new_code, new_secret
from classroom.database import Database
from classroom.phases import AFTER, ANSWERS, BEFORE, CHECKS, FOLLOWS, LOBBY, ROUND, SAID, VOTE
from classroom.refused import Refused, no_room, not_in_it
from classroom.schema import ASKED, BALLOTS, CHECKED, HANDS, LEARNERS, PARTS, ROOMS

HOURS = 12
MOST_ROOMS, MOST_LEARNERS, MOST_ASKED, MOST_HANDS = 2000, 1000, 200, 1000


@dataclass(frozen=True)
class Seen:
    """Where a teacher's page or a learner's believes the room to be."""

    number: int
    phase: str


class Store:
    """The rooms in one database. Every method may raise Refused; `bank` holds the questions that can be asked."""

    def __init__(self, database: Database, bank: Bank, clock: Callable[[], float] = time.time) -> None:
        self.database, self.bank, self._clock = database, bank, clock

    # Opening and ending

    def open(self, path: str) -> tuple[str, str]:
        """A new room's code and its teacher's secret."""
        secret = new_secret()
        row = {
            "secret": fingerprint(secret),
            "ends": self._clock() + HOURS * 3600,
            "path": path,
            "phase": LOBBY,
            "number": 0,
        }
        with self.database.writing() as db:
            self._sweep(db)
            if (db.scalar(select(func.count()).select_from(ROOMS)) or 0) >= MOST_ROOMS:
                raise Refused(503, "Too many rooms are open; try again later.")
            code = self._unused(db)
            self.database.add(db, ROOMS, {**row, "code": code, "bars": False, "answers": False})
        return code, secret

    def _unused(self, db: Connection) -> str:
        while True:
            code = new_code()
            if db.scalar(select(func.count()).where(ROOMS.c.code == code)) == 0:
                return code

    def end(self, code: str, secret: str) -> None:
        """The room and everything in it is gone."""
        with self.database.writing() as db:
            self._teacher(db, code, secret)
            self._remove(db, [code])

    def sweep(self) -> None:
        """Remove the rooms whose time is over."""
        with self.database.writing() as db:
            self._sweep(db)

    def _sweep(self, db: Connection) -> None:
        over = list(db.scalars(select(ROOMS.c.code).where(ROOMS.c.ends <= self._clock())))
        if over:
            self._remove(db, over)

    def _remove(self, db: Connection, codes: list[str]) -> None:
        for table in PARTS:
            db.execute(delete(table).where(table.c.room.in_(codes)))
        db.execute(delete(ROOMS).where(ROOMS.c.code.in_(codes)))

    # Learners

    def join(self, code: str, learner: str = "") -> str:
        """The learner's word: a new one, or the one he has from before."""
        with self.database.writing() as db:
            self._room(db, code, hold=True)
            if learner and self._has(db, code, learner):
                return learner
            if (db.scalar(select(func.count()).where(LEARNERS.c.room == code)) or 0) >= MOST_LEARNERS:
                raise Refused(503, f"This room is full: it holds {MOST_LEARNERS} learners.")
            new = secrets.token_urlsafe(12)
            self.database.add(db, LEARNERS, {"room": code, "learner": new, "form": secrets.randbelow(2)})
        return new

    def own(self, code: str, learner: str) -> dict[str, Any]:
        """What a learner has said: {"votes": {round: choice}, "form": 0 or 1, "check": {phase: {question: choice}}}."""
        with self.database.reading() as db:
            room = self._room(db, code)
            form = self._form(db, code, learner)
            mine = (BALLOTS.c.room == code, BALLOTS.c.learner == learner, BALLOTS.c.number == room.number)
            votes = db.execute(select(BALLOTS.c.round, BALLOTS.c.choice).where(*mine))
            said = select(CHECKED.c.phase, CHECKED.c.question, CHECKED.c.choice)
            check: dict[str, dict[str, int]] = {BEFORE: {}, AFTER: {}}
            for phase, question, choice in db.execute(said.where(CHECKED.c.room == code, CHECKED.c.learner == learner)):
                check[phase][question] = choice
            return {"votes": {str(round_): choice for round_, choice in votes}, "form": form, "check": check}

    def vote(self, code: str, learner: str, number: int, round_: int, choice: int) -> None:
        """Counts once, however often it is sent; another choice takes its place until the vote closes."""
        [refused] = self.vote_all([Vote(code, learner, number, round_, choice)])
        if refused:
            raise refused

    def vote_all(self, votes: Sequence[Vote]) -> list[Refused | None]:
        """Votes that come at once, in one transaction; for each why it does not count, or None."""
        with self.database.writing() as db:
            return ballots.cast(db, self.database, self.bank, votes, self._clock())

    def answer(self, code: str, learner: str, phase: str, question: str, choice: int) -> None:
        """An answer of the check; it can be changed while the check is open."""
        with self.database.writing() as db:
            room = self._room(db, code, hold=True)
            form = self._form(db, code, learner)
            if room.phase != phase or phase not in CHECKS:
                raise Refused(409, "This check is closed.")
            if question not in form_of(form, phase):
                raise Refused(400, "question must be one of your form of the check.")
            if problem := ballots.wrong_choice(self.bank, question, choice):
                raise problem
            key = {"room": code, "phase": phase, "learner": learner, "question": question}
            self.database.put(db, CHECKED, {**key, "choice": choice})

    # The teacher

    def move(self, code: str, secret: str, seen: Seen, to: str, question: str = "") -> None:
        """The next step of a room; sent twice, it is taken once. `question` is asked where `to` is the vote."""
        with self.database.writing() as db:
            room = self._teacher(db, code, secret)
            now = Seen(room.number, room.phase)
            if now == Seen(seen.number + (to == VOTE), to) and (to != VOTE or self._question(db, room) == question):
                return
            if now != seen:
                raise Refused(409, f"The room has moved on: it {SAID[room.phase]}.")
            if to not in FOLLOWS[room.phase]:
                allowed = " or ".join(FOLLOWS[room.phase])
                raise Refused(409, f"to must be {allowed} now: the room {SAID[room.phase]}.")
            self._go(db, room, to, question)

    def _go(self, db: Connection, room: Any, to: str, question: str) -> None:
        changed: dict[str, Any] = {"phase": to}
        if to in CHECKS and room.answers:
            raise Refused(409, "The answers of the check were shown in this room, so it cannot be taken again.")
        if to == ANSWERS:
            changed["answers"] = True
        if to == VOTE:
            if question not in self.bank:
                raise Refused(400, "question must be the name of a question of the bank.")
            if room.number >= MOST_ASKED:
                raise Refused(409, f"A room asks at most {MOST_ASKED} questions; open another one.")
            changed["number"] = room.number + 1
            self.database.add(db, ASKED, {"room": room.code, "number": room.number + 1, "question": question})
        db.execute(update(ROOMS).where(ROOMS.c.code == room.code).values(changed))

    def show_bars(self, code: str, secret: str, bars: bool) -> None:
        """Whether everybody sees the votes before the reveal."""
        with self.database.writing() as db:
            self._teacher(db, code, secret)
            db.execute(update(ROOMS).where(ROOMS.c.code == code).values(bars=bars))

    def count_hands(self, code: str, secret: str, number: int, round_: int, counts: list[int]) -> None:
        """Hands for each choice of the question on screen, beside the votes; typed again, they take the place of the others."""
        with self.database.writing() as db:
            room = self._teacher(db, code, secret)
            if room.number != number or ROUND.get(room.phase) != round_:
                raise Refused(409, "Hands are counted from a vote until its answer is shown.")
            choices = len(self.bank[self._question(db, room)].choices)
            if len(counts) != choices or not all(0 <= count <= MOST_HANDS for count in counts):
                raise Refused(400, f"counts must be {choices} whole numbers from 0 to {MOST_HANDS}.")
            for choice, count in enumerate(counts):
                key = {"room": code, "number": number, "round": round_, "choice": choice}
                self.database.put(db, HANDS, {**key, "count": count})

    # Reading

    def read(self, code: str) -> rooms.Room:
        if (found := self.read_all([code]).get(code)) is None:
            raise no_room()
        return found

    def read_all(self, codes: Collection[str]) -> dict[str, rooms.Room]:
        """Those of the rooms that have not ended."""
        with self.database.reading() as db:
            return rooms.read(db, codes, self._clock())

    def lead(self, code: str, secret: str) -> None:
        """Raises Refused unless this is the teacher's secret."""
        with self.database.reading() as db:
            self._teacher(db, code, secret, hold=False)

    def results(self, code: str, secret: str) -> tuple[tuple[str, ...], rooms.Tally, rooms.Moves]:
        """The questions asked, and for all of them the votes and the moves from the first to the second."""
        with self.database.reading() as db:
            self._teacher(db, code, secret, hold=False)
            whole = (
                rooms.asked(db, [code]),
                rooms.tallies(db, [code], of_all=True),
                rooms.moves(db, [code], of_all=True),
            )
            return whole[0][code], whole[1][code], whole[2][code]

    def checked(self, code: str) -> list[tuple[str, str, str, int]]:
        """The check's answers: phase, learner, question, choice."""
        with self.database.reading() as db:
            query = select(CHECKED.c.phase, CHECKED.c.learner, CHECKED.c.question, CHECKED.c.choice)
            return [tuple(row) for row in db.execute(query.where(CHECKED.c.room == code))]  # type: ignore[misc]

    # What the others ask

    def _room(self, db: Connection, code: str, hold: bool = False, alone: bool = False) -> Any:
        """The row of a room that has not ended; held, it cannot move before the transaction ends."""
        query = select(ROOMS).where(ROOMS.c.code == code, ROOMS.c.ends > self._clock())
        row = db.execute(self.database.locked(query, alone) if hold else query).first()
        if row is None:
            raise no_room()
        return row

    def _teacher(self, db: Connection, code: str, secret: str, hold: bool = True) -> Any:
        row = self._room(db, code, hold=hold, alone=True)
        if not is_secret(secret, row.secret):
            raise Refused(403, "Only the teacher of this room can do that; the address of the remote holds the secret.")
        return row

    def _has(self, db: Connection, code: str, learner: str) -> bool:
        return bool(db.scalar(select(func.count()).where(LEARNERS.c.room == code, LEARNERS.c.learner == learner)))

    def _form(self, db: Connection, code: str, learner: str) -> int:
        form = db.scalar(select(LEARNERS.c.form).where(LEARNERS.c.room == code, LEARNERS.c.learner == learner))
        if form is None:
            raise not_in_it()
        return form

    def _question(self, db: Connection, room: Any) -> str:
        """The name of the question on screen."""
        found = db.scalar(select(ASKED.c.question).where(ASKED.c.room == room.code, ASKED.c.number == room.number))
        return found or ""
