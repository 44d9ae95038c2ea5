"""Laws of train(), eval(), no_grad() and inference_mode()."""

import weakref
from collections import OrderedDict
from itertools import product
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lessons.modes import LESSON, NAMES, Params, chosen, recorded

run = LESSON.run


@pytest.fixture(scope="module")
def program():
    """The names that the program binds when it runs alone."""
    with torch.random.fork_rng(devices=[]):
        return SimpleNamespace(**run_path(str(Path(__file__).parents[2] / "programs" / "modes.py")))


GRADS = ("on", "no_grad", "inference_mode")


def squares(**params):
    return run(Params(**params)).board


def facts(square, name):
    return {layer: seen[name] for layer, seen in square.items()}


@pytest.mark.parametrize("name", ["random", "moved", "training"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_grad_mode_changes_nothing_that_a_layer_computes(mode, name):
    board = squares()
    assert facts(board[f"{mode}, on"], name) == facts(board[f"{mode}, no_grad"], name)
    assert facts(board[f"{mode}, on"], name) == facts(board[f"{mode}, inference_mode"], name)


def test_only_dropout_draws_and_only_batch_norm_moves_and_only_in_train_mode():
    board = squares()
    assert [layer for layer, draws in facts(board["train, on"], "random").items() if draws] == ["dropout"]
    assert [layer for layer, moved in facts(board["train, on"], "moved").items() if moved] == ["batch_norm"]
    assert not any(facts(board["eval, on"], "random").values()) and not any(facts(board["eval, on"], "moved").values())


@pytest.mark.parametrize("requires_grad", [True, False])
def test_bytes_are_saved_exactly_where_a_gradient_can_flow(requires_grad):
    for square, layers in squares(requires_grad=requires_grad).items():
        grows = requires_grad and square.endswith(" on")
        assert (sum(facts(layers, "bytes").values()) > 0) == grows, square
        assert all((node is not None) == grows for node in facts(layers, "grad_fn").values()), square


@pytest.mark.parametrize("square", ["train, on", "eval, on"])
def test_saved_bytes_are_proportional_to_the_batch_but_for_what_batch_norm_keeps_a_channel(square):
    def of(batch):
        layers = squares(batch=batch)[square]
        return sum(facts(layers, "bytes").values()) - 4 * 6 * layers["batch_norm"]["saved"].count((6,))

    assert of(8) == 2 * of(4) == 4 * of(2)


def test_layer_by_layer_the_bytes_add_up_to_those_of_one_forward_pass(program):
    net = nn.Sequential(nn.Linear(3, 3), nn.Dropout(), nn.LayerNorm(3), nn.ReLU())
    x, whole = torch.randn(5, 3), program.Saved({p.untyped_storage().data_ptr() for p in net.parameters()})
    with whole:
        y = net(x)
    assert y.requires_grad and whole.bytes == sum(facts(program.observe(net, x), "bytes").values())


def test_a_tensor_that_two_layers_save_is_counted_once(program):
    net = nn.Sequential(OrderedDict(first=nn.Linear(3, 3), relu=nn.ReLU(), second=nn.Linear(3, 3)))
    x = torch.randn(5, 3)
    assert facts(program.observe(net, x), "bytes") == {"first": x.nbytes, "relu": x.nbytes, "second": 0}


def test_dropout_in_eval_mode_returns_its_input_and_saves_nothing():
    seen = squares()["eval, on"]["dropout"]
    assert seen["returns_input"] and seen["saved"] == [] and seen["bytes"] == 0


def test_in_eval_mode_two_calls_are_equal_to_the_last_bit():
    assert not run(Params(mode="eval")).difference.any()
    assert run(Params(mode="train")).difference.any()


def test_eval_in_init_is_undone_by_train_and_the_override_survives_it(program):
    plain, kept = program.Wrapper(nn.Dropout()), program.KeepsEval(nn.Dropout())
    assert not plain.model.training and not kept.model.training
    assert plain.train().model.training
    assert not kept.train().model.training and kept.training and not kept.eval().training


def test_under_the_override_the_train_row_of_the_board_is_the_eval_row():
    board = squares(wrapper="train() overridden")
    for grad in GRADS:
        assert board[f"train, {grad}"] == board[f"eval, {grad}"]


def test_a_head_learns_from_no_grad_features_but_not_from_inference_tensors():
    assert set(run(Params(grad="no_grad", loss_of="head(y)")).gradients) == {"head.weight", "head.bias"}
    refused = run(Params(grad="inference_mode", loss_of="head(y)"))
    assert refused.gradients is None and "Inference tensors cannot be saved for backward" in refused.error


def test_backward_is_refused_exactly_when_the_loss_has_no_graph():
    for grad in GRADS:
        for requires_grad in (True, False):
            result = run(Params(grad=grad, requires_grad=requires_grad))
            assert (result.error is None) == (grad == "on" and requires_grad)


@pytest.mark.parametrize("grad", GRADS)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_words_say_what_the_chosen_square_shows(mode, grad):
    for requires_grad, wrapper, loss_of in product(
        (True, False), ("none", "eval() in __init__", "train() overridden"), ("y", "head(y)")
    ):
        params = Params(mode=mode, grad=grad, requires_grad=requires_grad, wrapper=wrapper, loss_of=loss_of)
        result = run(params)
        layers, told = chosen(params, result), LESSON.caption(params, result)
        if result.error:
            reason = "inference mode" if "Inference tensors" in result.error else "no grad_fn"
            assert "RuntimeError" in told and reason in told
            assert ("frozen" in told) == (grad == "on")
            continue
        assert ("nn.Dropout draws a mask" in told) == bool(result.difference.any())
        assert f"net in {'train' if layers['dropout']['training'] else 'eval'} mode" in told
        kept = sum(seen["bytes"] for seen in layers.values())
        assert f"keeps {kept or 'no'} byte" in LESSON.details(params, result)
        known = recorded(layers)
        assert f"records {len(known) if 0 < len(known) < 4 else 'all' if known else 'none'} of its 4 layers" in told
        said = told.partition("; ")[0]
        left = [name for name, module in NAMES.items() if module in said]
        assert left == ([name for name in NAMES if name not in known] if known else [])


def saved_by(net, x):
    """The output, and weak references to copies of what autograd saved for its backward()."""
    held = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: (t, held.append(weakref.ref(out := t.clone())), out)[2], lambda t: t
    ):
        return net(x), held


def test_while_an_output_of_eval_mode_is_held_its_saved_tensors_are_held_with_it():
    y, held = saved_by(nn.Sequential(nn.Linear(3, 3), nn.Tanh()).eval(), torch.randn(5, 3))
    assert held and all(ref() is not None for ref in held)
    del y
    assert all(ref() is None for ref in held)


def test_backward_frees_what_was_saved_though_the_output_is_still_held():
    y, held = saved_by(nn.Sequential(nn.Linear(3, 3), nn.Tanh()).eval(), torch.randn(5, 3))
    y.sum().backward()
    assert y.grad_fn and held and all(ref() is None for ref in held)


def test_a_clone_taken_outside_of_inference_mode_can_be_saved_for_backward():
    with torch.inference_mode():
        y = torch.ones(1, 2)
        inside = y.clone()
    nn.Linear(2, 2)(y.clone()).sum().backward()
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        nn.Linear(2, 2)(inside)


@pytest.mark.parametrize("name", ["no_grad", "inference_mode"])
def test_train_mode_moves_the_statistics_of_batch_norm_whatever_autograd_does(name):
    layer = nn.BatchNorm1d(2).requires_grad_(False)
    with getattr(torch, name)():
        layer(torch.randn(4, 2) + 3)
    assert layer.running_mean.abs().min() > 0


def test_the_next_train_sets_the_flag_again_unless_the_owner_does():
    """What is replied about eval() in __init__: an overridden train() is one way to put it back, calling eval() another."""
    wrapped = torch.nn.Sequential(torch.nn.Dropout().eval())
    assert wrapped.train()[0].training
    wrapped[0].eval()
    assert wrapped.training and not wrapped[0].training


def test_the_bytes_are_those_beside_weights_and_buffers_which_autograd_saves_too():
    layer, x, saved = nn.Linear(6, 6), torch.randn(4, 6, requires_grad=True), []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (saved.append(t.data_ptr()), t)[1], lambda t: t):
        layer(x)
    assert {layer.weight.data_ptr(), x.data_ptr()} == set(saved)
    assert run(Params()).board["eval, on"]["linear"]["saved"] == [(4, 6)]
    assert "320 bytes beside weights and buffers" in LESSON.details(Params(), run(Params()))


def test_frozen_parameters_get_no_gradient_but_one_flows_through_them():
    layer, x = nn.Linear(2, 2).requires_grad_(False), torch.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    assert layer.weight.grad is None and x.grad is not None


def test_the_weight_of_a_head_needs_the_numbers_of_y_and_not_how_it_was_made():
    head, y = nn.Linear(2, 2), torch.tensor([[3.0, 5.0]])
    assert y.grad_fn is None
    head(y).sum().backward()
    assert head.weight.grad.tolist() == [[3, 5], [3, 5]]


def test_a_frozen_batch_norm_in_train_mode_still_moves_and_a_frozen_dropout_still_draws():
    square = run(Params(mode="train", requires_grad=False)).board["train, on"]
    assert square["batch_norm"]["moved"] and square["dropout"]["random"]
