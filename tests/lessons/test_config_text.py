"""A config is data: what is refused is refused in one sentence that names the field, before anything is built."""

import json

import pytest

import lessons.config_text as hub
from explorable.params import IN_A_LINK, BadParam
from lessons.config_text import FAMILIES, READY, cannot, config_text, given_of, name_of, values_of
from lessons.will_it_fit import LESSON, Params

BERT = {"model_type": "bert"}
REFUSED = {
    "": "config must be the text of a config.json",
    "[1]": "config must be a JSON object",
    "[" * 90_000: "nested too deep",
    '{"a": NaN}': "config must be the text of a config.json",
    "{}": "no model_type",
    '{"model_type": "nonesuch"}': "model_type must be one of",
    '{"model_type": ["bert"]}': "model_type must be one of",
    json.dumps({**BERT, "num_hidden_layers": 10**9}): "num_hidden_layers must be a whole number from 1 to 200",
    json.dumps({**BERT, "num_attention_heads": -4}): "num_attention_heads must be a whole number from 1",
    json.dumps({**BERT, "hidden_size": 64.5}): "hidden_size must be a whole number",
    json.dumps({**BERT, "hidden_size": "64"}): "hidden_size must be a whole number",
    json.dumps({**BERT, "vocab_size": 10**30}): "vocab_size must be a whole number",
    json.dumps({**BERT, "hidden_act": "x" * 300}): "hidden_act must have at most 200 characters",
    json.dumps({**BERT, "rope_parameters": {"a": {"b": {"c": {"d": 1}}}}}): "rope_parameters is nested too deep",
    json.dumps({**BERT, "layers": [1] * 20_001}): "layers holds 20,001 values",
    json.dumps({"model_type": "resnet", "depths": [3, 10**9]}): "depths must be a whole number from 1 to 200",
    json.dumps({"model_type": "bart", "encoder_layerdrop": 0.1}): "encoder_layerdrop must be 0 or left out, not 0.1",
    json.dumps({"model_type": "opt", "layerdrop": 1}): "layerdrop must be 0 or left out, not 1",
    json.dumps({"model_type": "resnet", "hidden_sizes": [64, -1]}): "hidden_sizes must be a whole number from 1",
}
BUILT = {  # refused by transformers or torch, in the process of the program
    json.dumps({**BERT, "hidden_size": 65}): "65",
    json.dumps({**BERT, "hidden_act": "os.system"}): "os.system",
    json.dumps({**BERT, "layer_norm_eps": "tiny"}): "layer_norm_eps",
    json.dumps({"model_type": "bloom"}): "set attention to eager",
}


@pytest.mark.parametrize("config", REFUSED, ids=lambda config: REFUSED[config])
def test_what_is_no_config_is_refused_in_one_sentence(config):
    with pytest.raises(BadParam, match=".") as refused:
        config_text(config)
    said = str(refused.value)
    assert REFUSED[config] in said and said.startswith("config") and said.endswith(".") and len(said) < 300


@pytest.mark.parametrize("config", BUILT, ids=lambda config: BUILT[config])
def test_what_cannot_be_built_is_refused_in_one_sentence(config):
    with pytest.raises(BadParam) as refused:
        LESSON.run(Params(config=config))
    said = str(refused.value)
    assert BUILT[config] in said and said.endswith(".") and "\n" not in said and len(said) < 400


def test_a_layerdrop_of_0_is_read():
    """As the config.json of many a BART has it."""
    assert json.loads(config_text('{"model_type": "bart", "encoder_layerdrop": 0.0}'))["encoder_layerdrop"] == 0


def test_nothing_that_could_be_followed_is_left():
    followed = {
        "auto_map": {"AutoModelForMaskedLM": "evil--modeling.Evil"}, "attn_implementation": "evil/kernel", "_name_or_path": "/etc",
        "_attn_implementation": "evil/kernel", "quantization_config": {"quant_method": "x"}, "architectures": ["Evil"], "dtype": "x",
    }  # fmt: skip
    assert json.loads(config_text(json.dumps({**BERT, **followed, "hidden_size": 48}))) == {**BERT, "hidden_size": 48}


def test_a_name_of_the_hub_stands_for_its_config_which_is_read_as_any_other(monkeypatch):
    fetched = {**BERT, "hidden_size": 48, "auto_map": {"AutoModel": "evil--modeling.Evil"}}
    asked = []
    monkeypatch.setattr(hub, "fetch_config", lambda repo, progress: asked.append(repo) or json.dumps(fetched))
    assert json.loads(config_text(" someone/bert ")) == {**BERT, "hidden_size": 48}
    assert values_of(Params(config="someone/bert"))["config"] == json.dumps({**BERT, "hidden_size": 48})
    assert set(asked) == {"someone/bert"}


def test_a_config_of_the_hub_that_is_none_of_ours_is_refused_by_its_field(monkeypatch):
    monkeypatch.setattr(hub, "fetch_config", lambda repo, progress: '{"model_type": "nonesuch"}')
    with pytest.raises(BadParam, match="config: model_type must be one of"):
        config_text("someone/other")


def test_offline_a_name_of_the_hub_is_one_sentence_with_what_to_do_instead():
    with pytest.raises(BadParam) as refused:
        config_text("someone/tiny")
    said = str(refused.value)
    assert said == (
        "config: The Hugging Face Hub cannot be reached, so someone/tiny is not available; paste the text of its config.json instead."
    )


def test_labels_are_counted():
    config = json.dumps({"model_type": "vit", "id2label": {str(k): "x" for k in range(7)}})
    assert json.loads(config_text(config))["num_labels"] == 7


def test_a_ready_config_has_its_name_however_it_is_spaced():
    for name, text in READY.items():
        assert name_of(text) == name_of(json.dumps(json.loads(text))) == name
        assert json.loads(text)["model_type"] in FAMILIES
    assert name_of(json.dumps(BERT)) == "this bert"


def test_a_long_config_is_read_from_a_file_on_a_laptop_and_given_here():
    config = json.dumps({**BERT, **{f"note_{k}": k for k in range(300)}})
    params = Params(config=config)
    assert len(config_text(config)) > IN_A_LINK
    assert values_of(params)["file"] == "config.json" and values_of(params)["config"] == ""
    assert json.loads(given_of(params)["text"])["note_299"] == 299


def test_an_error_of_many_lines_is_one_sentence():
    said = cannot("ValueError: Field 'x' expected int.\n\nMore of it\nand more")
    assert said == "config: transformers cannot make and train this model (ValueError: Field 'x' expected int)."
