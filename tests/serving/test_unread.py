"""Answers that nobody fetches are bounded, and who lets them pile up loses them first."""

from asyncio import Queue

from serving.unread import bound, forget


def pending(**unread: int) -> dict[str, Queue]:
    queues = {session: Queue() for session in unread}
    for session, count in unread.items():
        for _ in range(count):
            queues[session].put_nowait("answer")
    return queues


def test_the_session_with_the_most_unread_answers_goes_first():
    sessions = pending(reader=2, hoarder=50, other=30)
    bound(sessions, most=40)
    assert list(sessions) == ["reader", "other"]


def test_nothing_goes_while_there_is_room():
    sessions = pending(reader=2, hoarder=38)
    bound(sessions, most=40)
    assert list(sessions) == ["reader", "hoarder"]


def test_what_is_held_of_sessions_that_are_gone_goes_once_there_is_much_of_it():
    events = {f"gone{number}": set() for number in range(10)} | {"here": {"event"}}
    forget(events, {"here": Queue()}, most=11)
    assert len(events) == 11
    forget(events, {"here": Queue()}, most=10)
    assert events == {"here": {"event"}}
