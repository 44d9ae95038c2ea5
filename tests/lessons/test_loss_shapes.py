"""Which shapes meet in a loss, which are refused, and what descent makes of those that broadcast."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from lessons.loss_shapes import LESSON, OTHER, SAME, Params, caption, crossed, kept, why
from tests.corners import corners

run = LESSON.run
VALUES = st.lists(st.floats(-5, 5), min_size=1, max_size=6)
REFUSED = {"int32 indices", "float32 indices", "(N, 1) indices", "indices from 1", "one-hot int64"}


def refused(params):
    if params.kind == "cross-entropy":
        return params.target_is in REFUSED or params.layout == "(N, L, C)"
    equal = params.pred_shape == params.target_shape
    return (
        not equal
        if params.kind == "binary cross-entropy"
        else params.pred_shape == "(4,)" and params.target_shape == "(3,)"
    )


def test_at_every_setting_torch_refuses_where_the_lesson_says_so_and_the_caption_says_why():
    for params in corners(Params):
        result = run(params)
        assert (result.error is not None) == refused(params), params
        if result.error:
            assert why(params) in caption(params, result)


def test_at_every_setting_the_loss_is_the_one_meant_where_the_lesson_says_so():
    for params in corners(Params):
        result = run(params)
        if result.error or result.meant is None:
            continue
        if params.kind == "cross-entropy":
            probabilities = params.fed != "logits" and not (kept(result) == 0)
            wrong_dim = params.layout == "(N, L, C), L = C" and kept(result)
            assert result.same == (not (probabilities or wrong_dim)), params
        else:
            assert crossed(result) == (params.pred_shape != params.target_shape), params
            assert result.same == (not crossed(result) and params.fed == "logits"), params


def test_each_clause_of_the_caption_is_said_where_it_holds():
    for params in corners(Params):
        result = run(params)
        told = caption(params, result)
        if result.error:
            continue
        assert ("all four" in told or "all three" in told) == crossed(result)
        assert ("its own target:" in told) == (params.kind != "cross-entropy" and not crossed(result))
        assert ("0 by 0" in told) == bool(result.loss.isnan().any())
        assert ("reduced" in told) == (params.reduction == "none") == bool(result.loss.dim())
        if "own" in told.partition("its own target:")[2] or "for logits with" in told or "other ones" in told:
            assert result.same is False


@given(pred=VALUES, target=VALUES)
def test_a_column_against_a_row_is_the_mean_over_all_pairs_and_least_at_the_mean(pred, target):
    p, t = torch.tensor(pred, dtype=torch.float64), torch.tensor(target, dtype=torch.float64)
    crossed_loss = ((p[:, None] - t) ** 2).mean()
    spread = p.var(correction=0) + t.var(correction=0) + (p.mean() - t.mean()) ** 2
    torch.testing.assert_close(crossed_loss, spread)
    best = ((t.mean().expand_as(p)[:, None] - t) ** 2).mean()
    assert best <= crossed_loss + 1e-9


@pytest.mark.parametrize("pred_shape", ["(4, 1)", "(4,)"])
@pytest.mark.parametrize("target_shape", ["(4, 1)", "(4,)"])
def test_descent_ends_at_the_targets_or_at_their_mean(pred_shape, target_shape):
    result = run(Params(pred_shape=pred_shape, target_shape=target_shape))
    goal = result.target.flatten() if pred_shape == target_shape else torch.full((4,), 2.5)
    torch.testing.assert_close(result.fitted.flatten(), goal)


def test_mse_loss_warns_and_computes_the_same():
    with pytest.warns(UserWarning, match="different to the input size"):
        assert F.mse_loss(run(Params()).pred, run(Params()).target).item() == 2.5


def test_uint8_indices_are_taken_and_minus_1_is_out_of_bounds():
    logits = torch.ones(4, 3)
    assert F.cross_entropy(logits, torch.zeros(4, dtype=torch.uint8)).isfinite()
    with pytest.raises(IndexError):
        F.cross_entropy(logits, torch.full((4,), -1))


def test_the_mean_is_over_the_targets_that_are_not_ignored():
    for ignored in range(5):
        mean, single = (run(Params(kind="cross-entropy", ignored=ignored, reduction=r)).loss for r in ("mean", "none"))
        left = single[ignored:]
        assert single[:ignored].tolist() == [0] * ignored
        torch.testing.assert_close(mean, left.mean(), equal_nan=True)


def test_the_traps_show_what_they_name():
    shown = {trap.name: run(Params(**trap.params)) for trap in LESSON.traps}
    assert shown["(4,) against (4, 1)"].errors.shape == (4, 4)
    assert shown["softmax first"].same is False and shown["softmax first"].loss > shown["softmax first"].meant
    assert shown["sigmoid first"].same is False and shown["sigmoid first"].pred.sigmoid().min() >= 0.5
    assert shown["Nothing but ignored targets"].loss.isnan()
    assert {result.error.partition(":")[0] for result in shown.values() if result.error} == {
        "ValueError", "RuntimeError", "IndexError",
    }  # fmt: skip
    assert sum(bool(result.error) for result in shown.values()) == 5
    assert {SAME, OTHER} == {"the same loss", "another loss"}


@given(logits=st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=8))
def test_sigmoid_of_a_sigmoid_is_never_below_a_half_so_no_item_of_class_0_gets_a_loss_below_ln_2(logits):
    fed = torch.tensor(logits).sigmoid()
    assert (fed.sigmoid() >= 0.5).all()
    losses = F.binary_cross_entropy_with_logits(fed, torch.zeros_like(fed), reduction="none")
    assert (losses >= math.log(2) - 1e-6).all()


def test_a_loss_of_logits_squeezes_nothing_and_takes_what_was_squeezed():
    pred, target = torch.zeros(4, 1), torch.ones(4)
    with pytest.raises(ValueError, match="must be the same"):
        F.binary_cross_entropy_with_logits(pred, target)
    squeezed, widened = (
        F.binary_cross_entropy_with_logits(*pair) for pair in ((pred.squeeze(1), target), (pred, target[:, None]))
    )
    assert squeezed == widened
    assert any("This loss squeezes nothing" in c.reply for asked in LESSON.predictions for c in asked.choices)


def test_one_hot_targets_give_the_loss_of_indices_and_with_weights_another_mean():
    logits, target, weight = (
        torch.tensor([[2.0, 0.0, -1.0], [0.5, 1.0, 0.0]]),
        torch.tensor([0, 2]),
        torch.tensor([1.0, 2.0, 3.0]),
    )
    ways = (target, F.one_hot(target, 3).float())
    for weights, reduction, agree in ((None, "mean", True), (weight, "sum", True), (weight, "mean", False)):
        one, other = (F.cross_entropy(logits, way, weight=weights, reduction=reduction) for way in ways)
        assert one.allclose(other) == agree
    assert any(
        "With weight= the mean would be another" in c.reply for asked in LESSON.predictions for c in asked.choices
    )
