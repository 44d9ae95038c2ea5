"""What BatchNorm gives, without an error, where its statistics or its axes are not those that were meant."""

import pytest
import torch
from torch import nn

from lessons.batch_norm_traps import LESSON, MICRO, POISONED, SWAPPED, UNTRACKED, Params, moves, same, shares

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


def test_swapped_axes_raise_unless_the_sizes_agree_by_chance():
    assert "running_mean should contain 4 elements not 3" in run(Params(case=SWAPPED[1])).error
    silent = run(Params(case=SWAPPED[0], mode="train"))
    assert silent.error is None and shares(silent) == "each position" and not same(silent)
    assert shares(run(Params(case="as usual", mode="train"))) == "each channel"


def test_micro_batches_are_no_larger_batch():
    micro = run(Params(case=MICRO, mode="train"))
    assert not same(micro) and moves(micro) is False
    torch.testing.assert_close(micro.y[:3], nn.BatchNorm1d(3)(micro.x[:3]).detach())
