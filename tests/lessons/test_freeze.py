"""Laws of freezing: a step moves exactly what has a .grad, and the forward pass moves BatchNorm's buffers in train mode."""

import pytest
import torch

from lessons.freeze import Params, run

OPTIMIZERS = ("SGD", "SGD, momentum", "Adam", "AdamW")


def frozen(result, step=-1):
    return torch.tensor([not flag for flag in result.requires_grad[step]])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_what_has_no_grad_does_not_move_and_the_rest_does(optimizer, weight_decay):
    result = run(Params(optimizer=optimizer, weight_decay=weight_decay))
    for grads, moved in zip(result.grads, result.moved, strict=True):
        assert torch.equal(grads.isnan(), frozen(result))
        assert torch.equal(moved == 0, grads.isnan())


@pytest.mark.parametrize("freeze", ["nothing", "names that match", "the notes' loop"])
@pytest.mark.parametrize("mode, drifts", [("train", True), ("train, norm in eval", False), ("eval", False)])
def test_buffers_drift_exactly_when_the_norm_is_in_train_mode(freeze, mode, drifts):
    result = run(Params(freeze=freeze, mode=mode, prompt=True))
    assert result.error is None
    assert all(bool((drift > 0).all()) is drifts and bool(drift.any()) is drifts for drift in result.drift)


def test_frozen_between_backward_and_step_it_moves_in_that_step_only():
    result = run(Params(moment="between backward and step"))
    assert frozen(result, 0).sum() == 4
    assert (result.moved[0][frozen(result, 0)] > 0).all()
    assert (result.moved[1][frozen(result, 1)] == 0).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_grad_of_zeros_moves_what_is_frozen_but_not_with_plain_sgd(optimizer):
    result = run(Params(optimizer=optimizer, weight_decay=0.0, moment="after the first step", set_to_none=False))
    assert (result.grads[1][frozen(result)] == 0).all()
    assert bool((result.moved[1][frozen(result)] > 0).any()) is (optimizer != "SGD")
    dropped = run(Params(optimizer=optimizer, weight_decay=0.0, moment="after the first step"))
    assert (dropped.moved[1][frozen(dropped)] == 0).all()


def test_weight_decay_moves_frozen_weights_only_through_a_grad_of_zeros():
    stale = run(Params(optimizer="SGD", moment="after the first step", set_to_none=False))
    fresh = run(Params(optimizer="SGD", set_to_none=False))
    assert (stale.moved[1][frozen(stale)] > 0).any() and (fresh.moved[1][frozen(fresh)] == 0).all()


@pytest.mark.parametrize("freeze", ["stem.requires_grad = False", "p.require_grad = False"])
def test_an_attribute_that_nothing_reads_freezes_nothing(freeze):
    result, free = run(Params(freeze=freeze)), run(Params(freeze="nothing"))
    assert not frozen(result).any()
    assert all(map(torch.equal, result.moved, free.moved))


def test_the_notes_loop_makes_backward_raise_after_the_buffers_have_moved():
    result = run(Params(freeze="the notes' loop"))
    assert result.error.startswith("RuntimeError: element 0 of tensors does not require grad")
    assert not result.moved and (result.drift[0] > 0).all()


def test_the_gradient_flows_through_a_frozen_model_to_a_prompt():
    result = run(Params(freeze="the notes' loop", prompt=True))
    assert result.names[-1] == "prompt" and (result.moved[0] > 0).tolist() == [False] * 8 + [True]
    assert all(result.flow[0].values())


def test_a_frozen_last_layer_stops_no_gradient():
    result = run(Params(freeze="head.requires_grad_(False)"))
    assert dict(zip(result.names, (result.moved[0] > 0).tolist(), strict=True)) == {
        name: not name.startswith("head") for name in result.names
    }


def test_bytes_follow_what_is_frozen():
    trained = 4 * (6 * 6 + 6 + 6 * 3 + 3)  # body and head in float32
    for optimizer, state in (("SGD", 0), ("SGD, momentum", trained), ("Adam", 2 * trained + 4 * 4)):
        result = run(Params(optimizer=optimizer))
        assert (result.cost_frozen["gradients"], result.cost_frozen["optimizer state"]) == (trained, state)
        assert result.cost_frozen["saved for backward"] < result.cost["saved for backward"]
    assert run(Params(mode="no_grad")).cost == dict.fromkeys(result.cost, 0)


def test_a_regex_that_is_none_and_one_that_is_refused_give_a_result():
    assert run(Params(pattern="(")).error == "error: missing ), unterminated subpattern at position 0"
    assert not frozen(run(Params(pattern=r"(s)\1"))).any()
