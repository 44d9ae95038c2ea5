"""Who may do what in a room, what it tells whom, and how it ends."""

import sqlite3

import pytest

from classroom.codes import LETTERS, fingerprint, new_code, read_code
from classroom.phases import FOLLOWS, REVEAL
from classroom.place import MEMORY, VARIABLE, place, problems
from classroom.refused import Refused
from classroom.store import HOURS, Seen
from classroom.views import for_all, for_teacher
from tests.classroom.samples import BANK, NAMES, store_in, walk

ROUND = ("vote", "closed", "discuss", "vote_again", "closed_again", "reveal")


@pytest.fixture
def store():
    store = store_in("")
    yield store
    store.database.close()


def test_every_step_that_the_table_does_not_allow_is_refused(store):
    code, secret = store.open("")
    for before in ("lobby", *ROUND):
        if before != "lobby":
            walk(store, code, secret, before)
        room = store.read(code)
        for to in set(FOLLOWS) - set(FOLLOWS[before]) - {before}:
            with pytest.raises(Refused) as refused:
                store.move(code, secret, Seen(room.number, before), to, NAMES[0])
            assert refused.value.status == 409
        assert store.read(code) == room


def test_nobody_is_told_the_answer_or_the_votes_before_the_reveal(store):
    code, secret = store.open("")
    learner = store.join(code)
    for phase in ROUND:
        walk(store, code, secret, phase)
        if phase == "vote":
            store.vote(code, learner, 1, 1, 1)
        told = for_all(store.read(code), BANK, None)
        assert ("tallies" in told, "right" in told, "link" in told) == (phase == REVEAL,) * 3
        assert learner not in str(told) and "tallies" in for_teacher(store.read(code), BANK, None)
    walk(store, code, secret, "vote", question=NAMES[1])
    store.show_bars(code, secret, True)
    told = for_all(store.read(code), BANK, None)
    assert told["tallies"] == [[0, 0, 0], [0, 0, 0]] and "right" not in told


def test_a_room_ends_after_twelve_hours_and_its_rows_are_gone(tmp_path):
    now = [1000.0]
    store = store_in(str(tmp_path / "rooms"), lambda: now[0])
    code, secret = store.open("45")
    learner = store.join(code)
    walk(store, code, secret, "vote")
    store.vote(code, learner, 1, 1, 0)
    now[0] += HOURS * 3600 - 1
    store.sweep()
    assert store.read(code).joined == 1
    now[0] += 2
    for act in (lambda: store.read(code), lambda: store.join(code), lambda: store.vote(code, learner, 1, 1, 1)):
        with pytest.raises(Refused, match="no room"):
            act()
    store.sweep()
    store.database.close()
    assert rows(tmp_path / "rooms") == 0 and learner.encode() not in (tmp_path / "rooms").read_bytes()


def test_the_teacher_ends_a_room_and_nobody_else_does(tmp_path):
    store = store_in(str(tmp_path / "rooms"))
    code, secret = store.open("")
    other, _ = store.open("")
    learner = store.join(code)
    for wrong in ("", learner, fingerprint(secret)):
        with pytest.raises(Refused) as refused:
            store.end(code, wrong)
        assert refused.value.status == 403
    store.end(code, secret)
    assert store.read(other).joined == 0
    store.database.close()
    assert rows(tmp_path / "rooms") == 1


def rows(path) -> int:
    with sqlite3.connect(path) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return sum(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables)


@pytest.mark.parametrize("choice", [-1, 3, 2**31 - 1])
def test_a_choice_that_is_not_there_is_refused_by_name(store, choice):
    code, secret = store.open("")
    learner = store.join(code)
    walk(store, code, secret, "vote")
    with pytest.raises(Refused, match="choice must be a whole number from 0 to 2"):
        store.vote(code, learner, 1, 1, choice)
    with pytest.raises(Refused, match="not in this room"):
        store.vote(code, "somebody", 1, 1, 0)


def test_a_room_holds_so_many_learners_and_no_more(store, monkeypatch):
    monkeypatch.setattr("classroom.store.MOST_LEARNERS", 2)
    code, _ = store.open("")
    first = store.join(code)
    store.join(code)
    with pytest.raises(Refused, match="full"):
        store.join(code)
    assert store.join(code, first) == first


def test_codes_are_read_as_people_type_them():
    code = new_code()
    assert read_code(f" {code.lower()} ") == code and not set(LETTERS) & set("0O1IL8B5S2Z6GUV") - set("2568")
    for wrong in ("", "ABCDE", "2345", "234567", "2345é", "../.."):
        with pytest.raises(Refused, match="A code is"):
            read_code(wrong)


def test_a_place_that_cannot_be_written_is_memory_unless_the_operator_named_it(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "new" / "rooms"))
    assert place() == str(tmp_path / "new" / "rooms") and not problems()
    monkeypatch.setenv(VARIABLE, "/proc/rooms")
    [sentence] = problems()
    assert VARIABLE in sentence
    monkeypatch.delenv(VARIABLE)
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "/proc")
    assert place() == MEMORY
    monkeypatch.setenv(VARIABLE, "postgresql://u@h/d")
    assert place() == "postgresql://u@h/d"
