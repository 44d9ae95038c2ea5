"""What softmax, a constant and F.cross_entropy make of logits, and what sigmoid makes of them."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from lessons.logits import LESSON, Params, caption, underflown

run = LESSON.run

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


@given(z=st.lists(SCORES, min_size=2, max_size=6), shift=st.floats(1, 10))
def test_a_constant_cancels_in_softmax_and_not_in_sigmoid(z, shift):
    logits = torch.tensor(z)
    torch.testing.assert_close((logits + shift).softmax(0), logits.softmax(0), rtol=0, atol=1e-5)
    assert ((logits + shift).sigmoid() > logits.sigmoid()).any() or logits.min() > 8
    one, other = (F.binary_cross_entropy_with_logits(x, torch.ones(len(z))) for x in (logits, logits + shift))
    assert other < one


@given(z0=SCORES, z1=SCORES, z2=SCORES, target=CLASSES, temperature=TEMPERATURES)
def test_the_formula_is_the_gradient_for_log_probabilities_as_well_and_not_behind_a_second_softmax(
    z0, z1, z2, target, temperature
):
    given_them = {"temperature": temperature, "target": target}
    log_probs = run(Params(z0, z1, z2, fed="log_softmax(logits)", **given_them))
    torch.testing.assert_close(log_probs.grad, log_probs.formula, rtol=0, atol=1e-5)
    twice = run(Params(z0, z1, z2, fed="softmax(logits)", **given_them))
    if twice.formula.abs().max() > 0.01:
        assert not torch.allclose(twice.grad, twice.formula, atol=1e-3)


@given(z0=SCORES, z1=SCORES, z2=SCORES, shift=SCORES, temperature=st.floats(0.1, 10))
def test_adding_100_leaves_nothing_but_rounding(z0, z1, z2, shift, temperature):
    assert run(Params(z0, z1, z2, shift=shift, temperature=temperature)).moved < 1e-3


@given(z0=SCORES, z1=SCORES, z2=SCORES, temperature=st.floats(0.1, 10), target=CLASSES)
def test_log_softmax_is_finite_and_the_log_of_softmax_and_its_gradient_where_no_probability_underflows(
    z0, z1, z2, temperature, target
):
    result = run(Params(z0, z1, z2, temperature=temperature, target=target))
    assert result.log_probs.isfinite().all()
    assert bool(result.log_of_probs.isfinite().all()) == (not underflown(result))
    if underflown(result):
        assert result.log_grad.isnan().any()
    if result.probs.min() > 1e-37:  # below that, 1 / p overflows although p itself is not 0
        assert result.log_grad.isfinite().all()


@given(
    params=st.builds(
        Params, SCORES, SCORES, SCORES, SCORES, st.floats(0.1, 10), CLASSES,
        st.sampled_from(["logits", "softmax(logits)", "log_softmax(logits)"]),
    )
)  # fmt: skip
def test_each_clause_of_the_caption_is_said_where_it_holds(params):
    result = run(params)
    told, loss = caption(params, result), result.losses[params.fed].item()
    assert ("once more" in told) == (params.fed == "softmax(logits)")
    assert ("-inf" in told) == (params.fed != "softmax(logits)" and not result.log_of_probs.isfinite().all())
    if "as it is for the logits" in told:
        assert loss == pytest.approx(result.losses["logits"].item(), abs=1e-4)
    if "no probabilities get below" in told:
        assert loss >= result.lowest[params.fed].item() - 1e-6


def test_numbers_in_questions_and_replies_are_those_of_torch():
    z = torch.tensor([2.0, -1.0, 0.5])
    [asked] = [each for each in LESSON.predictions if each.id == "gradient"]
    p = z.softmax(0)[0].item()
    assert [each.text for each in asked.choices] == [f"{p - 1:.4f}", f"{p:.4f}", f"{-1 / p:.4f}", f"{-math.log(p):.4f}"]


def test_the_log_of_softmax_underflows_in_float32_and_not_in_float64():
    """Question 6 names its dtype."""
    z = torch.tensor([100.0, -100.0, 0.0])
    assert z.softmax(0).log()[1] == float("-inf") and z.double().softmax(0).log()[1].item() == pytest.approx(-200)
    assert "float32" in LESSON.predictions[-1].question


def test_float32_rounds_the_loss_of_logits_to_zero():
    assert F.cross_entropy(torch.tensor([100.0, -100.0, -100.0]), torch.tensor(0)) == 0


def test_a_loss_behind_two_softmaxes_may_be_the_smaller_one():
    """A reply to question 4 says "here"."""
    right, wrong = run(Params()).losses, run(Params(target=1, z0=10.0)).losses
    assert right["softmax(logits)"] > right["logits"] and wrong["softmax(logits)"] < wrong["logits"]


def test_the_traps_show_what_they_name():
    twice, wrong, log = (run(Params(**trap.params)) for trap in LESSON.traps)
    assert f"{twice.losses['softmax(logits)'].item():.3f}" == "0.551" and twice.probs.argmax() == 0
    assert wrong.grad.abs().max() < 1e-4 and wrong.probs.argmax() != 0
    assert log.log_of_probs[1] == float("-inf") and log.log_grad.isnan().any() and log.log_probs.isfinite().all()


@pytest.mark.parametrize("temperature", [0.1, 0.2, 0.3, 1.0])
def test_a_probability_below_1_is_not_told_as_1(temperature):
    params = Params(temperature=temperature)
    result = LESSON.run(params)
    first = LESSON.details(params, result).partition("= [")[2].partition(",")[0]
    assert result.probs[0] < 1 and float(first) < 1


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ({}, "softmax([2, -1, 0.5]) = "),
        ({"shift": -3.0}, "softmax([2, -1, 0.5] - 3) = "),
        ({"temperature": 2.0}, "softmax([2, -1, 0.5] / 2) = "),
        ({"shift": 3.0, "temperature": 2.0}, "softmax(([2, -1, 0.5] + 3) / 2) = "),
    ],
)
def test_the_details_write_the_shift_and_the_temperature_that_do_something(drawn, said):
    assert LESSON.details(Params(**drawn), LESSON.run(Params(**drawn))).startswith(said)


def test_only_where_softmax_is_fed_the_gradient_is_not_that_of_the_formula():
    for fed in ("logits", "log_softmax(logits)", "softmax(logits)"):
        result = LESSON.run(Params(fed=fed))
        assert torch.allclose(result.grad, result.formula, atol=1e-5) == (fed != "softmax(logits)")
