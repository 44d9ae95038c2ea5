"""What is made ahead of time gives way to visitors, and not for ever."""

from types import SimpleNamespace

import pytest

from components import warm
from components.answer import forget, kept_shown_json, lesson_of
from components.warm import PATIENCE, QUIET, Visits
from tests.components.served import at_the_door


class Clock:
    """Time passes only while somebody sleeps; `while_asleep` is what happens then."""

    def __init__(self) -> None:
        self.now, self.while_asleep = 100.0, lambda: None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.while_asleep()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(warm, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=clock.sleep))
    return clock


def test_without_visitors_it_waits_for_nobody(clock):
    Visits().wait_for_quiet()
    assert clock.now == 100.0


def test_it_goes_on_when_nobody_has_asked_for_a_second(clock):
    visits = Visits()
    visits.happen()
    visits.wait_for_quiet()
    assert clock.now == pytest.approx(100 + QUIET)


def test_visitors_who_never_stop_hold_it_up_for_so_long_and_no_longer(clock):
    visits = Visits()
    visits.happen()
    clock.while_asleep = visits.happen
    visits.wait_for_quiet()
    assert 100 + PATIENCE - QUIET <= clock.now <= 100 + PATIENCE + 0.01


def test_who_asks_at_the_door_is_a_visitor(clock):
    clock.now = 5000.0
    at_the_door().get("dropout?p=0.4")
    warm.VISITS.wait_for_quiet()
    assert clock.now == 5000.0 + QUIET


def test_what_a_tab_opens_with_is_made_whole_operators_included():
    default = lesson_of("collate").Params()
    forget("collate", default)
    warm._open("collate", {})
    assert kept_shown_json("collate", default) is not None
