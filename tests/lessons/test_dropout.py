"""Laws of dropout: who hears eval(), and what goes as a whole."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lessons.dropout import DEAF, LESSON, ONE_LAYER, Params

run = LESSON.run
LAYERS = [layer for layer in Params.__annotations__["layer"].__args__ if layer != ONE_LAYER]


@pytest.mark.parametrize("layer", LAYERS)
def test_a_kept_entry_is_its_input_times_the_scale_and_eval_reaches_modules_alone(layer):
    result = run(Params(layer=layer, mode="eval", input="normal", seed=4))
    torch.testing.assert_close(result.y_train, result.x * result.mask * result.scale)
    assert result.different == (3 if layer in DEAF else 1)
    if layer not in DEAF:
        assert torch.equal(result.y_eval, result.x)
    else:
        torch.testing.assert_close(result.y_eval, result.y_train)


@pytest.mark.parametrize("layer", ["nn.Dropout1d", "nn.Dropout2d", "attention's dropout_p"])
def test_a_row_goes_as_a_whole(layer):
    for seed in range(5):
        mask = run(Params(layer=layer, seed=seed)).mask
        assert all(len(row.unique()) == 1 for row in mask)


def test_with_a_batch_axis_dropout2d_drops_the_channel_as_a_whole():
    channels = nn.Dropout2d(0.5)(torch.ones(1, 64, 3, 4))[0]
    assert all(len(channel.unique()) == 1 for channel in channels)
    with pytest.warns(UserWarning, match="3D input"):
        nn.Dropout2d(0.5)(torch.ones(1, 3, 4))


def test_attention_without_dropout_p_is_the_same_each_time():
    x = torch.randn(3, 4)
    assert torch.equal(F.scaled_dot_product_attention(x, x, x), F.scaled_dot_product_attention(x, x, x))
    heads = nn.MultiheadAttention(4, 1, dropout=0.5).eval()
    assert torch.equal(heads(x, x, x)[0], heads(x, x, x)[0])


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_a_mask_is_drawn_only_where_p_lies_between_0_and_1(layer, p):
    """What the caption says at p = 0 and p = 1: torch's generator stands where it stood."""
    drop = {
        "nn.Dropout": nn.Dropout(p),
        "nn.Dropout1d": nn.Dropout1d(p),
        "nn.Dropout2d": lambda x: nn.Dropout2d(p)(x[None, None]),
        "F.dropout": lambda x: F.dropout(x, p),
        "attention's dropout_p": lambda x: F.scaled_dot_product_attention(x, x, x, dropout_p=p),
    }[layer]
    before = torch.get_rng_state()
    drop(torch.ones(3, 4))
    assert torch.equal(before, torch.get_rng_state()) == (p in (0, 1))
    for mode in ("train", "eval"):
        params = Params(p=p, layer=layer, mode=mode)
        told = LESSON.caption(params, run(params))
        assert ("draws a new mask" in told) == (mode == "train" and 0 < p < 1)
        assert ("no mask is drawn" in told) == (p == 0 and (mode == "train" or layer in DEAF))


def test_a_seed_that_drops_everything_names_no_factor():
    params = Params(layer="attention's dropout_p")
    assert not run(params).mask.any()
    assert "keeps 0 of 12 entries;" in LESSON.caption(params, run(params))


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_an_lstm_of_one_layer_drops_nothing_and_says_so_where_it_was_asked_to(mode, p):
    params = Params(layer=ONE_LAYER, mode=mode, p=p, seed=9)
    result = run(params)
    assert result.different == 1 and torch.equal(result.y_train, result.y_eval) and result.mask.all()
    assert torch.equal(result.calls[0], run(Params(layer=ONE_LAYER)).calls[0])
    assert [text.startswith("dropout option adds dropout") for text in result.warned] == [True] * (p > 0)
    assert ("torch warns" in LESSON.caption(params, result)) == (p > 0)


def test_an_lstm_of_two_layers_does_drop_in_train_mode():
    x = torch.randn(3, 4)
    two = nn.LSTM(4, 4, num_layers=2, dropout=0.5)
    assert not torch.equal(two(x)[0], two(x)[0])
    assert torch.equal(two.eval()(x)[0], two(x)[0])


@pytest.mark.parametrize("input", ["ones", "ramp", "normal"])
@pytest.mark.parametrize("passes", [1, 50, 200])
def test_in_eval_mode_the_mean_is_x_and_no_rounding_is_told(input, passes):
    params = Params(mode="eval", input=input, passes=passes)
    assert "the mean is 0.0 (root mean square) from x, and E[y²]/E[x²] is 1.0." in LESSON.details(params, run(params))


@pytest.mark.parametrize("p", [0.0, 0.5])
def test_the_words_of_one_lstm_layer_quote_a_warning_only_where_torch_gave_one(p):
    params = Params(p=p, layer=ONE_LAYER)
    assert ("torch warns" in LESSON.details(params, run(params))) == (p > 0) == bool(run(params).warned)
