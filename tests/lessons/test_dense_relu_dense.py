"""Laws of T5's feed-forward: its formula, each token on its own, and where the models keep it."""

import pytest
import torch

from lessons.dense_relu_dense import MEASURED, Params, run

FORMS = ("relu", "gelu", "gated-gelu", "gated-silu")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dropout_rate", [0.0, 0.5])
def test_the_steps_are_the_module(form, dropout_rate):
    result = run(Params(feed_forward_proj=form, dropout_rate=dropout_rate))
    assert torch.equal(result.y, result.y_module)


def test_relu_is_the_formula_of_the_paper():
    result = run(Params())
    torch.testing.assert_close(result.y, torch.relu(result.x @ result.wi.T) @ result.wo.T)
    assert result.g is None and result.zeros == (result.a == 0).float().mean().item() > 0


@pytest.mark.parametrize("form, act", [("gated-gelu", "gelu"), ("gated-silu", "silu")])
def test_a_gate_multiplies_the_activation_by_a_second_projection(form, act):
    result = run(Params(feed_forward_proj=form))
    curve = {"gelu": lambda h: torch.nn.functional.gelu(h, approximate="tanh"), "silu": torch.nn.functional.silu}[act]
    torch.testing.assert_close(result.hidden, curve(result.h) * result.g)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("token", range(4))
def test_a_changed_token_moves_only_its_own_output_but_every_output_of_attention(form, token):
    result = run(Params(feed_forward_proj=form, token=token))
    assert (result.moved.abs().amax(1) > 1e-6).tolist() == [row == token for row in range(4)]
    assert (result.moved_attention.abs().amax(1) > 1e-6).all()


def test_attention_of_the_decoder_moves_the_changed_token_and_those_after_it():
    result = run(Params(stack="decoder", token=2))
    assert (result.moved_attention.abs().amax(1) > 1e-6).tolist() == [False, False, True, True]


@pytest.mark.parametrize("form", FORMS)
def test_reversed_tokens_give_reversed_outputs_unless_dropout_draws_for_each_position(form):
    result = run(Params(feed_forward_proj=form, change="reverse the tokens"))
    assert result.moved.abs().max() < 1e-5 < result.moved_attention.abs().max()
    assert run(Params(feed_forward_proj=form, change="reverse the tokens", dropout_rate=0.5)).moved.abs().max() > 1e-3


def test_only_relu_doubles_with_its_input():
    largest = {form: run(Params(feed_forward_proj=form, change="double x")).moved.abs().max() for form in FORMS}
    assert largest.pop("relu") < 1e-5 and min(largest.values()) > 1e-2


@pytest.mark.parametrize("measured", MEASURED)
def test_it_is_layer_1_of_an_encoder_block_and_layer_2_of_a_decoder_block_without_biases(measured):
    places = run(Params(measured=measured)).places
    assert list(places) == [
        f"{stack}.block.{block}.layer.{layer}.DenseReluDense"
        for stack, layer in (("encoder", 1), ("decoder", 2))
        for block in (0, 1)
    ]
    assert all(list(place["weights"]) == ["wi.weight", "wo.weight"] for place in places.values())
    assert all(0 < place["zeros"] < 1 for place in places.values())


def test_a_gated_form_has_three_weights():
    places = run(Params(feed_forward_proj="gated-gelu", measured="tiny T5")).places.values()
    assert all(list(place["weights"]) == ["wi_0.weight", "wi_1.weight", "wo.weight"] for place in places)
    assert {place["class"] for place in places} == {"T5DenseGatedActDense"}
