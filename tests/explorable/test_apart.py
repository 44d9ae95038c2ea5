"""A program in a process of its own: its answers, and what becomes of one that is stopped, fails or is cancelled."""

from dataclasses import replace

import pytest

from explorable import apart
from explorable.apart import Apart
from explorable.params import BadParam
from explorable.processes import Unavailable
from explorable.progress import Cancelled, watched
from lessons.will_it_fit import LESSON, Params
from tests.corners import TINY

assert isinstance(LESSON.program, Apart)
PROGRAM: Apart = LESSON.program
SMALL = Params(config=TINY, length=16)


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """No process of another test, and none is left."""
    monkeypatch.setattr(apart, "_idle", {})
    yield
    apart.end_all()


def idle():
    return [process for processes in apart._idle.values() for process in processes]


def test_one_process_serves_run_after_run_and_a_failure_does_not_end_it():
    first = PROGRAM.run(SMALL)
    [process] = idle()
    with pytest.raises(BadParam, match="hidden size"):
        PROGRAM.run(replace(SMALL, config='{"model_type": "bert", "hidden_size": 65}'))
    assert PROGRAM.run(SMALL) == first
    assert idle() == [process] and process.is_alive()


def test_a_run_that_takes_too_long_is_killed_and_the_next_one_has_a_new_process():
    hurried = replace(PROGRAM, seconds=0.2)
    with pytest.raises(Unavailable, match="took more than 0.2 seconds and was stopped"):
        hurried.run(Params())
    assert idle() == []
    assert PROGRAM.run(SMALL).total > 0


def test_a_process_that_says_it_has_grown_too_large_serves_no_other_run(monkeypatch):
    ask = apart.Process._ask

    def grown(process, what):
        answer = ask(process, what)
        process._last = True
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(apart.Process, "_ask", grown)
        first = PROGRAM.run(SMALL)
        assert idle() == []
    assert PROGRAM.run(SMALL) == first


def test_a_run_that_takes_too_much_memory_is_stopped():
    poor = replace(PROGRAM, memory=1_000_000)
    with pytest.raises((Unavailable, BadParam)) as refused:
        poor.run(Params())
    assert "memory" in str(refused.value)


def test_who_stops_watching_ends_the_run_and_not_the_process():
    seen = []

    def gone(done, total, so_far):
        seen.append((done, so_far()))
        raise Cancelled

    with watched(gone), pytest.raises(Cancelled):
        PROGRAM.run(replace(SMALL, search=True))
    [(done, result)] = seen
    assert done == 1 and result.total > 0 and result.most_batch is None
    [process] = idle()
    assert process.is_alive() and PROGRAM.run(SMALL).total == result.total


def test_it_passes_no_secret_on(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_not_for_a_visitor")
    assert "HF_TOKEN" not in apart.PASSED_ON
