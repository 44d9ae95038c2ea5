"""The tables. A learner is a random word; nothing in them says who that is. All rows of a room go when it ends."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, MetaData, SmallInteger, String, Table

METADATA = MetaData()


def _of_a_room() -> Column:
    return Column("room", String(5), ForeignKey("rooms.code", ondelete="CASCADE"), primary_key=True)


ROOMS = Table(
    "rooms",
    METADATA,
    Column("code", String(5), primary_key=True),
    Column("secret", String(64), nullable=False),  # of the teacher, as a fingerprint
    Column("ends", Float, nullable=False, index=True),  # seconds since 1970
    Column("path", String(16), nullable=False),  # the workshop whose questions come in order; "" for none
    Column("phase", String(16), nullable=False),
    Column("number", Integer, nullable=False),  # how many questions were asked; that of the one on screen
    Column("bars", Boolean, nullable=False),  # whether votes are shown before the reveal
    Column("answers", Boolean, nullable=False),  # whether the answers of the check were shown
)
ASKED = Table(
    "asked",
    METADATA,
    _of_a_room(),
    Column("number", Integer, primary_key=True),
    Column("question", String(64), nullable=False),
)
LEARNERS = Table(
    "learners",
    METADATA,
    _of_a_room(),
    Column("learner", String(32), primary_key=True),
    Column("form", SmallInteger, nullable=False),  # the form of the check that comes first: 0 or 1
)
BALLOTS = Table(
    "ballots",
    METADATA,
    _of_a_room(),
    Column("number", Integer, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("learner", String(32), primary_key=True),
    Column("choice", SmallInteger, nullable=False),
)
HANDS = Table(
    "hands",
    METADATA,
    _of_a_room(),
    Column("number", Integer, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("choice", SmallInteger, primary_key=True),
    Column("count", Integer, nullable=False),
)
CHECKED = Table(
    "checked",
    METADATA,
    _of_a_room(),
    Column("phase", String(16), primary_key=True),  # check_before or check_after
    Column("learner", String(32), primary_key=True),
    Column("question", String(64), primary_key=True),
    Column("choice", SmallInteger, nullable=False),
)
PARTS = (ASKED, LEARNERS, BALLOTS, HANDS, CHECKED)  # of a room
