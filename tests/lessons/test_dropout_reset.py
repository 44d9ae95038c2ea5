"""Laws of the loop over model.modules(), on real T5, BERT and BART modules."""

import socket
import subprocess
import sys
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lessons.dropout_reset import LESSON, Params

run = LESSON.run


@pytest.fixture(scope="module")
def program():
    """The names that the program binds when it runs alone."""
    with torch.random.fork_rng(devices=[]):
        return SimpleNamespace(**run_path(str(Path(__file__).parents[2] / "programs" / "dropout_reset.py")))


HUGGING_FACE = ["T5Model", "BertModel", "BartModel"]


def passes_are_equal(architecture, **params):
    return [not largest for largest in run(Params(architecture=architecture, **params)).largest]


def test_the_loop_is_enough_for_bert_and_not_for_t5_and_bart():
    assert passes_are_equal("BertModel") == [False, True, True]
    assert passes_are_equal("T5Model") == passes_are_equal("BartModel") == [False, False, True]


def test_t5_keeps_the_dropout_of_its_attention_as_floats():
    result = run(Params(architecture="T5Model"))
    missed = {place for place, p in result.after_loop.items() if p}
    assert {place.rsplit(".", 2)[1] for place in missed} == {"SelfAttention", "EncDecAttention"}
    assert {result.types[place.rpartition(".")[0]] for place in missed} == {"T5Attention"}


def test_bart_has_no_dropout_module_so_the_loop_changes_nothing():
    result = run(Params(architecture="BartModel"))
    assert result.n_reset == 0 and result.matched == [] and result.after_loop == result.before
    assert torch.equal(result.difference_loop, result.difference_before)


@pytest.mark.parametrize("architecture", HUGGING_FACE)
def test_the_complete_loop_sets_every_probability_and_counts_them_all(architecture):
    result = run(Params(architecture=architecture, p=0.25))
    assert set(result.after_complete.values()) == {0.25}
    assert result.n_complete == len(result.before) == len(result.after_complete)


def test_without_the_branch_for_activation_dropout_two_passes_of_bart_still_differ():
    result = run(Params(architecture="BartModel", attributes="dropout"))
    assert {place.rpartition(".")[2] for place, p in result.after_complete.items() if p} == {"activation_dropout"}
    assert result.largest[2] > 0


def test_the_siblings_of_dropout_are_found_by_their_parent_class_only():
    assert run(Params(architecture="Tagger", family="nn.Dropout")).matched == ["dropout"]
    assert run(Params(architecture="Tagger", family="_DropoutNd")).matched == ["word_dropout", "dropout"]


def test_modules_lists_a_shared_module_once_and_the_loop_counts_it_once(program):
    shared = nn.Dropout(0.1)
    assert program.reset_dropout(nn.Sequential(shared, nn.Linear(1, 1), shared), 0.5, nn.Dropout, ()) == 1
    assert shared.p == 0.5


def test_a_dropout_module_of_the_name_dropout_is_not_replaced_by_a_float(program):
    model = program.Tagger(0.1)
    program.reset_dropout(model, 0.5, nn.Dropout, ("dropout",))
    assert isinstance(model.dropout, nn.Dropout) and model.lstm.dropout == model.attention.dropout == 0.5


def test_in_eval_mode_two_passes_are_equal_without_any_loop(program):
    model = program.Tagger(0.1)
    first, second = program.two_passes(model, {"input_ids": program.ids}, seed=0)
    assert not first.equal(second)
    first, second = program.two_passes(model.eval(), {"input_ids": program.ids}, seed=0)
    assert first.equal(second)
    assert any(program.probabilities(model).values())


@pytest.mark.parametrize("architecture", HUGGING_FACE)
def test_the_config_keeps_the_old_probability(architecture):
    config = run(Params(architecture=architecture, p=0.5)).config
    assert config and set(config.values()) == {0.1}


def test_nothing_asks_the_network(monkeypatch):
    def refuse(*args):
        raise AssertionError("a tiny model built from its config needs no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for architecture in HUGGING_FACE:
        run(Params(architecture=architecture))


def test_importing_the_lesson_does_not_import_transformers():
    code = "import lessons.dropout_reset, sys; sys.exit('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


@pytest.mark.parametrize("architecture", [*HUGGING_FACE, "Tagger"])
@pytest.mark.parametrize("p", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("attributes", ["dropout, activation_dropout", "dropout"])
def test_the_words_say_what_the_passes_did(architecture, p, attributes):
    params = Params(architecture=architecture, p=p, attributes=attributes)
    result = run(params)
    told, more = LESSON.caption(params, result), LESSON.details(params, result)
    assert f"sets {result.n_reset or 'none'} of {len(result.before)}" in told
    assert told.endswith("are equal to the last bit." if not result.largest[1] else "differ.")
    assert more.count("are equal to the last bit") == [*map(bool, result.largest)].count(False)
    assert (f"misses {len(result.before) - result.n_complete}." in more) == (result.n_complete < len(result.before))


@pytest.mark.parametrize("kind", [nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout])
def test_the_other_dropout_classes_are_siblings_of_nn_dropout(kind):
    assert not isinstance(kind(0.1), nn.Dropout)
    assert isinstance(kind(0.1), nn.modules.dropout._DropoutNd)


def test_the_loop_sets_one_of_the_taggers_four_places():
    result = run(Params(architecture="Tagger"))
    assert (result.n_reset, len(result.before)) == (1, 4)
    assert [place for place, p in result.after_loop.items() if p] == [
        "word_dropout.p",
        "lstm.dropout",
        "attention.dropout",
    ]


@pytest.mark.parametrize("architecture", [*HUGGING_FACE, "Tagger"])
def test_the_loop_misses_exactly_what_modules_of_another_class_keep(architecture):
    result = run(Params(architecture=architecture, p=0.5))
    kept = {place: result.types[place.rpartition(".")[0]] for place in result.before}
    missed = [place for place, p in result.after_loop.items() if p != 0.5]
    assert missed == [place for place, kind in kept.items() if kind != "Dropout"]


def test_bart_has_no_dropout_module_until_a_head_brings_one():
    from transformers import BartConfig, BartForSequenceClassification, BartModel

    sizes = {"vocab_size": 32, "d_model": 8, "encoder_layers": 1, "decoder_layers": 1}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    config = BartConfig(**sizes, **heads, encoder_ffn_dim=8, decoder_ffn_dim=8)
    assert not any(isinstance(m, nn.Dropout) for m in BartModel(config).modules())
    assert any(isinstance(m, nn.Dropout) for m in BartForSequenceClassification(config).modules())


def test_a_saved_model_comes_back_with_the_p_of_its_config(tmp_path):
    from transformers import BertConfig, BertModel

    sizes = {"vocab_size": 32, "hidden_size": 8, "intermediate_size": 16}
    model = BertModel(BertConfig(**sizes, num_attention_heads=2, num_hidden_layers=1))
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.5
    model.save_pretrained(tmp_path)
    back = BertModel.from_pretrained(tmp_path)
    assert {module.p for module in back.modules() if isinstance(module, nn.Dropout)} == {0.1}


def test_a_dropout_takes_any_p_from_0_to_1_and_at_0_keeps_every_entry():
    x = torch.ones(100)
    assert nn.Dropout(0.0)(x).equal(x) and not nn.Dropout(1.0)(x).any()
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            nn.Dropout(p)
