"""A room as it is at one moment, read from the database in one transaction."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from classroom.phases import ROUND
from classroom.schema import ASKED, BALLOTS, CHECKED, HANDS, LEARNERS

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


def tally_of(db: Connection, code: str, number: int | None = None) -> Tally:
    """Votes and hands of all questions, or of one."""
    found: Tally = {}
    for table, count in ((BALLOTS, func.count()), (HANDS, func.sum(HANDS.c.count))):
        keys = (table.c.number, table.c.round, table.c.choice)
        query = select(*keys, count).where(table.c.room == code).group_by(*keys)
        for asked, round_, choice, votes in db.execute(_only(query, table, number)):
            found.setdefault((asked, round_), Counter())[choice] += votes
    return found


def moves_of(db: Connection, code: str, number: int | None = None) -> Moves:
    """From which choice to which, for learners who voted in both rounds."""
    first, second = BALLOTS.alias(), BALLOTS.alias()
    same = and_(second.c.room == code, second.c.number == first.c.number, second.c.learner == first.c.learner)
    keys = (first.c.number, first.c.choice, second.c.choice)
    query = select(*keys, func.count()).join_from(first, second, and_(same, second.c.round == 2))
    query = query.where(first.c.room == code, first.c.round == 1).group_by(*keys)
    found: Moves = {}
    for asked, before, after, learners in db.execute(_only(query, first, number)):
        found.setdefault(asked, Counter())[before, after] = learners
    return found


def asked_of(db: Connection, code: str) -> tuple[str, ...]:
    return tuple(db.scalars(select(ASKED.c.question).where(ASKED.c.room == code).order_by(ASKED.c.number)))


def read(db: Connection, row: object) -> Room:
    """`row` is that of the table of rooms."""
    values = {name: getattr(row, name) for name in ("code", "ends", "path", "phase", "number", "bars", "answers")}
    code, number = values["code"], values["number"]
    joined = db.scalar(select(func.count()).where(LEARNERS.c.room == code)) or 0
    taken = select(CHECKED.c.phase, func.count(CHECKED.c.learner.distinct())).where(CHECKED.c.room == code)
    return Room(
        **values,
        joined=joined,
        asked=asked_of(db, code),
        tally=tally_of(db, code, number),
        moves=moves_of(db, code, number),
        checked={phase: learners for phase, learners in db.execute(taken.group_by(CHECKED.c.phase))},
    )


def _only(query, table, number):  # type: ignore[no-untyped-def]  # what SQLAlchemy calls a Select, of any columns
    return query if number is None else query.where(table.c.number == number)
