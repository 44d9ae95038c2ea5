"""Rooms as they are at one moment, read from the database in one transaction, many in as many statements as one."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, FromClause, Select, and_, func, select

from classroom.phases import ROUND
from classroom.schema import ASKED, BALLOTS, CHECKED, HANDS, LEARNERS, ROOMS

FIRST, SECOND = BALLOTS.alias("first"), BALLOTS.alias("second")  # the two votes of one learner

Tally = dict[tuple[int, int], Counter[int]]  # (number, round) -> choice -> votes and hands
Moves = dict[int, Counter[tuple[int, int]]]  # number -> (first choice, second choice) -> learners


@dataclass(frozen=True)
class Room:
    """`number` is that of the question on screen, from 1; 0 before the first."""

    code: str
    ends: float  # seconds since 1970
    path: str
    phase: str
    number: int
    bars: bool
    answers: bool  # whether those of the check were shown
    joined: int  # learners
    asked: tuple[str, ...]  # names of the questions so far, the first one first
    tally: Tally
    moves: Moves
    checked: dict[str, int]  # check_before, check_after -> learners who have answered something of it

    @property
    def round(self) -> int:
        """Whose votes are counted now: 1 or 2; 0 where nobody votes."""
        return ROUND.get(self.phase, 0)

    def counts(self, round_: int, choices: int) -> list[int]:
        """Votes and hands for each choice of the question on screen."""
        found = self.tally.get((self.number, round_), Counter())
        return [found[choice] for choice in range(choices)]


def tallies(db: Connection, codes: Collection[str], of_all: bool = False) -> dict[str, Tally]:
    """Votes and hands in these rooms, for the questions on screen or for all."""
    found: dict[str, Tally] = {code: {} for code in codes}
    for table, count in ((BALLOTS, func.count()), (HANDS, func.sum(HANDS.c.count))):
        keys = (table.c.room, table.c.number, table.c.round, table.c.choice)
        query = (
            select(*keys, count).join_from(table, ROOMS, ROOMS.c.code == table.c.room).where(ROOMS.c.code.in_(codes))
        )
        for code, number, round_, choice, votes in db.execute(_shown(query, table, of_all).group_by(*keys)):
            found[code].setdefault((number, round_), Counter())[choice] += votes
    return found


def moves(db: Connection, codes: Collection[str], of_all: bool = False) -> dict[str, Moves]:
    """From which choice to which, for learners who voted in both rounds."""
    first, second = FIRST, SECOND
    pairs = (first.c.room == second.c.room, first.c.number == second.c.number, first.c.learner == second.c.learner)
    keys = (first.c.room, first.c.number, first.c.choice, second.c.choice)
    query = select(*keys, func.count()).join_from(first, second, and_(*pairs, second.c.round == 2))
    query = query.join(ROOMS, ROOMS.c.code == first.c.room).where(ROOMS.c.code.in_(codes), first.c.round == 1)
    found: dict[str, Moves] = {code: {} for code in codes}
    for code, number, before, after, learners in db.execute(_shown(query, first, of_all).group_by(*keys)):
        found[code].setdefault(number, Counter())[before, after] = learners
    return found


def asked(db: Connection, codes: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The names of the questions of each room, in order."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(codes, ())
    query = select(ASKED.c.room, ASKED.c.question).where(ASKED.c.room.in_(codes)).order_by(ASKED.c.room, ASKED.c.number)
    for code, question in db.execute(query):
        found[code] += (question,)
    return found


def read(db: Connection, codes: Collection[str], now: float) -> dict[str, Room]:
    """Those of these rooms that have not ended, in as many statements as for one."""
    names = ("code", "ends", "path", "phase", "number", "bars", "answers")
    rows = db.execute(
        select(*(ROOMS.c[name] for name in names)).where(ROOMS.c.code.in_(codes), ROOMS.c.ends > now)
    ).all()
    there = [row.code for row in rows]
    if not there:
        return {}
    count = select(LEARNERS.c.room, func.count()).where(LEARNERS.c.room.in_(there)).group_by(LEARNERS.c.room)
    joined = {code: learners for code, learners in db.execute(count)}
    questions, votes, moved, checked = asked(db, there), tallies(db, there), moves(db, there), _checked(db, there)
    return {
        row.code: Room(
            **row._mapping,
            joined=joined.get(row.code, 0),
            asked=questions[row.code],
            tally=votes[row.code],
            moves=moved[row.code],
            checked=checked[row.code],
        )
        for row in rows
    }


def _checked(db: Connection, codes: Collection[str]) -> dict[str, dict[str, int]]:
    keys = (CHECKED.c.room, CHECKED.c.phase)
    query = select(*keys, func.count(CHECKED.c.learner.distinct())).where(CHECKED.c.room.in_(codes)).group_by(*keys)
    found: dict[str, dict[str, int]] = {code: {} for code in codes}
    for code, phase, learners in db.execute(query):
        found[code][phase] = learners
    return found


def _shown(query: Select, table: FromClause, of_all: bool) -> Select:
    """Of the question on screen, unless of all of them."""
    return query if of_all else query.where(table.c.number == ROOMS.c.number)
