"""Laws of freezing: a step skips what has no .grad, and the forward pass moves BatchNorm's buffers in train mode."""

import typing
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorable.params import BadParam
from lessons.freeze import LESSON, Params, caption, details, drifted, first_gradient, moved, strays
from lessons.repeats import checked

run = LESSON.run

OPTIMIZERS = ("SGD", "SGD, momentum", "Adam", "AdamW")


def some(name: str) -> Any:
    return st.sampled_from(typing.get_args(typing.get_type_hints(Params)[name]))


def frozen(result, step=-1):
    return torch.tensor([not flag for flag in result.requires_grad[step]])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_what_has_no_grad_does_not_move_and_the_rest_does(optimizer, weight_decay):
    result = run(Params(optimizer=optimizer, weight_decay=weight_decay))
    for grads, far in zip(result.grads, result.moved, strict=True):
        assert torch.equal(grads.isnan(), frozen(result))
        assert torch.equal(far == 0, grads.isnan())


@pytest.mark.parametrize("freeze", ["nothing", "all but a pattern", "all, by a loop"])
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


def test_the_freeze_everything_loop_makes_backward_raise_after_the_buffers_have_moved():
    result = run(Params(freeze="all, by a loop"))
    assert result.error.startswith("RuntimeError: element 0 of tensors does not require grad")
    assert not result.moved and (result.drift[0] > 0).all()


def test_the_gradient_flows_through_a_frozen_model_to_a_prompt():
    result = run(Params(freeze="all, by a loop", prompt=True))
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


def test_what_is_no_regex_freezes_nothing_and_takes_no_step():
    params = Params(pattern="(")
    result = run(params)
    assert result.error == "error: missing ) at position 1" and not result.moved
    assert caption(params, result) == "The pattern is no regex (missing ) at position 1), so no step was taken."


def test_a_regex_may_look_around_and_one_that_searches_for_ever_is_stopped():
    assert frozen(run(Params(pattern=r"(?<!stem\.)weight$"))).tolist() == [True] * 2 + [False, True] * 3
    assert run(Params(pattern=r"(?P<a>(?&a)a)")).error == "TimeoutError: regex timed out"


@pytest.mark.parametrize("pattern", ["((a{99}){99}){99}", "(((){999}){999}){999}", "a{4000000}", "(a{,99}){,99}"])
def test_a_regex_that_would_fill_the_memory_is_refused_before_it_is_compiled(pattern):
    with pytest.raises(BadParam, match="pattern may repeat"):
        run(Params(pattern=pattern))


@pytest.mark.parametrize("pattern", [r"(a{30}){30}", r"\d{2}", "a{1000}", "{", "a{,5}b{3,4}"])
def test_a_regex_of_a_thousand_copies_is_compiled(pattern):
    assert checked(pattern) == pattern


@settings(max_examples=25, deadline=None)
@given(st.builds(Params, freeze=some("freeze"), moment=some("moment"), mode=some("mode"), optimizer=some("optimizer"),
                 weight_decay=st.sampled_from([0.0, 0.1]), set_to_none=st.booleans(), prompt=st.booleans()))  # fmt: skip
def test_a_step_skips_exactly_what_has_no_grad_and_buffers_follow_the_mode(params):
    """The last line is the lesson's truth; a .grad of zeros without momentum and decay is the one that moves nothing."""
    result = run(params)
    for step, (grads, far) in enumerate(zip(result.grads, result.moved, strict=True)):
        assert not far[grads.isnan()].any()
        still = (far == 0) & ~grads.isnan()
        assert (grads[still] < 1e-6).all(), f"step {step} left what has a gradient"
        if params.weight_decay and params.optimizer != "SGD":
            assert not any(n.endswith("weight") for n, s in zip(result.names, still.tolist(), strict=True) if s)
    assert bool(drifted(result)) is (params.mode in ("train", "no_grad"))


def test_a_bias_before_batch_norm_moves_by_rounding_error_under_adam_alone():
    params = Params(freeze="nothing")
    result = run(params)
    assert result.grads[0][1] < 1e-6 < 0.01 < result.moved[0][1]
    assert "rounding error" in details(params, result)
    plain = Params(freeze="nothing", optimizer="SGD", weight_decay=0.0)
    assert run(plain).moved[0][1] < 1e-6 and "rounding error" not in details(plain, run(plain))


def test_captions_say_what_the_result_holds():
    stale = Params(moment="after the first step", set_to_none=False)
    assert caption(stale, run(stale)) == (
        "In 3 steps, 8 of 8 parameters moved, four of them although frozen; BatchNorm's buffers moved."
    )
    still = Params(mode="train, norm in eval")
    assert caption(still, run(still)).endswith("4 of 8 parameters moved; BatchNorm's buffers stayed.")
    late = Params(freeze="all, by a loop", moment="after the first step", mode="eval")
    assert caption(late, run(late)) == (
        "PyTorch refuses after 1 step with RuntimeError: nothing requires a gradient, so backward() has no graph; "
        "BatchNorm's buffers stayed."
    )
    assert "ran under no_grad" in caption(Params(mode="no_grad"), run(Params(mode="no_grad")))


def test_each_trap_shows_what_it_names():
    shown = {trap.name: run(Params(**trap.params)) for trap in LESSON.traps}
    assert "does not require grad" in shown["Everything frozen: it raises"].error
    drifts = shown["Frozen BatchNorm"]
    assert drifted(drifts) and [name for name in drifts.names if name not in moved(drifts)] == [
        "norm.weight",
        "norm.bias",
    ]
    assert strays(shown["set_to_none=False and momentum"]) == ["stem.weight", "stem.bias", "norm.weight", "norm.bias"]
    for name in ("module.requires_grad = False", "A typo freezes nothing"):
        assert len(moved(shown[name])) == 8 and not shown[name].error


@pytest.mark.parametrize("optimizer, moves", [("Adam", True), ("SGD", False)])
def test_a_bias_before_batch_norm_has_a_gradient_of_rounding_error_which_adam_scales_up(optimizer, moves):
    result = run(Params(freeze="nothing", optimizer=optimizer, weight_decay=0.0))
    at = result.names.index("stem.bias")
    assert first_gradient(result, "stem.bias") == "rounding error" and (result.moved[0][at] > 1e-3) == moves
    still = run(Params(freeze="nothing", optimizer=optimizer, weight_decay=0.0, mode="train, norm in eval"))
    assert still.grads[0][at] > 1e-3  # the stored mean knows nothing of this bias
    assert first_gradient(run(Params()), "stem.bias") == "None"


@pytest.mark.parametrize("weight_decay", [0.0, 0.5])
@pytest.mark.parametrize("optimizer", ["Adam", "AdamW"])
def test_why_a_bias_moves_names_weight_decay_where_it_has_a_part(optimizer, weight_decay):
    """Adam's weight decay is part of the gradient that it divides; AdamW's is taken off beside the step."""
    params = Params(freeze="nothing", optimizer=optimizer, weight_decay=weight_decay)
    result = run(params)
    told = details(params, result)
    assert ("adds weight_decay times the bias" in told) == (optimizer == "Adam" and weight_decay > 0)
    assert ("weight decay included" in told) == (optimizer == "AdamW" and weight_decay > 0)
    bias = torch.nn.Parameter(torch.tensor([0.3]))
    bias.grad = torch.zeros(1)
    getattr(torch.optim, optimizer)([bias], lr=0.1, weight_decay=weight_decay).step()
    moved = 0.3 - bias.item()
    assert moved == pytest.approx(0 if not weight_decay else 0.1 if optimizer == "Adam" else 0.1 * 0.5 * 0.3, abs=1e-4)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_prompt_before_batch_norm_in_train_mode_has_rounding_error_as_its_gradient(optimizer):
    """It is added to each sample alike, so BatchNorm subtracts it again; in eval mode its gradient is one like the others'."""
    params = Params(freeze="all, by a loop", prompt=True, optimizer=optimizer)
    lost, held = run(params), run(replace(params, mode="eval"))
    assert lost.grads[0][-1] < 1e-6 < 1e-3 < held.grads[0][-1]
    assert first_gradient(lost, "prompt") == "rounding error"
    assert ("BatchNorm subtracts the prompt again" in details(params, lost)) == optimizer.startswith("Adam")
    assert "subtracts" not in details(replace(params, mode="eval"), held)
    asked = next(question for question in LESSON.predictions if question.id == "prompt")
    assert "eval mode" in asked.question and asked.show["mode"] == "eval"


def test_the_bytes_of_a_step_count_what_the_prompt_keeps():
    with_it, without = (run(Params(freeze="nothing", prompt=prompt)).cost for prompt in (True, False))
    assert with_it["gradients"] - without["gradients"] == 4 * 4
    assert with_it["optimizer state"] - without["optimizer state"] == 2 * 4 * 4 + 4  # two moments and a step


def test_backward_fills_the_one_leaf_that_requires_a_gradient_and_leaves_the_rest_as_it_was():
    net = torch.nn.Linear(2, 2)
    net.bias.requires_grad_(False)
    net(torch.ones(1, 2)).sum().backward()
    assert net.weight.grad is not None and net.bias.grad is None
    told = [choice.reply for choice in LESSON.predictions[1].choices]
    assert "fills the .grad of that one" in told[1] and "stays as it was, here None" in told[2]


def test_the_running_mean_is_that_of_the_layer_before_and_after_each_pass():
    result = run(Params(steps=2))
    assert result.means[0] == 0 and len(result.means) == 3
    assert len(set(run(Params(mode="eval")).means)) == 1


def test_steps_that_were_not_taken_are_planned():
    params = Params(freeze="all, by a loop", mode="train, norm in eval")
    assert "3 steps planned in train mode, norm in eval mode. No step was taken." in details(params, run(params))
    assert "3 steps in eval mode." in details(Params(mode="eval"), run(Params(mode="eval")))
