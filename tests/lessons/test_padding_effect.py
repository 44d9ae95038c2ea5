"""Padding is neutral where a mask hides it and every token keeps its position."""

import pytest
import torch

from explorable.params import BadParam
from lessons.padding_effect import DEFAULT, FIXED, SPANS, T5, Params, run, setting_of

ROUNDING = 1e-4


@pytest.mark.parametrize("model", [SPANS, T5])
def test_without_padding_nothing_moves(model):
    result = run(Params(model=model, pads=0))
    assert result.gap.max() < ROUNDING and result.answer_alone == result.answer_padded
    assert result.keep.all()


@pytest.mark.parametrize("pads", [4, 16, 32])
@pytest.mark.parametrize(("side", "ids"), [("right", DEFAULT), ("right", FIXED), ("left", FIXED)])
def test_a_mask_and_the_right_positions_make_padding_neutral_in_a_bert(side, ids, pads):
    result = run(Params(padding_side=side, position_ids=ids, pads=pads))
    assert result.gap.max() < ROUNDING and result.hidden_gap.max() < ROUNDING
    assert result.answer_padded == result.answer_alone == "Paris"


def test_padding_on_the_left_moves_every_real_token_of_a_bert():
    result = run(Params(padding_side="left", position_ids=DEFAULT))
    assert (result.hidden_gap > 0.01).all()


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_mask_alone_makes_padding_neutral_in_a_t5(side):
    result = run(Params(model=T5, padding_side=side))
    assert result.gap.max() < ROUNDING and result.answer_padded == result.answer_alone


@pytest.mark.parametrize("model", [SPANS, T5])
def test_without_a_mask_padding_is_read_as_text(model):
    assert run(Params(model=model, padding_side="right", attention_mask=False)).gap.max() > 0.1


@pytest.mark.parametrize("model", [SPANS, T5])
def test_neutral_padding_costs_no_answer_of_the_set_and_the_rest_does(model):
    accuracy = run(Params(model=model, pads=32)).accuracy
    neutral = [Params(model=model, padding_side="right"), Params(model=model, padding_side="left", position_ids=FIXED)]
    assert accuracy["each alone"] > 0.8
    assert all(accuracy[setting_of(params)] == accuracy["each alone"] for params in neutral)
    worst = Params(model=model, padding_side="left", attention_mask=False)
    assert accuracy[setting_of(worst)] < accuracy["each alone"]


def test_the_inputs_hold_the_real_tokens_where_keep_says_so():
    result = run(Params(pads=4))
    ids, mask = result.inputs["input_ids"], result.inputs["attention_mask"]
    assert torch.equal(mask.bool(), result.keep) and (ids[~result.keep] == 0).all()
    assert ids.shape == (1, len(result.tokens) + 4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"question": " "}, "question must have 1 to 80 tokens, not 0."),
        ({"question": " ", "model": T5}, "question must have 1 to 80 tokens, not 0."),
        ({"context": ""}, "context must have 1 to 300 tokens, not 0."),
        ({"context": "漢" * 310}, "context must have 1 to 300 tokens, not 310."),
    ],
)
def test_what_cannot_be_read_is_one_sentence_with_the_field_and_its_range(change, sentence):
    with pytest.raises(BadParam) as refused:
        run(Params(**change))
    assert str(refused.value) == sentence


def test_unknown_words_are_named():
    assert run(Params(question="Where is ☃?")).unknown_words == ["☃"]
    assert run(Params(model=T5, question="What is the capital of Zorgonia?")).unknown_words == ["Zorgonia"]
