"""What BatchNorm gives, without an error, where its statistics or its axes are not those that were meant."""

import pytest
import torch
import torch.distributed as dist
from torch import nn

from lessons.batch_norm_traps import (
    LESSON,
    MICRO,
    POISONED,
    RANKS,
    SWAPPED,
    SYNC,
    UNTRACKED,
    Params,
    caption,
    details,
    moves,
    same,
    shares,
)

run = LESSON.run


def test_without_stored_statistics_both_modes_take_the_batch():
    train, still = (run(Params(case=UNTRACKED, mode=mode)) for mode in ("train", "eval"))
    assert torch.equal(train.y, still.y) and moves(train) and moves(still) and still.stored is None
    assert same(train) and not same(still)
    with pytest.raises(ValueError, match="more than 1 value"):
        nn.BatchNorm1d(3, track_running_stats=False).eval()(torch.zeros(1, 3))


def test_a_usual_layer_in_eval_mode_hears_of_no_neighbour():
    usual = run(Params(case="as usual", mode="eval"))
    assert same(usual) and moves(usual) is False and moves(run(Params(case="as usual", mode="train")))


def test_one_nan_stays_in_the_buffer_of_its_channel_and_train_mode_hides_it():
    poisoned, train = (run(Params(case=POISONED, mode=mode)) for mode in ("eval", "train"))
    assert poisoned.y[:, 0].isnan().all() and poisoned.y[:, 1:].isfinite().all()
    assert poisoned.stored.isnan().tolist() == [True, False, False]
    assert train.y.isfinite().all() and same(train)


def test_the_caption_says_why_train_mode_hides_what_eval_mode_shows():
    for case, why in (
        (POISONED, "does not read running_mean, which holds a NaN"),
        (UNTRACKED, "eval mode would as well"),
    ):
        assert why in caption(Params(case), run(Params(case)))
    assert "running_mean holds NaN, " in details(Params(POISONED), run(Params(POISONED)))
    assert "; the layer has no running_mean after 30 batches." in details(Params(UNTRACKED), run(Params(UNTRACKED)))
    x = torch.randn(6, 3)
    layer = nn.BatchNorm1d(3, track_running_stats=False)
    assert torch.equal(layer.train()(x), layer.eval()(x))


def test_swapped_axes_store_a_mean_of_each_position():
    swapped, own = run(Params()), nn.BatchNorm1d(3)
    for batch in swapped.batches:
        own(batch.reshape(2, 3, 3))
    assert torch.equal(swapped.stored, own.running_mean) and "running_mean of each position" in details(
        Params(), swapped
    )


def test_swapped_axes_raise_unless_the_sizes_agree_by_chance():
    assert "running_mean should contain 4 elements not 3" in run(Params(case=SWAPPED[1])).error
    silent = run(Params(case=SWAPPED[0], mode="train"))
    assert silent.error is None and shares(silent) == "those of one position" and not same(silent)
    assert shares(run(Params(case="as usual", mode="train"))) == "those of one channel"


def test_micro_batches_are_no_larger_batch():
    micro = run(Params(case=MICRO, mode="train"))
    assert not same(micro) and moves(micro) is False
    torch.testing.assert_close(micro.y[:3], nn.BatchNorm1d(3)(micro.x[:3]).detach())


def test_ranks_share_no_statistics_and_rank_0_stores_those_of_its_own_rows():
    train, still = (run(Params(case=RANKS, mode=mode)) for mode in ("train", "eval"))
    assert moves(train) is False and not same(train) and not same(still)
    own = nn.BatchNorm1d(3)
    for batch in train.batches:
        own(batch[:3])
    assert torch.equal(train.stored, own.running_mean) and torch.equal(still.y[:3], own.eval()(still.x[:3]))


def test_statistics_gathered_from_ranks_are_those_of_one_batch_of_all_rows():
    """What the page says SyncBatchNorm computes on GPUs: counts, means and variances of shares give those of the whole."""
    rows = torch.randn(7, 3)
    shares_of_ranks = rows[:2], rows[2:]
    counts = torch.tensor([[2.0], [5.0]])
    means = torch.stack([share.mean(0) for share in shares_of_ranks])
    squares = torch.stack([share.var(0, correction=0) for share in shares_of_ranks]) + means**2
    mean = (counts * means).sum(0) / 7
    var = (counts * squares).sum(0) / 7 - mean**2
    whole = nn.BatchNorm1d(3)(rows).detach()
    torch.testing.assert_close((rows - mean) / (var + 1e-5).sqrt(), whole, rtol=1e-4, atol=1e-4)


def test_synchronised_batch_norm_raises_on_a_cpu_only_in_a_process_group_and_in_train_mode():
    refused = run(Params(case=SYNC))
    assert refused.error.startswith("ValueError: SyncBatchNorm expected input tensor to be on")
    assert not dist.is_initialized() and "it is BatchNorm" in details(Params(case=SYNC), refused)
    rows = torch.randn(6, 3)
    torch.testing.assert_close(nn.SyncBatchNorm(3)(rows), nn.BatchNorm1d(3)(rows))
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        assert torch.equal(nn.SyncBatchNorm(3).eval()(rows), nn.BatchNorm1d(3).eval()(rows))
    finally:
        dist.destroy_process_group()
