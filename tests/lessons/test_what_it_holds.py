"""What the tree counts is what a real model of the config has."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from transformers import BartConfig, BartForConditionalGeneration, BertConfig, BertForMaskedLM

from figures.what_it_holds import draw
from lessons.what_it_holds import LESSON, Params, caption, kept, left, most_names
from tests.corners import TINY

BART = '{"model_type": "bart", "vocab_size": 99, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24}'
SIZES = {
    "vocab_size": 99,
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 24,
}


@pytest.fixture(scope="module")
def bart():
    return LESSON.run(Params(config=BART)), BartForConditionalGeneration(BartConfig(**SIZES))


def test_numbers_names_and_bytes_are_those_of_a_real_model(bart):
    result, model = bart
    assert result.numel == sum(result.parts.values()) == sum(p.numel() for p in model.parameters())
    assert result.by_dtype == {"float32": sum(p.nbytes for p in model.parameters())}
    assert [name for name, *_ in result.buffers] == [name for name, _ in model.named_buffers()]
    for names in result.tied:
        assert len({id(model.get_parameter(name)) for name in names}) == 1
    assert most_names(result) == 4


def test_a_row_of_the_tree_counts_for_all_that_it_stands_for(bart):
    result, model = bart
    assert result.tree[0][:5] == [0, "", "BartForConditionalGeneration", 1, result.numel]
    folded = {row[1]: row[3] for row in result.tree if row[3] > 1}
    assert folded == {"model.encoder.layers.0": 2, "model.decoder.layers.0": 2}
    assert all(row[2] == type(model.get_submodule(row[1])).__name__ for row in result.tree)


def test_the_loop_leaves_bart_random_and_stops_bert(bart):
    result, model = bart
    tokens = torch.arange(8)[None]
    for module in model.train().modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    with torch.random.fork_rng():
        assert not torch.equal(model(tokens).logits, model(tokens).logits)
    assert left(result) == "all of them" and result.modules_before == 0

    sizes = {
        "vocab_size": 99,
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    bert, held = BertForMaskedLM(BertConfig(**sizes)).train(), LESSON.run(Params(config=TINY))
    assert held.modules_before == sum(isinstance(module, nn.Dropout) for module in bert.modules()) == held.calls_before
    assert left(held) == kept(held) == "none of them"


def test_a_search_keeps_the_names_that_hold_it(bart):
    params = Params(config=BART, search="fc1")
    result = LESSON.run(params)
    assert [name for name, *_ in result.found] == [name for name, _ in bart[1].named_parameters() if "fc1" in name]
    assert "8 parameters" in caption(params, result)
    assert LESSON.run(replace(params, search="nowhere")).found == []


def test_the_loop_that_is_drawn_is_the_one_that_ran():
    params = Params(config=BART)
    [[loop, _, bars], [facts]] = draw(params, result := LESSON.run(params))["rows"][:2]
    shown = " ".join(row[0].strip() for row in loop["rows"])
    assert shown in " ".join(LESSON.snippet(params).split())
    assert bars["values"] == [result.calls_before, result.calls_after]
    assert facts["items"][0]["label"].startswith(f"of {result.calls_before} dropout calls") and facts["items"][0][
        "text"
    ] == left(result)
