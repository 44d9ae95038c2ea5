"""A thousand hostile requests over every door: none fails the server, none changes what anybody else is sent."""

import socket

import pytest

from benchmarks.hostile_payloads import siege
from benchmarks.hostile_requests import DOORS, Endpoint, attacks
from benchmarks.server import OURS, serving

REQUESTS = 1000


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    log = tmp_path_factory.mktemp("hostile") / "log"
    with serving(*OURS, log=log) as app:
        yield app.url, log


@pytest.fixture(scope="module")
def toll(app):
    url, log = app
    return siege(url, log, REQUESTS)


def first_line(url: str, request: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


def test_every_answer_is_whole_below_500_and_each_refusal_one_sentence_that_names_the_field(toll):
    assert toll.requests == REQUESTS
    assert not toll.faults, f"{len(toll.faults)} of {REQUESTS} are answered wrongly:\n{toll.by_door()}"


def test_no_door_changes_a_byte_of_what_all_visitors_are_sent(toll):
    assert not toll.changed_pages, "changed through this door: this address"


def test_the_log_holds_no_traceback(toll):
    assert toll.tracebacks == 0


def test_afterwards_every_lesson_and_endpoint_answers_as_before(toll):
    assert not toll.changed_answers


def test_a_request_that_names_an_origin_and_no_host_is_no_error(app):
    answer = first_line(app[0], b"GET / HTTP/1.0\r\nOrigin: http://x\r\n\r\n")
    assert answer.split()[1] < b"500"


@pytest.mark.parametrize("door", DOORS)
def test_the_same_seed_gives_the_same_requests(door):
    endpoints = [Endpoint(slug, 1, slug == "edit", {"p": "0.5", "x": '"a"'}, ("x",)) for slug in ("edit", "modes")]
    assert list(attacks(door, endpoints, 3, 20)) == list(attacks(door, endpoints, 3, 20))
    assert list(attacks(door, endpoints, 3, 20)) != list(attacks(door, endpoints, 4, 20))
