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
        ({"n": 1, "num_workers": 0}, "the only batch has size 1; len(loader) says 1. Nothing comes early or late."),
        ({"n": 2, "sharding": "stride", "drop_last": True}, "there is no batch;"),
        ({}, "12 of them repeated, none lost"),
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
