"""Laws of T5's feed-forward: its formula, each token on its own, and where the models keep it."""

import pytest
import torch

from lessons.dense_relu_dense import LESSON, MEASURED, Params, rows_moved

run = LESSON.run
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


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dropout_rate", [0.0, 0.5])
@pytest.mark.parametrize("stack", ["encoder", "decoder"])
def test_no_form_mixes_tokens_in_either_stack_and_mode(form, dropout_rate, stack):
    for token in range(4):
        result = run(Params(feed_forward_proj=form, dropout_rate=dropout_rate, stack=stack, token=token))
        assert {t for t, row in enumerate(result.moved.tolist()) if any(row)} <= {token}


@pytest.mark.parametrize("token", range(4))
def test_the_caption_names_the_causal_mask_of_the_decoder_and_of_no_other(token):
    params = Params(stack="decoder", token=token)
    told = LESSON.caption(params, run(params))
    attended = {0: "all outputs", 1: "three outputs", 2: "two outputs", 3: "its own output"}[token]
    assert told.endswith(f"and {attended} in self-attention, whose causal mask lets no token see a later one.")
    assert "causal mask" in LESSON.details(params, run(params))
    encoder = Params(token=token)
    assert "mask" not in LESSON.caption(encoder, run(encoder))


@pytest.mark.parametrize(
    "params, told",
    [
        ({}, "Changing token 1 of the 4 moves its own output in DenseReluDense and all outputs in self-attention."),
        (
            {"change": "reverse the tokens"},
            "Reversing the 4 tokens reverses the outputs of DenseReluDense but not those of self-attention.",
        ),
        (
            {"change": "reverse the tokens", "dropout_rate": 0.5},
            "Reversing the 4 tokens reverses neither the outputs of DenseReluDense, as dropout draws a mask for each place, "
            "nor those of self-attention.",
        ),
        (
            {"change": "double x"},
            "Doubling the 4 tokens doubles the outputs of DenseReluDense but not those of self-attention.",
        ),
        (
            {"change": "double x", "feed_forward_proj": "gelu"},
            "Doubling the 4 tokens doubles neither the outputs of DenseReluDense nor those of self-attention.",
        ),
    ],
)
def test_the_caption_says_what_became_of_the_outputs(params, told):
    params = Params(**params)
    assert LESSON.caption(params, run(params)) == told


def test_a_model_with_wi_has_no_place_for_wi_0_and_wi_1():
    keys = {
        form: {name for name in run(Params(feed_forward_proj=form, measured="tiny T5")).parameters} for form in FORMS
    }
    assert keys["relu"] == keys["gelu"] == {"wi.weight", "wo.weight"}
    assert keys["gated-gelu"] == keys["gated-silu"] == {"wi_0.weight", "wi_1.weight", "wo.weight"}


def test_the_trained_model_is_surveyed_once_for_all_visitors():
    assert run(Params(measured=MEASURED[-1])).places is run(Params(measured=MEASURED[-1], d_ff=3)).places


def test_the_share_of_zeros_is_told_of_every_module():
    """One layer is drawn, the whole model is measured: the sentence says of how many layers it speaks."""
    params = Params(measured="tiny T5")
    result = run(params)
    assert f"In the {len(result.places)} DenseReluDense modules of tiny T5 " in LESSON.details(params, result)
    assert len(result.places) == 4


@pytest.mark.parametrize(
    ("params", "told"),
    [
        (
            Params(),
            "the outputs of DenseReluDense differ by up to 1.294 from the old ones, those of self-attention by up to 0.657.",
        ),
        (Params(change="double x"), "differ not at all from twice the old ones"),
        (Params(change="reverse the tokens", d_ff=6), "differ by less than 0.001 from the old ones in reverse order"),
    ],
)
def test_the_difference_is_told_as_it_is(params, told):
    assert told in LESSON.details(params, run(params))


def test_dropout_is_no_reason_why_self_attention_is_not_reversed():
    """Without dropout it is not reversed either: it has a bias for each distance, and in the decoder a mask."""
    for stack in ("encoder", "decoder"):
        assert rows_moved(run(Params(change="reverse the tokens", stack=stack)).moved_attention)


def test_dropout_that_leaves_reversed_tokens_alone_is_told_as_chance():
    lucky = Params(feed_forward_proj="gelu", change="reverse the tokens", d_ff=4, dropout_rate=0.2)
    result = run(lucky)
    assert not ((result.dropped == 0) != (result.dropped == 0).flip(0)).any()
    assert "for which dropout happens to draw one mask both ways, but not those" in LESSON.caption(lucky, result)
    assert "happens" not in LESSON.caption(
        Params(change="reverse the tokens"), run(Params(change="reverse the tokens"))
    )
