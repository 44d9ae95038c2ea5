"""Laws of what workers read ahead and deliver; times are never compared with a clock."""

import multiprocessing
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset

from explorable.progress import Cancelled, watched
from lessons.workers import LESSON, OWN, SHARED, SPAWNED, Params, caption, details, shares_position, strangers

run = LESSON.run
QUICK = {"load": 0, "step": 0}


@settings(max_examples=12)
@given(
    num_workers=st.integers(1, 3),
    prefetch_factor=st.integers(1, 3),
    batch_size=st.integers(1, 4),
    in_order=st.booleans(),
    persistent_workers=st.booleans(),
)
def test_the_samples_handed_out_ahead_are_workers_times_prefetch_times_batch_size(**drawn):
    result = run(Params(**drawn, **QUICK))
    size = drawn["batch_size"]
    ahead = drawn["num_workers"] * drawn["prefetch_factor"] * size
    assert result.fetched == [min(ahead + at * size, 6 * size) for at in range(7)]
    assert sorted(sum(result.indices, [])) == list(range(6 * size))
    assert result.values.tolist() == [[1] * 6, [1 if drawn["persistent_workers"] else 9] * 6]
    assert multiprocessing.active_children() == []


def test_without_workers_nothing_is_read_ahead():
    assert run(Params(num_workers=0, batch_size=3, **QUICK)).fetched == list(range(0, 19, 3))


@pytest.mark.parametrize("num_workers", [0, 1, 2, 3])
def test_the_order_is_the_samplers_and_the_workers_take_turns(num_workers):
    result = run(Params(num_workers=num_workers, **QUICK))
    assert sum(result.indices, []) == list(range(18))
    assert result.worker == [batch % num_workers if num_workers else -1 for batch in range(6)]


@pytest.mark.parametrize("num_workers, persistent, seen", [(0, False, 9), (2, False, 9), (2, True, 1)])
def test_only_persistent_workers_miss_a_change_of_the_dataset(num_workers, persistent, seen):
    result = run(Params(num_workers=num_workers, persistent_workers=persistent, **QUICK))
    assert result.values.tolist() == [[1] * 6, [seen] * 6]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("num_workers", [0, 2])
def test_no_batch_is_trained_on_before_it_is_loaded_and_no_process_does_two_at_once(num_workers):
    result = run(Params(num_workers=num_workers, load=3, step=3))
    assert all(load[0] <= load[1] <= step[0] <= step[1] for load, step in zip(result.loads, result.steps, strict=True))
    assert all(one[1] <= other[0] for one, other in pairwise(result.steps))
    for who in set(result.worker):
        own = [span for span, worker in zip(result.loads, result.worker, strict=True) if worker == who]
        assert all(one[1] <= other[0] for one, other in pairwise(own))
    assert result.epochs[0] >= result.steps[-1][1]


def test_the_workers_are_given_their_first_batches_in_turn():
    """Question 3: batch 2 waits behind batch 0 in the same worker, and is not the next one of the worker of batch 1."""
    result = run(Params(first=6, load=1, step=0))
    assert result.worker[0] == result.worker[2] != result.worker[1]


def test_no_caption_calls_a_sample_slow_that_takes_no_time():
    params = Params(first=6, load=0, step=0)
    assert "slow" not in LESSON.caption(params, run(params))


@pytest.mark.parametrize("shared, seen", [(False, 1), (True, 9)])
def test_only_shared_memory_that_is_written_in_place_reaches_a_worker_that_runs(shared, seen):
    """Question 4 and trap 1 speak of a plain attribute."""

    class Held(Dataset):
        def __init__(self):
            self.value = torch.ones(())
            if shared:
                self.value.share_memory_()

        def __len__(self):
            return 1

        def __getitem__(self, index):
            return self.value.clone()

    data = Held()
    lasting = DataLoader(
        data, batch_size=None, num_workers=1, persistent_workers=True, multiprocessing_context="fork", timeout=20
    )
    assert [item.item() for item in lasting] == [1]
    data.value.fill_(9)
    assert [item.item() for item in lasting] == [seen]


def test_a_slow_sample_holds_up_the_others_only_in_order():
    """A busy machine may start the other worker 75 ms later, but not every time."""
    slow = {"load": 15, "step": 0, "first": 6}  # 120 ms against 45
    assert run(Params(**slow)).indices[0] == [0, 1, 2]
    assert any(run(Params(in_order=False, **slow)).indices[0] != [0, 1, 2] for _ in range(5))


def test_the_batch_of_the_slow_sample_takes_as_long_as_the_page_derives():
    """A sleep is never shorter than asked for: (3 - 1 + 6) * 10 ms."""
    params = Params(first=6)
    result = run(params)
    [(start, end)] = [span for span, batch in zip(result.loads, result.indices, strict=True) if 0 in batch]
    assert end - start >= 80 and "(80 ms for that of sample 0)" in details(params, result)


def test_where_loading_takes_no_time_there_is_none_to_save():
    """Trap 3: whatever the workers cost, each sample of its dataset and each step of its loop sleep for 0 ms."""
    [trap] = [trap for trap in LESSON.traps if "cost more" in trap.name]
    params = Params(**trap.params)
    result = run(params)
    assert "sleeps for 0 ms a batch, and a training step for 0 ms" in details(params, result)
    assert result.epochs[0] > sum(end - start for start, end in result.steps)


def test_a_run_that_nobody_watches_any_more_leaves_no_process():
    def gone(done, total, so_far):
        assert len(multiprocessing.active_children()) == 2
        raise Cancelled

    with watched(gone), pytest.raises(Cancelled):
        run(Params(persistent_workers=True, **QUICK))
    assert multiprocessing.active_children() == []


def test_a_host_that_forbids_processes_is_quoted_and_told_what_to_do(monkeypatch):
    def forbidden(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.fork", forbidden)
    result = run(Params())
    assert result.error == "PermissionError: [Errno 1] Operation not permitted"
    assert "set num_workers to 0" in LESSON.caption(Params(), result)
    assert run(Params(num_workers=0, **QUICK)).error is None


def test_workers_move_a_handle_that_was_opened_in_front_of_the_fork_and_none_that_they_open():
    shared, own = (run(Params(reads=reads, **QUICK)) for reads in (SHARED, OWN))
    assert shares_position(Params(reads=SHARED), shared) and not shares_position(Params(reads=OWN), own)
    assert strangers(own) == 0 and own.lines == own.indices and own.position == 0
    one = run(Params(reads=SHARED, num_workers=1, **QUICK))
    assert strangers(one) == 0 and one.position > 0


def test_who_seeks_while_another_is_about_to_read_gives_it_another_line():
    """Both workers sleep between seek() and read(); on a machine so busy that they never meet, no line is wrong."""
    results = (run(Params(reads=SHARED, load=15, step=0)) for _ in range(4))
    assert any(strangers(result) for result in results)


@pytest.mark.parametrize("num_workers, refused", [(0, False), (2, True)])
def test_an_open_file_is_refused_where_spawn_pickles_the_dataset(num_workers, refused):
    params = Params(reads=SPAWNED, num_workers=num_workers, **QUICK)
    result = run(params)
    assert bool(result.error) == refused
    if refused:
        assert result.error == "TypeError: cannot pickle '_io.FileIO' object"
        assert "Open the file in the worker" in details(params, result)
        assert "num_workers to 0" not in LESSON.caption(params, result)


def test_a_position_that_is_shared_is_told_as_the_cause_only_where_a_line_went_to_another():
    params = Params(reads=SHARED, first=2, **QUICK)
    result = run(params)
    sound = replace(result, lines=result.indices)
    mixed = replace(result, lines=[result.indices[0][::-1], *result.indices[1:]])
    assert "0 of 18 samples got the line of another this time, though the position" in caption(params, sound)
    assert "2 of 18 samples got the line of another: the position" in caption(params, mixed)
    assert "one worker reads, though the position" in caption(replace(params, num_workers=1), sound)


def test_between_seek_and_read_sample_0_sleeps_as_long_as_its_factor_says():
    params = Params(reads=OWN, load=2, step=0, first=3)
    assert "each sample sleeps for 2 ms, sample 0 for 6 ms." in details(params, run(params))


def test_without_a_sleep_no_time_is_told_of_sample_0_and_a_single_worker_is_one():
    params = Params(num_workers=1, load=0, first=2, step=0, reads=SHARED)
    result = run(params)
    said = LESSON.details(params, result)
    assert "sample 0 for" not in said and "that of sample 0" not in said
    assert "the worker moved its handle" in said and "2 batches of 3 samples" in said
