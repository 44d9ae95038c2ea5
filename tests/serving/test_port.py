"""A port that is asked for is that one or none."""

import socket

import pytest

from serving.port import VARIABLE, port_from_environment


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_free_is_taken_at_its_word(monkeypatch, taken):
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    monkeypatch.setenv(VARIABLE, str(free))
    assert port_from_environment() == free


@pytest.mark.parametrize("unset", ["", " "])
def test_without_one_gradio_looks_for_a_free_one(monkeypatch, unset):
    monkeypatch.setenv(VARIABLE, unset)
    assert port_from_environment() is None
    monkeypatch.delenv(VARIABLE)
    assert port_from_environment() is None


def test_a_port_in_use_ends_the_program_with_what_to_do(monkeypatch, taken):
    monkeypatch.setenv(VARIABLE, str(taken))
    with pytest.raises(SystemExit, match=rf"^Port {taken} is in use: .*`make run PORT=8000`\.$"):
        port_from_environment()


@pytest.mark.parametrize("wrong", ["0", "70000", "-1", "http", "78.6", "٣"])
def test_what_is_no_port_is_told_the_range(monkeypatch, wrong):
    monkeypatch.setenv(VARIABLE, wrong)
    with pytest.raises(SystemExit, match=f"{VARIABLE} must be a whole number from 1 to 65535"):
        port_from_environment()
