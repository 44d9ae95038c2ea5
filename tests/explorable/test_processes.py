"""Runs with worker processes leave none behind, whatever ends them, and one is under way at a time."""

import multiprocessing
import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from explorable.processes import Unavailable, worker_processes
from explorable.progress import Cancelled, watched
from lessons import iterable, workers

RUNS = 60


@pytest.fixture(autouse=True)
def as_in_the_server():
    """No DataLoader was made in the main thread: torch puts a handler of ended workers there, which a test before may have left."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGCHLD, before)


class Slow(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        Event().wait(60)


class Broken(Slow):
    def __getitem__(self, index):
        raise OSError("no such file")


def complete():
    return iterable.LESSON.run(iterable.Params(processes=True))


def cancelled():
    """The reader leaves after the first batch, while the workers are still at work."""
    with worker_processes():
        next(iter(DataLoader(range(100), num_workers=2, multiprocessing_context="fork", timeout=20)))


def measured():
    return workers.LESSON.run(workers.Params(load=0, step=0, persistent_workers=True))


def no_longer_watched():
    """Another visitor's page is closed between the two epochs of a measurement."""

    def gone(*_):
        raise Cancelled

    with watched(gone), pytest.raises(Cancelled):
        measured()


def failing(dataset, timeout):
    with pytest.raises(Unavailable, match="This host did not complete the run with worker processes"):
        with worker_processes():
            list(DataLoader(dataset, num_workers=2, multiprocessing_context="fork", timeout=timeout))


def test_no_process_is_left_after_complete_cancelled_and_failing_runs():
    courses = (complete, cancelled, measured, no_longer_watched, lambda: failing(Broken(), 20))
    with ThreadPoolExecutor(1) as server:  # a server's handlers are not the main thread either
        for index in range(RUNS):
            server.submit(courses[index % len(courses)]).result()
            assert multiprocessing.active_children() == []


def test_workers_that_do_not_answer_are_ended_after_the_timeout():
    with ThreadPoolExecutor(1) as server:
        server.submit(failing, Slow(), 1).result()
    assert multiprocessing.active_children() == []


def test_a_second_run_is_told_to_try_again_and_then_succeeds():
    with worker_processes(), pytest.raises(Unavailable, match="under way; try again"):
        complete()
    assert complete().arrived


def test_a_measurement_waits_for_another_to_end():
    with ThreadPoolExecutor(3) as server:
        assert all(result.error is None for result in server.map(lambda _: measured(), range(3)))


def test_a_host_that_forbids_processes_says_so_in_one_sentence(monkeypatch):
    def forbidden(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.fork", forbidden)
    with pytest.raises(Unavailable, match=r"^This host .*PermissionError: \[Errno 1\] Operation not permitted\)\.$"):
        complete()


def test_a_run_with_processes_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    complete()
    assert torch.equal(torch.get_rng_state(), before)
