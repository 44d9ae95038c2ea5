"""Laws of walks: each object once, buffers apart from parameters, only what is registered."""

import re

import pytest
import torch

from lessons.traversal import ARCHITECTURES, NAMED, SHIPPED, Params, _model, caption, refused, run


def walked(**params):
    return run(Params(**params)).walked


@pytest.mark.parametrize("walk, once, every", [("named_modules()", 5, 6), ("named_parameters()", 5, 8)])
def test_remove_duplicate_gives_a_shared_object_under_its_first_name(walk, once, every):
    first = walked(walk=walk)
    assert (len(first), len(walked(walk=walk, remove_duplicate=False))) == (once, every)
    assert not any(name.startswith("second") for name in first)


def test_a_tied_t5_has_47_parameters_under_50_names():
    assert len(walked(architecture="T5")) == 47
    extra = set(walked(architecture="T5", remove_duplicate=False)) - set(walked(architecture="T5"))
    assert extra == {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_state_dict_is_every_parameter_and_saved_buffer_under_every_name(architecture):
    result = run(Params(architecture=architecture, walk="state_dict()"))
    assert set(result.walked) == {path for path, tensor in result.tensors.items() if tensor["saved"]}
    buffers = walked(architecture=architecture, walk="buffers()")
    assert not set(buffers) & set(walked(architecture=architecture, walk="parameters()"))
    assert {result.tensors[path]["kind"] for path in buffers} <= {"buffer"}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_counts_are_what_the_walks_give(architecture):
    for walk, count in run(Params(architecture=architecture)).counts.items():
        assert len(walked(architecture=architecture, walk=walk)) == count


def test_modules_go_depth_first_and_children_one_level():
    paths = walked(architecture="CNN", walk="modules()")
    assert paths == ["", "stem", "stem.0", "stem.1", "stem.2", "body", "body.0", "body.1", "body.2", "pool", "head"]
    assert walked(architecture="CNN", walk="children()") == [path for path in paths if path and "." not in path]


def test_a_layer_in_a_list_is_found_but_never_walked():
    result = run(Params(walk="modules()"))
    assert list(result.hidden) == ["extra[0]", "extra[1]"]
    assert not any("extra" in path for path in [*result.places, *result.tensors])
    assert not run(Params(architecture="BERT")).hidden


def test_layer_1_in_name_takes_three_blocks_and_a_regex_with_its_dots_takes_one():
    loose = run(Params(architecture="BERT", pattern="layer.1")).kept
    strict = run(Params(architecture="BERT", pattern=r"layer\.1\.", match="re.search")).kept
    assert {name.split(".")[2] for name in loose} == {"1", "10", "11"}
    assert {name.split(".")[2] for name in strict} == {"1"} and len(strict) * 3 == len(loose)


def test_a_wrong_regex_is_told_with_its_position_and_filters_nothing():
    result = run(Params(architecture="CNN", pattern="stem.[0", match="re.search"))
    assert re.match(r"\w+: unterminated character set at position 5", result.error)
    assert len(result.walked) == 10 and result.kept is None
    assert "at position 5" in caption(Params(architecture="CNN", pattern="stem.[0", match="re.search"), result)


def test_a_refused_regex_is_told_and_filters_nothing():
    params = Params(architecture="CNN", pattern=r"(stem)\1", match="re.search")
    result = run(params)
    assert result.error is None and result.kept is None and len(result.walked) == 10
    assert refused(params) in caption(params, result)
    assert all(refused(Params(walk=walk, pattern=r"(a)\1", match="re.search")) is None for walk in ("modules()",))


def test_walking_changes_no_model():
    for architecture in ("T5", *SHIPPED):
        model = _model(architecture)
        before, training = {k: v.clone() for k, v in model.state_dict().items()}, [m.training for m in model.modules()]
        for walk in NAMED:
            run(Params(architecture=architecture, walk=walk))
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
        assert training == [m.training for m in model.modules()]
