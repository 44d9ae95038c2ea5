"""Answers kept in memory: made once, bounded in bytes, and nothing left of what failed."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from components.kept import Kept


def test_an_answer_asked_for_by_many_at_once_is_made_once():
    kept, together, made = Kept(1000), Barrier(8), []

    def ask(_: int) -> bytes:
        together.wait()
        return kept.get("key", lambda: made.append(1) or b"answer")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {b"answer"}
    assert len(made) == 1


def test_answers_together_stay_below_the_limit_and_the_longest_unused_leaves():
    kept = Kept(100)
    for key in "abcd":
        kept.get(key, lambda: b"x" * 20)  # with its key 23 bytes
    kept.find("a")
    kept.get("e", lambda: b"x" * 20)
    assert [key for key in "abcde" if kept.find(key)] == ["a", "c", "d", "e"]


def test_a_pinned_answer_stays_whatever_else_is_asked_for():
    kept = Kept(100)
    kept.pin("a")
    for key in "abcdefgh":
        kept.get(key, lambda: b"x" * 20)
    assert kept.find("a") and kept.find("h") and not kept.find("b")


def test_an_answer_of_a_quarter_of_the_limit_is_not_kept():
    kept = Kept(100)
    assert kept.get("key", lambda: b"x" * 30) == b"x" * 30
    assert kept.find("key") is None


def test_a_failure_is_kept_for_nobody_and_leaves_nothing_behind():
    kept = Kept(100)
    with pytest.raises(ZeroDivisionError):
        kept.get("key", lambda: bytes(1 // 0))
    assert kept.get("key", lambda: b"answer") == b"answer"
    assert not kept._making and not kept._wanted


def test_two_keys_are_made_at_the_same_time():
    kept, begun = Kept(100), Event()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(kept.get, "slow", lambda: b"late" if begun.wait(5) else b"never")
        assert kept.get("quick", lambda: b"soon") == b"soon"
        begun.set()
        assert slow.result() == b"late"
