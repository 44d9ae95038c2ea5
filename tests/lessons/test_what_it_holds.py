"""What the tree counts is what a real model of the config has."""

from collections import Counter
from dataclasses import replace
from inspect import getfile, getsource
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BeitConfig,
    BeitModel,
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
)

from figures.what_it_holds import call_of, draw
from lessons.config_text import READY
from lessons.what_it_holds import LESSON, Params, caption, details, kept, left, most_names
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
    assert left(result) == f"{result.calls_before} of {result.calls_before}" and result.modules_before == 0

    sizes = {
        "vocab_size": 99,
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    bert, held = BertForMaskedLM(BertConfig(**sizes)).train(), LESSON.run(Params(config=TINY))
    assert held.modules_before == sum(isinstance(module, nn.Dropout) for module in bert.modules()) == held.calls_before
    assert left(held) == f"0 of {held.calls_before}" and kept(held) == "none of them"


def test_a_search_keeps_the_names_that_hold_it(bart):
    params = Params(config=BART, search="fc1")
    result = LESSON.run(params)
    assert [name for name, *_ in result.found] == [name for name, _ in bart[1].named_parameters() if "fc1" in name]
    assert "8 parameters" in caption(params, result)
    assert LESSON.run(replace(params, search="nowhere")).found == []


def rows_of(table):
    return [
        [(cell[0] if isinstance(cell, list) else cell).replace("\u00a0", " ") for cell in row] for row in table["rows"]
    ]


def table(config):
    """The rows of the hero: a class and how many, where its rate stands, its calls, how many the loop leaves."""
    params = Params(config=config)
    [drawn] = draw(params, LESSON.run(params))["rows"][0]
    assert drawn["veiled"] == "cells" and "if isinstance(m, nn.Dropout): m.p = 0" in drawn["title"]
    return rows_of(drawn)


def layer(config):
    """The rows of what one layer holds: what, what the loop does with it, the call that reads it, whether that drops."""
    params = Params(config=config)
    result = LESSON.run(params)
    rows = draw(params, result)["rows"]
    return rows_of(next(panel for row in rows for panel in row if panel["title"] == f"each {result.holder}"))


def test_beside_a_rate_stands_the_call_that_reads_it():
    assert layer(BART) == [
        ["BartAttention", "no", "", ""],
        ["LayerNorm ×2", "no", "", ""],
        ["GELUActivation", "no", "", ""],
        ["Linear ×2", "no", "", ""],
        ["self.dropout = 0.1", "no: float", "F.dropout(…, p=self.dropout) ×2", "yes"],
    ]
    attention, *_, first, second = layer(READY["BART base"])  # whose rate is not 0 there
    assert attention == ["BartAttention", "no", "its own, counted above", ""]
    rates = [first, second]
    assert [row[0] for row in rates] == ["self.dropout = 0.1", "self.activation_dropout = 0.1"]
    assert [row[2] for row in rates] == ["F.dropout(…, p=self.dropout) ×2", "F.dropout(…, p=self.activation_dropout)"]
    assert layer(TINY)[-1] == ["nn.Dropout(0.1)", "yes", "F.dropout(…, p=dropout)", "no: p = 0"]
    assert layer(T5)[-1] == ["self.dropout = 0.1", "no: float", "F.dropout(…, p=dropout)", "yes"]


BLOOM = '{"model_type": "bloom", "vocab_size": 99, "hidden_size": 16, "n_head": 2, "n_layer": 1, "hidden_dropout": 0.1, "attention_dropout": 0.1}'


def test_a_call_that_names_none_of_several_rates_has_a_row_of_its_own():
    rows = layer(BLOOM)
    assert ["nn.Dropout(0.1)", "yes", "", ""] in rows and ["self.hidden_dropout = 0.1", "no: float", "", ""] in rows
    assert rows[-2:] == [["", "", "F.dropout(…, self.p)", "no: p = 0"], ["", "", "F.dropout(…, p=prob)", "yes"]]


def test_each_class_says_where_its_rate_stands_and_what_the_loop_leaves():
    assert table(READY["BART base"]) == [
        ["6 × BartDecoderLayer", "dropout, activation_dropout: floats", "4 each: 24", "24 of 24"],
        ["18 × BartAttention", "self.dropout = 0.1: a float", "1 each: 18", "18 of 18"],
        ["6 × BartEncoderLayer", "dropout, activation_dropout: floats", "3 each: 18", "18 of 18"],
        ["1 × BartEncoder", "self.dropout = 0.1: a float", "1", "1 of 1"],
        ["1 × BartDecoder", "self.dropout = 0.1: a float", "1", "1 of 1"],
        ["all classes", "", "62", "62 of 62"],
    ]
    assert table(READY["GPT-2"])[0] == ["12 × GPT2Attention", "nn.Dropout(0.1): modules", "2 each: 24", "0 of 24"]
    assert [
        "1 × BloomAttention",
        "self.hidden_dropout = 0.1: a float; nn.Dropout(0.1): a module",
        "2",
        "1 of 2",
    ] in table(BLOOM)


def test_of_many_classes_the_smallest_are_one_row(bart):
    params, result = Params(config=BART), bart[0]
    made = [[f"C{at}", 2, 0 if at == 7 else 1, 2, 0] for at in range(8)]
    many = replace(result, calls=made, stands=[["C7", "nn.Dropout(0.2)", "dropout", 1]], calls_before=16, calls_after=0)
    [drawn] = draw(params, replace(many, holder="C0"))["rows"][0]
    rows = rows_of(drawn)
    assert len(rows) == 7 and rows[0] == ["2 × C0", "elsewhere", "1 each: 2", "0 of 2"]
    assert rows[5:] == [
        ["3 other classes", "nn.Dropout(0.2): modules", "6", "0 of 6"],
        ["all classes", "", "16", "0 of 16"],
    ]


def test_of_a_call_the_rate_is_kept_and_of_a_line_that_breaks_off_all():
    assert call_of("return F.dropout(input, self.p, self.training, self.inplace)") == "F.dropout(…, self.p)"
    assert call_of("x = nn.functional.dropout(x, training=True, p=rate)") == "F.dropout(…, p=rate)"
    assert call_of("x = nn.functional.dropout(") == "x = nn.functional.dropout("


def test_the_rows_of_the_classes_add_up_to_the_number_that_is_asked_for():
    for config in (BART, TINY, T5, READY["BART base"]):
        result, [*classes, total] = LESSON.run(Params(config=config)), table(config)
        parts = [tuple(map(int, row[3].split(" of "))) for row in classes]
        assert [sum(part) for part in zip(*parts, strict=True)] == [result.calls_after, result.calls_before]
        assert total == ["all classes", "", str(result.calls_before), left(result)]
        assert all(each * makers in (0, many) for _, makers, each, many, _ in result.calls)
        lines = sum(many for _, _, many, _ in result.lines)
        assert [each for kind, _, each, *_ in result.calls if kind == result.holder] == [lines]


def test_in_bart_base_18_calls_are_those_of_the_attention():
    result = LESSON.run(Params())
    assert left(result) == "62 of 62"
    assert [many for kind, _, _, many, _ in result.calls if kind == "BartAttention"] == [18]


def test_the_number_asked_for_stands_once():
    """In the table of the classes; where a text is searched there is none in the hero, so the facts give it."""
    for search, shown in (("", False), ("fc1", True)):
        params = Params(search=search)
        facts = draw(params, LESSON.run(params))["rows"][1][0]["items"]
        assert ("left" in [item["key"] for item in facts]) == shown


def test_a_layer_is_written_out_as_the_loop_meets_it(bart):
    result, model = bart
    layer = model.model.encoder.layers[0]
    assert result.holder == type(layer).__name__ and layer.dropout == 0.1
    assert {row[0]: row[2] for row in result.held if row[1] == "module"} == Counter(
        type(m).__name__ for m in layer.children()
    )
    assert not any(isinstance(m, nn.Dropout) for m in layer.modules())


def test_where_a_text_is_searched_the_hero_says_where_the_names_are_that_hold_it(bart):
    params = Params(config=BART, search="layers.1")
    result = LESSON.run(params)
    found = Counter(
        name.partition("layers.1")[0] + "layers.1" for name, _ in bart[1].named_parameters() if "layers.1" in name
    )
    assert draw(params, result)["rows"][0][2]["rows"] == [[place, many] for place, many in found.items()]


T5 = '{"model_type": "t5", "vocab_size": 32, "d_model": 8, "d_kv": 4, "d_ff": 16, "num_heads": 2, "num_layers": 1}'
LLAMA = (
    '{"model_type": "llama", "vocab_size": 99, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, '
    '"num_attention_heads": 2, "attention_dropout": 0.1}'
)


def test_in_t5_the_loop_stops_the_modules_and_misses_the_floats():
    params = Params(config=T5)
    result = LESSON.run(params)
    assert 0 < result.calls_after < result.calls_before
    assert result.modules_before > 0
    assert result.rates == [["T5Attention.dropout = 0.1", result.calls_after]]
    assert most_names(result) == 4


def test_a_model_without_a_call_of_f_dropout_may_drop_in_another_way(bart):
    told = caption(Params(config=BART), replace(bart[0], calls_before=0))
    assert told.startswith("In this bart no call of F.dropout drops values")
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    model = BeitModel(BeitConfig(**sizes, image_size=32, drop_path_rate=0.5)).train()
    torch.manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    hidden = model(torch.ones(8, 3, 32, 32)).last_hidden_state
    assert len(hidden.unique(dim=0)) > 1  # of equal images whole samples were dropped from a residual


def test_of_two_calls_that_are_left_both_are_said_and_a_llama_saves_none_of_its_buffers():
    params = Params(config=LLAMA)
    result = LESSON.run(params)
    assert caption(params, result).endswith(
        "2 dropout calls drop values in train mode, and after the loop over nn.Dropout both still do."
    )
    assert kept(result) == "none of them"
    assert "It has 2 buffers, of which state_dict() holds none. It has no nn.Dropout module" in details(params, result)


def test_the_head_of_gpt_2_is_its_embedding_under_two_names():
    model = GPT2LMHeadModel(GPT2Config(vocab_size=99, n_embd=8, n_layer=1, n_head=2))
    weight = model.get_input_embeddings().weight
    assert sum(p is weight for _, p in model.named_parameters(remove_duplicate=False)) == 2
    assert sum(p is weight for _, p in model.named_parameters()) == 1


def test_bart_without_its_head_has_three_names_for_its_embedding(bart):
    weight = bart[1].get_input_embeddings().weight
    assert sum(p is weight for _, p in bart[1].model.named_parameters(remove_duplicate=False)) == 3
    assert not any(isinstance(module, nn.Dropout) for module in bart[1].modules())


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("shared.w", '"shared.w" is in the name of 1 parameter of this bart, with 1584 numbers.'),
        ("fc1", '"fc1" is in the names of 8 parameters of this bart, with 1632 numbers.'),
        ("a, b", '"a, b" is in the names of 0 parameters of this bart.'),
    ],
)
def test_the_searched_text_is_told_as_it_is_and_its_names_in_the_right_number(search, said):
    params = Params(config=BART, search=search)
    result = LESSON.run(params)
    assert caption(params, result) == said
    assert details(params, result).endswith(f"is in {result.found_count or 'no'} name{'s' * (result.found_count > 1)}.")


def test_two_tied_parameters_are_no_single_one():
    params = Params(config=TINY)
    told = details(params, LESSON.run(params))
    assert "2 parameters under several names: bert.embeddings.word_embeddings.weight = " in told


def test_the_numbers_of_a_block_of_a_llama_of_8_billion():
    hidden, inner, keys, rows = 4096, 14336, 1024, 128_256
    attention, feed_forward = 2 * hidden**2 + 2 * hidden * keys, 3 * hidden * inner
    assert (round(attention / 1e6), round(feed_forward / 1e6)) == (42, 176)
    assert round(32 * feed_forward / 1e9, 1) == 5.6 and round(rows * hidden / 1e9, 1) == 0.5
    assert 32 * (attention + feed_forward) > 2 * rows * hidden


def test_layer_1_finds_layer_10_and_11_too():
    model = BertForMaskedLM(BertConfig(hidden_size=4, num_attention_heads=1, intermediate_size=4, vocab_size=9))
    found = {name.split(".")[3] for name, _ in model.named_parameters() if "layer.1" in name}
    assert found == {"1", "10", "11"}


def test_the_lines_that_are_shown_are_of_the_source_that_drops(bart):
    result, model = bart
    [[file, text, many, stay]] = result.lines
    layer = model.model.encoder.layers[0]
    assert file == Path(getfile(type(layer))).name and many == stay == 2
    assert [line.strip() for line in getsource(type(layer)).split("\n")].count(text) == many
    assert "p=self.dropout" in text
    assert result.rates[0][0] == f"{type(layer).__name__}.dropout = {layer.dropout:g}"
