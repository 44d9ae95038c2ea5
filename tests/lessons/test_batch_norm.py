"""Laws of BatchNorm that the lesson has to show."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from lessons.batch_norm import LESSON, Params, details, moves

run = LESSON.run

shapes = st.builds(Params, N=st.integers(1, 6), L=st.integers(1, 6)).filter(lambda p: p.N * p.L > 1)
momenta = st.floats(0, 1)
few = settings(max_examples=30, deadline=None)


@few
@given(shapes, momenta)
def test_momentum_is_the_weight_of_the_new_batch_and_the_buffer_takes_the_unbiased_variance(params, m):
    result = run(replace(params, momentum=m))
    for running, batch in ((result.running_mean, result.batch_mean), (result.running_var, result.batch_var)):
        assert_close(running[1:], (1 - m) * running[:-1] + m * batch)


@few
@given(shapes)
def test_momentum_none_is_the_plain_mean_over_all_batches(params):
    result = run(replace(params, momentum=None))
    assert_close(result.running_mean[-1], result.batch_mean.mean(dim=0), atol=1e-4, rtol=1e-4)
    assert_close(result.running_var[-1], result.batch_var.mean(dim=0), atol=1e-4, rtol=1e-4)


@few
@given(shapes, momenta, st.integers(0, 60))
def test_what_is_left_of_the_first_variance_1_is_the_share_that_remains(params, m, steps):
    result = run(replace(params, momentum=m, steps=steps))
    weights = m * (1 - m) ** torch.arange(steps - 1, -1, -1)
    seen = (weights[:, None] * result.batch_var).sum(dim=0)
    assert_close(result.running_var[-1] - seen, torch.full((3,), float(result.remains)), atol=1e-4, rtol=1e-4)


@few
@given(shapes)
def test_train_mode_leaves_mean_0_and_variance_v_over_v_plus_eps(params):
    result = run(params)
    assert_close(result.y_train.mean(dim=(0, 2)), torch.zeros(3), atol=1e-4, rtol=0)
    assert_close(result.y_train.var(dim=(0, 2), unbiased=False), result.var / (result.var + result.eps))


def test_eval_mode_uses_the_buffers():
    result = run(Params())
    mean, var = result.running_mean[-1][:, None], result.running_var[-1][:, None]
    assert_close(result.y_eval, (result.x - mean) / torch.sqrt(var + result.eps))


def test_a_fresh_layer_in_eval_mode_is_almost_the_identity():
    result = run(Params(steps=0))
    assert_close(result.y_eval, result.x / (1 + result.eps) ** 0.5)


def test_a_batch_of_two_values_gives_minus_1_and_1():
    result = run(Params(N=2, L=1))
    assert_close(result.y_train.abs(), torch.ones(2, 3, 1), atol=1e-3, rtol=0)


@few
@given(shapes, st.floats(0, 20))
def test_in_eval_mode_a_sample_never_sees_its_neighbours(params, shift):
    assert torch.equal(run(replace(params, shift=shift)).change_eval, torch.zeros(3, params.L))


@few
@given(shapes.filter(lambda p: p.N * p.L > 2), st.floats(1, 20))  # two values give -1 and 1 whatever they are
def test_in_train_mode_a_sample_sees_its_neighbours_if_it_has_any(params, shift):
    moved = run(replace(params, shift=shift)).change_train.abs().max()
    assert (moved > 0.01) == (params.N > 1)


@pytest.mark.parametrize("frozen", [True, False])
def test_forward_passes_move_the_buffers_and_nothing_else_even_if_all_is_frozen(frozen):
    drift = run(Params(frozen=frozen)).drift
    assert {name for name, moved in drift.items() if moved} == {"running_mean", "running_var", "num_batches_tracked"}
    assert drift["num_batches_tracked"] == Params().steps


@pytest.mark.parametrize("steps", [0, 30])
def test_train_mode_refuses_one_value_and_eval_mode_answers(steps):
    result = run(Params(N=1, L=1, steps=steps))
    assert result.error.startswith("ValueError: Expected more than 1 value per channel when training")
    assert_close(result.y_eval, result.x / (1 + result.eps) ** 0.5)


def test_a_batch_of_one_is_fine_while_a_channel_has_more_values():
    assert run(Params(N=1, L=2)).error is None


def test_the_batch_on_screen_does_not_depend_on_what_came_before():
    assert torch.equal(run(Params(steps=0)).x, run(Params(steps=60, momentum=None, frozen=True)).x)


@few
@given(st.integers(2, 6), st.integers(1, 6), st.integers(1, 3), st.booleans(), st.floats(0, 1))
def test_eval_mode_reads_the_buffers_exactly_where_the_layer_tracks_them(N, C, dims, tracks, m):
    """What `truth` says of the three classes; without buffers eval mode takes the batch, as train mode does."""
    layer = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dims - 1](C, momentum=m, track_running_stats=tracks)
    x = torch.randn(N, C, *[3] * dims) + 3
    y_train = layer.train()(x)
    y_eval = layer.eval()(x)
    over = [axis for axis in range(x.dim()) if axis != 1]
    shape = [1, C] + [1] * dims
    mean, var = x.mean(dim=over), x.var(dim=over, unbiased=False)
    assert_close(y_train, (x - mean.view(shape)) / (var.view(shape) + layer.eps).sqrt(), atol=1e-4, rtol=1e-4)
    if tracks:
        mean, var = layer.running_mean, layer.running_var
    assert_close(y_eval, (x - mean.view(shape)) / (var.view(shape) + layer.eps).sqrt(), atol=1e-4, rtol=1e-4)


@few
@given(shapes, st.just(0.0) | st.floats(0.01, 1), st.booleans(), st.integers(0, 60))
def test_in_train_mode_each_forward_pass_moves_the_buffers_unless_momentum_is_0(params, m, frozen, steps):
    drift = run(replace(params, momentum=m, frozen=frozen, steps=steps)).drift
    assert (drift["running_mean"] > 0) == (m > 0 and steps > 0)


@few
@given(shapes)
def test_running_var_divides_by_one_less_than_the_number_of_values(params):
    assert run(params).divisor == pytest.approx(params.N * params.L - 1, rel=1e-3)


def test_at_momentum_0_9_the_last_two_batches_make_up_99_percent():
    batches = run(Params(momentum=0.9)).batch_mean
    last_two = 0.9 * batches[-1] + 0.09 * batches[-2]
    assert_close(run(Params(momentum=0.9)).running_mean[-1], last_two, atol=0.01 * 7, rtol=0)
    assert 1 - (1 - 0.9) ** 2 == pytest.approx(0.99)


@few
@given(shapes, st.none() | momenta, st.integers(0, 60), st.floats(0, 20), st.booleans())
def test_each_clause_of_the_words_is_said_exactly_where_it_holds(params, m, steps, shift, frozen):
    params = replace(params, momentum=m, steps=steps, shift=shift, frozen=frozen)
    result = run(params)
    told, more = LESSON.caption(params, result), LESSON.details(params, result)
    still = not result.drift["running_mean"]
    assert ("No batch has come yet" in told) == (steps == 0)
    assert ("A new batch has no weight" in told) == (still and steps > 0)
    if "other samples moves" in told:
        moved = "in neither mode"
        if result.change_train[0].any():
            moved = f"not at all in eval mode and {moves(result.change_train[0])} in train mode"
        assert told == f"Adding {shift:g} to the other samples moves the first channel of sample 0 {moved}."
    assert ("although every parameter is frozen" in told) == (frozen and not still)
    assert ("have not moved from 0 and 1" in more) == still
    assert ("no other sample" in more) == (params.N == 1)
    if params.N > 1:
        assert more.count("not at all in eval mode") == int(bool(result.change_train.any()))
        assert more.count("moves in neither mode") == int(not result.change_train.any())
        assert not result.change_eval.any()


def test_two_values_give_minus_1_and_1_only_where_they_are_far_apart():
    layer = nn.BatchNorm1d(1)
    assert_close(layer(torch.tensor([[0.3], [7.0]])), torch.tensor([[-1.0], [1.0]]), atol=1e-3, rtol=0)
    assert layer(torch.tensor([[5.0], [5.0]])).abs().max() < 1e-3
    assert layer(torch.tensor([[5.0], [5.001]])).abs().max() < 0.2


@few
@given(shapes.filter(lambda p: p.N > 1), st.floats(0, 20))
def test_a_move_that_rounds_to_nothing_is_still_told(params, shift):
    change = run(replace(params, shift=shift)).change_train
    told = moves(change)
    assert (told == "not at all") == (not change.any())
    assert "up to less" not in told and told != "by up to 0.0"


def test_at_momentum_0_the_count_of_batches_goes_on():
    drift = run(Params(momentum=0.0)).drift
    assert drift["running_mean"] == drift["running_var"] == 0 and drift["num_batches_tracked"] == Params().steps


def test_without_a_momentum_the_stored_mean_is_told_to_be_that_of_all_batches():
    params = Params(momentum=None, steps=7)
    result = run(params)
    torch.testing.assert_close(result.running_mean[-1], result.batch_mean.mean(0))
    assert "momentum None makes it the plain mean over the batches so far" in details(params, result)
