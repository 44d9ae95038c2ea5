"""Who holds a .grad after backward(), how much of it, and what raises."""

import warnings
from dataclasses import fields

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorable.params import choices
from lessons.backward import LESSON, Params, added, caption, details, filled, why

run = LESSON.run
OPTIONS = {field.name: choices(field) for field in fields(Params) if choices(field)}
PARAMS = st.builds(
    Params,
    forwards=st.integers(1, 3),
    backwards=st.integers(1, 2),
    retain_graph=st.booleans(),
    leaf=st.booleans(),
    retain_grad=st.booleans(),
    **{name: st.sampled_from(options) for name, options in OPTIONS.items()},
)


def saves(params):
    """Whether the graph saved something that a second backward() needs: y is recorded as a function of h."""
    return params.cut == "nothing"


def expected(params):
    """The key of WHY that the settings ask for, or None."""
    if not params.leaf and params.zero_grad != "never":
        return "can't optimize"
    if params.retain_grad and params.cut in ("h.detach()", "no_grad()"):
        return "can't retain_grad"
    if params.loss_is == "y + b":
        return "cannot be converted" if params.cut == "loss.item()" else "implicitly"
    if params.loss_is == "y.sum()" and params.cut in ("h.detach()", "no_grad()"):
        return "element 0"
    saved = "h += 1" if params.function == "h ** 2" else "y += 1"
    if saves(params) and params.in_place == saved:
        return "modified by an inplace"
    if saves(params) and params.backwards == 2 and not params.retain_graph:
        return "Trying to backward"
    return "a leaf Variable" if params.leaf and params.in_place == "w -= 0.1" else None


@given(params=PARAMS)
def test_torch_refuses_where_the_lesson_says_so_and_for_that_reason(params):
    result, reason = run(params), expected(params)
    assert (result.error is None) == (reason is None), result.error
    if reason:
        assert reason in result.error
        assert why(params, result) in caption(params, result) and "{" not in why(params, result)


@given(params=PARAMS)
def test_w_grad_is_the_gradient_of_one_pass_times_the_calls_since_it_was_cleared(params):
    result = run(params)
    if result.error or result.grads["w"] is None:
        return
    w = result.w.detach().clone().requires_grad_()
    h = w * result.x
    (h**2 if params.function == "h ** 2" else h.exp()).sum().backward()
    if params.in_place == "h += 1":
        assert params.function == "h.exp()"
        assert torch.allclose(result.grads["w"], w.grad * added(params))  # exp saved its result, before h changed
    assert torch.allclose(result.grads["w"], w.grad * added(params))


@given(params=PARAMS)
def test_w_has_a_gradient_if_it_is_a_leaf_with_a_path_that_was_not_cleared(params):
    result = run(params)
    if result.error:
        return
    has = params.leaf and params.cut == "nothing" and params.zero_grad != "after each backward"
    assert (result.grads["w"] is not None) == has
    assert ("w.grad is None" in caption(params, result)) == (not has)
    assert "x" not in filled(result) and "y" not in filled(result)
    assert ("loss" in filled(result)) == (params.cut == "loss.item()")  # a leaf that zero_grad() does not know
    kept = params.retain_grad and params.cut == "nothing" and params.in_place != "h += 1"  # the new h made no y
    assert ("h" in filled(result)) == kept
    reached = params.cut != "loss.item()" and params.loss_is != "y.sum()"
    assert ("b" in filled(result)) == (reached and params.zero_grad != "after each backward")


@pytest.mark.parametrize("forwards", [1, 2, 3])
def test_what_h_retains_is_of_the_last_forward_alone(forwards):
    result = run(Params(forwards=forwards, retain_grad=True))
    assert result.grads["h"].tolist() == (2 * result.h).tolist()
    assert "of the last forward alone" in details(Params(forwards=forwards, retain_grad=True), result)


def test_torch_warns_who_reads_the_gradient_of_what_is_no_leaf_and_gives_none():
    h = torch.ones(2, requires_grad=True) * 2
    h.sum().backward()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert h.grad is None
    assert "not a leaf" in str(caught[0].message)


def test_zero_grad_leaves_zeros_where_it_is_asked_to():
    w = torch.ones(2, requires_grad=True)
    w.sum().backward()
    torch.optim.SGD([w], lr=0.1).zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0, 0]


def test_relu_saves_its_result_as_exp_does_and_plus_makes_a_new_tensor():
    x = torch.ones(2, requires_grad=True)
    for function in (torch.relu, torch.exp):
        y = function(x)
        y += 1
        with pytest.raises(RuntimeError, match="inplace"):
            y.sum().backward()
        y = function(x)
        y = y + 1
        y.sum().backward()


def test_the_traps_show_what_they_name():
    shown = {trap.name: run(Params(**trap.params)) for trap in LESSON.traps}
    assert shown["No zero_grad()"].grads["w"].tolist() == [24, 12, 18]
    assert shown["Moved after requires_grad"].grads["w"] is None
    assert filled(shown["requires_grad on the loss"]) == ["loss"]
    assert [name for name, result in shown.items() if result.error] == [
        "backward() twice on one loss", "In place after exp", "Update outside no_grad()", "detach() on the only path",
        "A loss with several numbers",
    ]  # fmt: skip


def test_a_second_backward_on_one_loss_is_refused_only_where_the_graph_saved_something():
    assert "Trying to backward" in run(Params(backwards=2)).error
    assert run(Params(backwards=2, retain_graph=True)).error is None
    assert run(Params(backwards=2, cut="no_grad()")).error is None  # + and sum() save nothing


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW])
def test_an_optimiser_skips_a_weight_whose_grad_is_none_and_decays_one_whose_grad_is_zeros(optimizer):
    w = torch.ones(2, requires_grad=True)
    stepped = optimizer([w], lr=0.1, weight_decay=0.1)
    stepped.step()
    assert w.tolist() == [1, 1]
    w.grad = torch.zeros(2)
    stepped.step()
    assert (w < 1).all()


def test_a_computed_w_leaves_its_gradient_in_the_leaf_it_was_computed_from():
    leaf = torch.ones(2, requires_grad=True)
    w = leaf.double()
    w.sum().backward()
    assert leaf.grad.tolist() == [1, 1] and leaf.is_leaf and not w.is_leaf
    assert leaf.float() is leaf  # where nothing is to be computed, w stays the leaf


def test_detach_gives_the_same_numbers_without_a_history():
    h = torch.ones(2, requires_grad=True) * 3
    cut = h.detach()
    assert cut.data_ptr() == h.data_ptr() and cut.grad_fn is None and not cut.requires_grad


def test_a_leaf_may_be_changed_in_place_where_nothing_is_recorded():
    w = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable"):
        w -= 0.1
    with torch.no_grad():
        w -= 0.1
    assert w.is_leaf


def test_the_slope_of_y_plus_1_is_that_of_y_and_two_rounds_give_twice_one():
    assert run(Params(forwards=1, in_place="y += 1")).grads["w"].tolist() == [8, 4, 6]
    assert run(Params(forwards=1)).grads["w"].tolist() == [8, 4, 6]
    assert run(Params()).grads["w"].tolist() == [16, 8, 12]
