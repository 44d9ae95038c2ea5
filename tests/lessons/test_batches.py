"""Counting laws of samplers, batches and ranks."""

from math import ceil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset, WeightedRandomSampler

from lessons.batches import LESSON, Params, caption, details, reached, sizes

run = LESSON.run

SIZES = {
    "n": st.integers(1, 16),
    "batch_size": st.integers(1, 8),
    "drop_last": st.booleans(),
    "seed": st.integers(0, 99),
}
PERMUTING = st.sampled_from(["SequentialSampler", "RandomSampler"])


def delivered(result, epoch=0):
    return [i for batch in result.batches[epoch] for i in batch[0].tolist()]


@given(sampler=PERMUTING, **SIZES)
def test_the_length_is_rounded_up_or_with_drop_last_down(n, batch_size, drop_last, **rest):
    result = run(Params(n=n, batch_size=batch_size, drop_last=drop_last, **rest))
    assert result.length == (n // batch_size if drop_last else ceil(n / batch_size))
    assert result.length == len(result.batches[0])


@given(sampler=PERMUTING, **SIZES)
def test_every_batch_but_the_last_is_full(n, batch_size, drop_last, **rest):
    sizes = [len(batch[0]) for batch in run(Params(n=n, batch_size=batch_size, drop_last=drop_last, **rest)).batches[0]]
    assert all(size == batch_size for size in (sizes if drop_last else sizes[:-1]))
    assert sum(sizes) == (n - n % batch_size if drop_last else n)


@given(sampler=PERMUTING, **SIZES)
def test_each_epoch_of_the_order_is_a_permutation(n, **rest):
    assert all(sorted(order) == list(range(n)) for order in run(Params(n=n, **rest)).order.tolist())


@given(sampler=st.sampled_from(["RandomSampler(replacement=True)", "WeightedRandomSampler"]), **SIZES)
def test_drawing_with_replacement_keeps_the_length_and_stays_in_range(n, **rest):
    order = run(Params(n=n, **rest)).order
    assert order.shape == (4, n) and 0 <= order.min() and order.max() < n


@given(ranks=st.integers(2, 5), set_epoch=st.booleans(), **SIZES)
def test_ranks_share_a_multiple_of_their_number(n, ranks, drop_last, **rest):
    result = run(Params(sampler="DistributedSampler", n=n, ranks=ranks, drop_last=drop_last, **rest))
    share = n // ranks if drop_last else ceil(n / ranks)
    assert result.order.shape[1] == share * ranks
    assert set(result.order[0].tolist()) <= set(range(n)) and (
        drop_last or set(result.order[0].tolist()) == set(range(n))
    )
    assert len(result.batches[0]) == ranks * result.length


@given(ranks=st.integers(2, 5), **SIZES)
def test_without_set_epoch_the_ranks_repeat_their_order(ranks, **rest):
    order = run(Params(sampler="DistributedSampler", ranks=ranks, set_epoch=False, **rest)).order
    assert torch.equal(order, order[:1].expand_as(order))


@given(sampler=st.sampled_from(Params.__annotations__["sampler"].__args__), **SIZES)
def test_the_batches_are_the_order_cut_in_runs_and_collated(sampler, **rest):
    result = run(Params(sampler=sampler, ranks=2, **rest))
    for epoch, order in enumerate(result.order.tolist()):
        served = delivered(result, epoch)
        assert served == order or rest["drop_last"] and len(served) < len(order)
        assert all(torch.equal(x, result.x[index]) for index, x in result.batches[epoch])
    assert result.counts.sum() == sum(len(delivered(result, epoch)) for epoch in range(4))


def test_shuffle_true_is_a_random_sampler():
    loader = DataLoader(
        TensorDataset(torch.arange(10)), batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(0)
    )
    shuffled = [torch.cat([batch[0] for batch in loader]).tolist() for _ in range(4)]
    assert run(Params(generator="g")).order.tolist() == shuffled


def test_an_iterator_moves_the_global_generator_unless_the_loader_has_its_own():
    for sampler in Params.__annotations__["sampler"].__args__:
        for generator, moves in (("None", True), ("g", False)):
            result = run(Params(sampler=sampler, generator=generator))
            assert (result.rand_with != result.rand_without) == moves


def test_one_seed_gives_one_course_and_another_seed_another():
    assert torch.equal(run(Params()).order, run(Params()).order)
    assert not torch.equal(run(Params()).order, run(Params(seed=1)).order)


@given(sampler=st.sampled_from(Params.__annotations__["sampler"].__args__), ranks=st.integers(2, 5), **SIZES)
def test_the_words_count_what_one_loader_draws_and_what_it_delivers(sampler, ranks, n, batch_size, drop_last, seed):
    params = Params(n=n, batch_size=batch_size, sampler=sampler, drop_last=drop_last, seed=seed, ranks=ranks)
    result = run(params)
    loaders = ranks if sampler == "DistributedSampler" else 1
    share = result.order.shape[1] // loaders
    rounded = share // batch_size if drop_last else ceil(share / batch_size)
    assert result.length == rounded and sum(sizes(result)) * loaders == len(delivered(result))
    words = caption(params, result)
    assert words.startswith(("Each of", "An epoch")) == bool(rounded or not share)
    assert ("the loader is empty" in words) == (not rounded) and f" {share} ind" in f" {words}"
    assert f"{share} / {batch_size} rounded {'down' if drop_last else 'up'}" in details(params, result)


def test_each_rank_of_four_cuts_its_own_share_of_ten():
    params = Params(sampler="DistributedSampler")
    assert caption(params, run(params)) == "Each of 4 ranks draws 3 indices and gets 1 batch."
    assert "3 / 4 rounded up gives each rank's loader 1 batch of size 3." in details(params, run(params))


@given(n=st.integers(1, 30), ranks=st.integers(2, 5), epochs=st.integers(2, 4), shuffle=st.booleans())
def test_an_order_repeats_without_set_epoch_and_with_it_is_that_of_seed_plus_epoch(n, ranks, epochs, shuffle):
    def order(sampler):
        return [*sampler]

    kept = DistributedSampler(range(n), ranks, 0, shuffle=shuffle, seed=5)
    assert all(order(kept) == order(kept) for _ in range(epochs))
    for epoch in range(epochs):
        kept.set_epoch(epoch)
        fresh = DistributedSampler(range(n), ranks, 0, shuffle=shuffle, seed=5 + epoch)
        assert order(kept) == order(fresh)


@pytest.mark.parametrize("options", [{}, {"shuffle": True}, {"batch_size": None}, {"drop_last": True, "batch_size": 3}])
def test_an_iterator_draws_from_the_generator_of_its_loader_alone(options):
    for own in (None, torch.Generator()):
        before = torch.get_rng_state()
        loader = DataLoader(range(10), generator=own, **options)
        assert torch.equal(before, torch.get_rng_state()), "making a loader draws nothing"
        iter(loader)
        assert torch.equal(before, torch.get_rng_state()) == (own is not None)


@given(weight=st.sampled_from([0.5, 8.0, 20.0]), **SIZES)
def test_two_weights_draw_the_first_two_samples_alone(n, weight, **rest):
    result = run(Params(sampler="WeightedRandomSampler(2 classes)", n=n, weight=weight, **rest))
    assert result.order.shape == (4, n) and set(result.order.flatten().tolist()) <= {0, 1}
    assert set(reached(result)) <= {0, 1}


@pytest.mark.parametrize(
    "sampler", ["SequentialSampler", "RandomSampler", "WeightedRandomSampler", "DistributedSampler"]
)
def test_no_sampler_goes_with_shuffle(sampler):
    assert run(Params(sampler=sampler)).both == "ValueError: sampler option is mutually exclusive with shuffle"


def test_no_index_no_time_and_one_epoch_are_said_in_words():
    params = Params(sampler="DistributedSampler", n=3, drop_last=True)
    result = run(params)
    assert LESSON.caption(params, result).startswith("Each of 4 ranks draws 0 indices: the loader is empty")
    told = details(params, result)
    assert "4 epochs drew" in told and "No sample was ever delivered." in told
    assert "1 epoch drew" in details(Params(epochs=1), run(Params(epochs=1)))


def test_the_two_weights_may_deliver_one_sample_alone():
    """Of weights 1 and 8 ten draws leave sample 0 out in (8 / 9) ** 10 of all epochs: so both *can* come, and no other."""
    came = {tuple(sorted({*WeightedRandomSampler([1.0, 8.0], 10)})) for _ in range(60)}
    assert came <= {(0, 1), (1,), (0,)} and len(came) > 1


@pytest.mark.parametrize("weight, told", [(8.0, "1 and 8, stand"), (0.5, "1 and 0.5, stand")])
def test_both_weights_are_written_alike(weight, told):
    params = Params(sampler="WeightedRandomSampler(2 classes)", weight=weight)
    assert told in details(params, LESSON.run(params))
