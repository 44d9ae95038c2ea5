"""Whatever happens in whatever order: every acknowledged vote counts once, as it was last said, and only while a vote is open."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from classroom.phases import FOLLOWS, LOBBY, REVEAL, VOTE, VOTING
from classroom.refused import Refused
from classroom.schema import BALLOTS
from classroom.store import Seen
from tests.classroom.samples import NAMES, store_in

PLACE: list[str] = []  # of the rooms of the test that runs


class Lost(Exception):
    """The process is killed in the middle of a transaction."""


class AClass(RuleBasedStateMachine):
    """A room and a model of it: `votes` maps (number, round, learner) to the choice that was acknowledged last."""

    learners = Bundle("learners")

    @initialize()
    def open(self):
        self.store = store_in(PLACE[-1])
        self.code, self.secret = self.store.open("")
        self.phase, self.number, self.votes, self.joined = LOBBY, 0, {}, set()

    @rule(target=learners)
    def join(self):
        learner = self.store.join(self.code)
        self.joined.add(learner)
        return learner

    @rule(learner=learners)
    def reload(self, learner):
        """The same tab asks again: it is the same learner, and is told what it voted."""
        assert self.store.join(self.code, learner) == learner
        own = self.store.own(self.code, learner)["votes"]
        mine = {str(r): c for (n, r, who), c in self.votes.items() if who == learner and n == self.number}
        assert own == mine

    @rule(learner=learners, choice=st.integers(0, 2), again=st.booleans())
    def vote(self, learner, choice, again):
        round_ = VOTING.get(self.phase)
        if round_ is None:
            with pytest.raises(Refused):
                self.store.vote(self.code, learner, self.number, 3, choice)
            return
        for _ in range(1 + again):  # the answer to the first was lost
            self.store.vote(self.code, learner, self.number, round_, choice)
        self.votes[self.number, round_, learner] = choice

    @rule(learner=learners, choice=st.integers(0, 2), number=st.integers(0, 3), round_=st.integers(1, 2))
    def vote_for_what_is_over(self, learner, choice, number, round_):
        """A page that was asleep votes for what it last saw."""
        if (number, round_) == (self.number, VOTING.get(self.phase)):
            return
        if self.votes.get((number, round_, learner)) == choice:
            self.store.vote(self.code, learner, number, round_, choice)  # it was counted, and is still
        else:
            with pytest.raises(Refused) as refused:
                self.store.vote(self.code, learner, number, round_, choice)
            assert refused.value.status == 409

    @rule(to=st.sampled_from(sorted(FOLLOWS)), question=st.sampled_from(NAMES[:2]))
    def move(self, to, question):
        seen = Seen(self.number, self.phase)
        if to not in FOLLOWS[self.phase] or to.startswith("check"):
            return
        for _ in range(2):  # pressed twice
            self.store.move(self.code, self.secret, seen, to, question)
        self.phase, self.number = to, self.number + (to == VOTE)

    @rule(to=st.sampled_from(sorted(FOLLOWS)), secret=st.sampled_from(["", "x" * 24]))
    def somebody_else_moves(self, to, secret):
        with pytest.raises(Refused) as refused:
            self.store.move(self.code, secret, Seen(self.number, self.phase), to, NAMES[0])
        assert refused.value.status == 403

    @precondition(lambda self: VOTING.get(self.phase))
    @rule(learner=consumes(learners), choice=st.integers(0, 2))
    def killed_in_the_middle_of_a_vote(self, learner, choice):
        """Nothing was acknowledged, so nothing is counted. The learner does not come back."""
        with pytest.raises(Lost), self.store.database.writing() as db:
            key = {"room": self.code, "number": self.number, "round": VOTING[self.phase], "learner": learner}
            self.store.database.put(db, BALLOTS, {**key, "choice": choice})
            raise Lost
        self.kill()

    @rule()
    def kill(self):
        self.store.database.close()
        self.store = store_in(PLACE[-1])

    @invariant()
    def every_acknowledged_vote_counts_once(self):
        if not hasattr(self, "store"):
            return
        room = self.store.read(self.code)
        assert (room.phase, room.number, room.joined) == (self.phase, self.number, len(self.joined))
        counted = Counter((n, r, c) for (n, r, _), c in self.votes.items() if n == self.number)
        found = {(n, r, c): v for (n, r), choices in room.tally.items() for c, v in choices.items()}
        assert found == counted
        both = Counter(
            (choice, self.votes[n, 2, who])
            for (n, r, who), choice in self.votes.items()
            if (n, r) == (self.number, 1) and (n, 2, who) in self.votes
        )
        assert room.moves.get(self.number, Counter()) == both
        if self.phase == REVEAL:
            assert room.round == 0

    def teardown(self):
        if hasattr(self, "store"):
            self.store.end(self.code, self.secret)
            self.store.database.close()


@pytest.fixture(autouse=True)
def place(tmp_path):
    PLACE.append(str(tmp_path / "rooms.sqlite3"))
    yield
    PLACE.pop()


def test_every_acknowledged_vote_counts_once():
    run_state_machine_as_test(AClass, settings=settings(max_examples=12, stateful_step_count=30, deadline=None))
