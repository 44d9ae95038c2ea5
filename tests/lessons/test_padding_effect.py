"""Padding is neutral where a mask hides it and every token keeps its position."""

import pytest
import torch

from explorable.params import BadParam
from lessons.padding_effect import (
    DEFAULT,
    FIXED,
    LESSON,
    ROUNDING,
    SPANS,
    T5,
    Params,
    caption,
    details,
    facts,
    moved,
    setting_of,
)
from models.hugging_face import BertConfig, BertModel

run = LESSON.run


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


def tiny(name):
    """A model of this architecture with random weights, in eval mode."""
    from transformers import GPT2Config, GPT2Model, LlamaConfig, LlamaModel, RobertaConfig, RobertaModel

    small = {
        "vocab_size": 32,
        "hidden_size": 16,
        "num_attention_heads": 2,
        "num_hidden_layers": 1,
        "intermediate_size": 16,
    }
    built = {
        "BERT": lambda: BertModel(BertConfig(**small, initializer_range=0.5)),
        "RoBERTa": lambda: RobertaModel(RobertaConfig(**small, initializer_range=0.5, pad_token_id=1)),
        "Llama": lambda: LlamaModel(LlamaConfig(**small, initializer_range=0.5)),
        "GPT-2": lambda: GPT2Model(GPT2Config(vocab_size=32, n_embd=16, n_head=2, n_layer=1, initializer_range=0.5)),
    }
    torch.manual_seed(0)
    return built[name]().eval()


def stays(name, side, mask, positions):
    """Whether three cells of padding leave the output of the real tokens alone, up to rounding."""
    model, ids = tiny(name), torch.tensor([[5, 6, 7, 8]])
    ends, real = ((3, 0), slice(3, 7)) if side == "left" else ((0, 3), slice(0, 4))
    keep = torch.nn.functional.pad(torch.ones_like(ids), ends)
    inputs = {"input_ids": torch.nn.functional.pad(ids, ends, value=1)}
    if mask:
        inputs["attention_mask"] = keep
    if positions:
        inputs["position_ids"] = (keep.cumsum(1) - 1).clamp(min=0)
    with torch.no_grad():
        return bool((model(**inputs)[0][0, real] - model(ids)[0][0]).abs().max() < 1e-4)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (("BERT", "right", True, False), True),
        (("BERT", "right", False, False), False),
        (("BERT", "left", True, False), False),
        (("BERT", "left", True, True), True),
        (("GPT-2", "right", False, False), True),  # the causal mask hides what comes later
        (("GPT-2", "left", True, False), False),  # absolute positions
        (("GPT-2", "left", True, True), True),
        (("Llama", "left", True, False), True),  # rotary positions are relative
        (("RoBERTa", "left", True, False), True),  # counts its positions from the first real token by itself
        (("RoBERTa", "left", False, False), False),
    ],
)
def test_the_truth_holds_of_other_architectures_too(case, expected):
    """Where no real token attends to padding and none changes position, and only there: BERT is not all models."""
    assert stays(*case) == expected


@pytest.mark.parametrize("pads", [0, 4, 32])
@pytest.mark.parametrize("model", [SPANS, T5])
def test_the_words_never_speak_of_padding_that_is_not_there(model, pads):
    params = Params(model=model, pads=pads)
    result = run(params)
    more = details(params, result)
    assert ("No padding is added." in more) == (pads == 0) and ("longest row," in more) == (pads == 0)
    questions = 10 if model == SPANS else len(facts())
    assert f"The {questions} questions of the small set, in one batch padded to its longest row" in more
    told = caption(params, result)
    assert ("stays" in told) == (moved(result) == 0)
    same = result.answer_alone == result.answer_padded
    assert ("still answers" in told, "now answers" in told) == (same, not same)


def test_without_added_cells_the_small_set_is_padded_all_the_same():
    accuracy = run(Params(pads=0)).accuracy
    assert accuracy["left, no mask, default positions"] < accuracy["each alone"]


def test_the_first_trap_moves_every_token_and_its_answer_but_not_all_answers():
    result = run(Params(**LESSON.traps[0].params))
    assert moved(result) == len(result.tokens) and result.answer_padded != result.answer_alone
    assert 0 < result.accuracy["left, mask, default positions"] < result.accuracy["each alone"]


@pytest.mark.parametrize("model", [SPANS, T5])
@pytest.mark.parametrize("pads", [0, 16])
def test_a_mean_over_all_cells_counts_the_padding_that_a_mask_hides_from_attention(model, pads):
    result = run(Params(model=model, padding_side="right", pads=pads))
    assert result.pooled_gap["real cells"] < ROUNDING
    assert (result.pooled_gap["all cells"] > 0.01) == (pads > 0)


@pytest.mark.parametrize(
    ("masked", "said"), [(True, "the model's answer stays empty"), (False, "the model now answers “Fijian”")]
)
def test_an_empty_answer_is_called_empty(masked, said):
    params = Params(model=T5, question="When did the bridge open?", attention_mask=masked)
    result = run(params)
    assert result.answer_alone == "" and said in LESSON.caption(params, result)
    details = LESSON.details(params, result)
    assert "the answer stays empty" in details if masked else "the answer jumps from empty to 'Fijian'" in details
