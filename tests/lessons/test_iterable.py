"""Counting laws of workers, shards and shuffle buffers; the computed picture is what worker processes deliver."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lessons.iterable import LESSON, Params, details

run = LESSON.run

SHARDING = ["none", "stride", "block"]
SIZES = {
    "n": st.integers(1, 16),
    "num_workers": st.integers(0, 4),
    "batch_size": st.integers(1, 8),
    "buffer": st.integers(1, 16),
    "seed": st.integers(0, 99),
}


@given(drop_last=st.booleans(), sharding=st.sampled_from(SHARDING), **SIZES)
def test_an_item_is_delivered_duplicated_or_lost_and_nothing_else(n, **rest):
    result = run(Params(n=n, **rest))
    assert len(result.received) == n - result.lost + result.duplicated == sum(map(len, result.batches))
    assert result.counts.tolist() == [result.received.tolist().count(i) for i in range(n)]


@given(**SIZES)
def test_without_sharding_every_worker_delivers_every_item(n, num_workers, **rest):
    result = run(Params(n=n, num_workers=num_workers, sharding="none", **rest))
    assert Counter(result.received.tolist()) == {i: max(num_workers, 1) for i in range(n)}


@given(sharding=st.sampled_from(["stride", "block"]), **SIZES)
def test_with_sharding_every_item_is_delivered_once(n, **rest):
    result = run(Params(n=n, **rest))
    assert sorted(result.received.tolist()) == list(range(n))


@given(sharding=st.sampled_from(SHARDING), **SIZES)
def test_drop_last_drops_the_incomplete_batch_of_each_worker(batch_size, **rest):
    result = run(Params(drop_last=True, batch_size=batch_size, **rest))
    assert {len(batch) for batch in result.batches} <= {batch_size}
    assert len(result.received) == sum(len(read) - len(read) % batch_size for read in result.read)


@given(n=st.integers(1, 16), num_workers=st.integers(0, 1), batch_size=st.integers(1, 8))
def test_a_buffer_of_one_keeps_the_true_order(**sizes):
    assert not run(Params(buffer=1, **sizes)).displacement.any()


@given(n=st.integers(1, 16), buffer=st.integers(1, 16), seed=st.integers(0, 99))
def test_a_buffer_lets_no_item_come_earlier_than_it_is_long(n, buffer, seed):
    assert run(Params(n=n, num_workers=0, buffer=buffer, seed=seed)).displacement.max() < buffer


def test_a_buffer_as_long_as_the_stream_gives_every_order_about_equally_often():
    orders = Counter(
        tuple(run(Params(n=3, num_workers=0, buffer=3, seed=seed)).received.tolist()) for seed in range(600)
    )
    assert len(orders) == 6 and all(abs(times - 100) < 46 for times in orders.values())  # 5 standard deviations


@given(drop_last=st.booleans(), sharding=st.sampled_from(SHARDING), **SIZES)
def test_lateness_is_told_only_where_each_item_came_once(**values):
    params = Params(**values)
    result = run(params)
    once = sorted(result.received.tolist()) == list(range(params.n))
    assert ("early" in details(params, result)) == once


@pytest.mark.parametrize("sharding", SHARDING)
@pytest.mark.parametrize("num_workers, drop_last", [(1, False), (2, True), (3, False), (4, True)])
def test_real_worker_processes_deliver_the_computed_batches(sharding, num_workers, drop_last):
    for n, batch_size, buffer in ((5, 1, 1), (11, 2, 4), (16, 3, 16)):
        asked = Params(n, num_workers, sharding, batch_size, drop_last, buffer, processes=True)
        result = run(asked)
        assert [batch.tolist() for batch in result.arrived] == [batch.tolist() for batch in result.batches], asked


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"n": 1, "num_workers": 0}, "the only batch has 1 item; len(loader) says 1. Nothing comes early or late."),
        ({"n": 2, "sharding": "stride", "drop_last": True}, "there is no batch;"),
        (
            {},
            "2 workers read the stream of 12 items with sharding none: 24 items arrive, 12 of them for a second time or more.",
        ),
        ({}, "each of the 6 batches has 4 items; len(loader) says 3."),
        ({"n": 11, "num_workers": 1}, "the 3 batches have 3 to 4 items;"),
        ({"n": 11, "num_workers": 1}, "1 worker reads the stream of 11 items with sharding none: 11 items arrive."),
        ({"num_workers": 0, "sharding": "stride"}, "The main process reads the stream of 12 items: 12 items arrive."),
        ({"n": 1, "drop_last": True}, "no item arrives, 1 never arrives."),
    ],
)
def test_one_batch_none_and_a_stream_in_order_are_said_in_words(values, said):
    told = details(Params(**values), run(Params(**values)))
    assert said in told and "[]" not in told and "no place" not in told


def test_len_of_the_loader_asks_the_dataset_and_raises_where_it_has_no_len():
    class Endless(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(12))

    with pytest.raises(TypeError, match="has no len"):
        len(torch.utils.data.DataLoader(Endless(), batch_size=2))


class Whole(torch.utils.data.IterableDataset):
    """12 items; `step` and `start` are what a worker_init_fn may change in its copy."""

    start, step = 0, 1

    def __iter__(self):
        return iter(range(self.start, 12, self.step))


def stride(worker):
    info = torch.utils.data.get_worker_info()
    info.dataset.start, info.dataset.step = worker, info.num_workers


def test_a_stream_is_sharded_by_its_own_iter_or_by_a_worker_init_fn_and_by_nothing_else():
    def arrive(**given):
        given = {"batch_size": None, "num_workers": 2, "multiprocessing_context": "fork", **given}
        return sorted(torch.utils.data.DataLoader(Whole(), **given))

    assert arrive() == sorted([*range(12)] * 2)
    assert arrive(worker_init_fn=stride) == [*range(12)]
    sharded = run(Params(sharding="stride"))
    assert [len(read) for read in sharded.read] == [6, 6] and len(sharded.received) == 12


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"n": 1, "num_workers": 1}, "delivered 1 batch, equal to the one computed."),
        ({"num_workers": 2}, "delivered 6 batches, all equal to those computed."),
        ({"n": 1, "num_workers": 1, "batch_size": 2, "drop_last": True}, "delivered no batch: none was computed."),
    ],
)
def test_what_real_processes_delivered_is_told_in_the_right_number(values, said):
    params = Params(processes=True, **values)
    assert details(params, run(params)).endswith(said)


def test_a_batch_that_differs_from_the_computed_one_is_counted_as_such():
    params = Params(num_workers=2, processes=True)
    result = run(params)
    result.arrived[0] += 1
    assert details(params, result).endswith("delivered 6 batches, 5 of them equal to those computed.")


@pytest.mark.parametrize(("num_workers", "batches"), [(0, [[0, 1, 2, 3]]), (2, [[0, 1], [2, 3]])])
def test_4_items_fill_one_batch_of_4_unless_2_workers_share_them(num_workers, batches):
    result = run(Params(n=4, sharding="block", num_workers=num_workers))
    assert [batch.tolist() for batch in result.batches] == batches


def test_a_batch_comes_of_one_worker_and_the_workers_take_turns():
    result = run(Params(sharding="stride"))
    assert result.batches[0].tolist() == [0, 2, 4, 6] and result.source == [0, 1, 0, 1]
    for worker, batch in zip(result.source, result.batches, strict=True):
        assert set(batch.tolist()) <= set(result.read[worker])


@pytest.mark.parametrize("num_workers", [0, 1, 2, 4])
def test_len_of_the_loader_knows_nothing_of_copies(num_workers):
    result = run(Params(n=10, batch_size=2, num_workers=num_workers))
    assert (len(result.batches), result.length) == (5 * max(num_workers, 1), 5)


@given(drop_last=st.booleans(), sharding=st.sampled_from(SHARDING), **SIZES)
def test_each_clause_of_the_caption_is_said_where_it_holds(**values):
    params = Params(**values)
    result = run(params)
    told = LESSON.caption(params, result)
    assert ("runs all of __iter__" in told) == bool(result.duplicated)
    losing = "never arrive" in told or told.startswith("None of the ")
    assert losing == bool(result.lost and not result.duplicated)
    assert ("out of order" in told) == (not result.duplicated and not result.lost and bool(result.displacement.any()))
    assert ("each worker drops its own" in told) == (losing and params.num_workers > 1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"n": 1, "num_workers": 0},
            "The only item never arrives: drop_last=True drops the last batch if it is not full.",
        ),
        ({"n": 2}, "None of the 2 items arrives: each worker drops its own last batch if it is not full."),
        (
            {"n": 9, "num_workers": 1},
            "1 of 9 items never arrives: drop_last=True drops the last batch if it is not full.",
        ),
    ],
)
def test_a_stream_that_loses_all_says_so(values, said):
    params = Params(sharding="stride", drop_last=True, **values)
    assert LESSON.caption(params, run(params)) == said
