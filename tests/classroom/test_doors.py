"""Who tries codes is held, and nobody with them who knows a room."""

from types import SimpleNamespace

import pytest

from classroom.doors import Doors, Rates
from classroom.refused import Refused
from classroom.routes import Rooms
from classroom.store import HOURS, MOST_ROOMS
from components.teach import _doors as doors_of_the_app
from serving.rate import Buckets
from tests.awaited import awaited

HERE, THERE = SimpleNamespace(address="here"), SimpleNamespace(address="there")


@pytest.fixture
def doors():
    rates = Rates(opens=Buckets(1), joins=Buckets(1), guesses=Buckets(1))
    held = Doors(lambda request: vars(request)["address"], rates)
    for _ in range(100):
        held.misses(HERE)
    return held


def test_an_address_that_tried_codes_tries_no_more(doors):
    with pytest.raises(Refused, match="Too many codes were tried"):
        doors.knocks(HERE, "22222", "")
    doors.knocks(THERE, "22222", "")


def test_no_address_opens_a_quarter_of_all_rooms_while_they_live():
    opens, opened = doors_of_the_app()._rates.opens, 0
    while not opens.wait("here"):
        opens.take("here")
        opened += 1
    assert 30 <= opened and opened + HOURS * 3600 / opens.wait("here") < MOST_ROOMS / 4


def test_a_room_that_was_found_from_an_address_stays_open_to_all_who_share_it(doors):
    """The projector and who comes late have no word that is known yet."""
    doors.found(HERE, "22222")
    doors.knocks(HERE, "22222", "")
    doors.knocks(HERE, "22222", "a word of somebody new")
    with pytest.raises(Refused):
        doors.knocks(HERE, "33333", "")


def test_a_learner_who_asks_for_what_is_the_teachers_holds_nobody_up():
    """A refusal of 403 names a room that is there: no code was guessed."""
    missed = []
    doors = SimpleNamespace(misses=missed.append)
    rooms = Rooms(service=None, doors=doors)

    async def refused(status):
        raise Refused(status, "No.")

    for status, counted in ((403, 0), (409, 0), (404, 1)):
        missed.clear()
        with pytest.raises(Refused):
            awaited(rooms._counting_misses(HERE, refused(status)))
        assert len(missed) == counted
