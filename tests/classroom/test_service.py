"""What a server does with many requests at once: votes go together, each with an answer of its own; a database that fails is said so."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from classroom.ballots import Vote
from classroom.refused import Refused
from classroom.service import Service
from classroom.store import Store
from tests.awaited import awaited
from tests.classroom.samples import store_in, walk


@pytest.fixture
def store():
    store = store_in("")
    yield store
    store.database.close()


async def told(service, votes):
    answers = await asyncio.gather(*(service.vote(vote) for vote in votes), return_exceptions=True)
    return [str(answer) if isinstance(answer, Refused) else answer for answer in answers]


def test_votes_that_come_together_are_answered_each_by_itself(store):
    code, secret = store.open("")
    other, _ = store.open("")
    learners = [store.join(code) for _ in range(3)]
    walk(store, code, secret, "vote")
    votes = [
        *(Vote(code, learner, 1, 1, 0) for learner in learners),
        Vote(code, learners[0], 1, 1, 2),
        Vote(code, learners[1], 1, 1, 3),
        Vote(code, "nobody", 1, 1, 0),
        Vote(other, learners[0], 0, 1, 0),
        Vote("22222", learners[0], 1, 1, 0),
        Vote(code, learners[2], 2, 1, 1),
    ]
    answers = awaited(told(Service(lambda: store), votes))
    assert answers[:4] == [None] * 4
    starts = ("choice must be", "You are not in", "You are not in", "There is no room", "The room has gone on")
    assert all(answer.startswith(start) for answer, start in zip(answers[4:], starts, strict=True))
    assert store.read(code).counts(1, 3) == [2, 0, 1]


def test_a_database_that_fails_is_one_sentence_and_the_next_vote_is_taken(store, monkeypatch):
    code, secret = store.open("")
    learner = store.join(code)
    walk(store, code, secret, "vote")
    vote = Vote(code, learner, 1, 1, 1)

    async def twice():
        service = Service(lambda: store)
        with monkeypatch.context() as broken:
            broken.setattr(Store, "vote_all", fails)
            first = await told(service, [vote])
        return first + await told(service, [vote])

    def fails(*_, **__):
        raise OperationalError("", {}, Exception())

    assert awaited(twice()) == ["The rooms cannot be reached now; try again in a moment.", None]
    assert store.read(code).counts(1, 3) == [0, 1, 0]


def test_what_was_read_is_told_again_until_the_room_is_led_on(store):
    code, secret = store.open("")

    async def states():
        service = Service(lambda: store)
        first = await asyncio.gather(*(service.views(code) for _ in range(20)))
        walk(store, code, secret, "vote")
        service.changed(code)
        return {view.for_all.tag for view in first}, (await service.views(code)).for_all.tag

    first, then = awaited(states())
    assert len(first) == 1 and then not in first


def test_who_asks_while_a_room_changes_is_answered_too(store):
    code, _ = store.open("")

    async def states():
        service = Service(lambda: store)
        first = asyncio.ensure_future(service.views(code))
        await asyncio.sleep(0)
        service.changed(code)
        both = await asyncio.wait_for(asyncio.gather(first, service.views(code)), 60)
        with pytest.raises(Refused, match="no room"):
            await service.views("22222")
        return both

    assert [view.for_all.tag for view in awaited(states())].count(None) == 0
