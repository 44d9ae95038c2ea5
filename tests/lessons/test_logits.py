"""Logits are scores up to a constant; cross-entropy turns them into probabilities by itself."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lessons.logits import Params, run

SCORES = st.floats(-10, 10)
CLASSES = st.integers(0, 2)
TEMPERATURES = st.floats(0.5, 10)


@given(z0=SCORES, z1=SCORES, z2=SCORES, shift=SCORES)
def test_a_shift_of_all_logits_moves_no_probability(z0, z1, z2, shift):
    moved, still = run(Params(z0, z1, z2, shift=shift)), run(Params(z0, z1, z2))
    torch.testing.assert_close(moved.probs, still.probs, rtol=0, atol=1e-5)


@given(z0=SCORES, z1=SCORES, z2=SCORES, temperature=TEMPERATURES, target=CLASSES)
def test_the_gradient_of_cross_entropy_is_p_minus_onehot_over_the_temperature(z0, z1, z2, temperature, target):
    result = run(Params(z0, z1, z2, temperature=temperature, target=target))
    torch.testing.assert_close(result.grad, result.formula, rtol=0, atol=1e-5)


@given(z0=SCORES, z1=SCORES, z2=SCORES, temperature=TEMPERATURES)
def test_differences_of_logits_are_logs_of_ratios_of_probabilities(z0, z1, z2, temperature):
    result = run(Params(z0, z1, z2, temperature=temperature))
    ratios = result.log_probs[0] - result.log_probs
    torch.testing.assert_close(ratios, result.scaled[0] - result.scaled, rtol=0, atol=1e-4)


@given(z0=SCORES, z1=SCORES, z2=SCORES, target=CLASSES)
def test_probabilities_fed_to_the_loss_cost_at_least_log_of_1_plus_2_over_e(z0, z1, z2, target):
    result = run(Params(z0, z1, z2, target=target, fed="softmax(logits)"))
    assert result.lowest["softmax(logits)"].item() == pytest.approx(math.log(1 + 2 / math.e))
    assert result.losses["softmax(logits)"] >= result.lowest["softmax(logits)"] - 1e-6


@given(z0=SCORES, z1=SCORES, z2=SCORES, target=CLASSES)
def test_log_probabilities_are_logits_too(z0, z1, z2, target):
    losses = run(Params(z0, z1, z2, target=target)).losses
    assert losses["log_softmax(logits)"].item() == pytest.approx(losses["logits"].item(), abs=1e-5)


def test_two_softmaxes_leave_no_gradient_where_the_answer_is_surely_wrong():
    once, twice = (run(Params(-10.0, 10.0, -10.0, fed=fed)).grad for fed in ("logits", "softmax(logits)"))
    assert once[0] == pytest.approx(-1) and twice.abs().max() < 1e-6


def test_log_softmax_stays_finite_where_the_log_of_softmax_does_not():
    result = run(Params(10.0, -10.0, 0.0, temperature=0.1))
    assert result.log_probs.isfinite().all() and not result.log_of_probs.isfinite().all()
