"""Laws of walks: each object once, buffers apart from parameters, only what is registered."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn

from explorable.params import BadParam
from lessons import edit, freeze
from lessons.traversal import ARCHITECTURES, LESSON, NAMED, SHIPPED, Params, caption, details, survey, surveyed, values

run = LESSON.run


def walked(**params):
    return run(Params(**params)).walked


def found_in(model, params):
    """The Result of the lesson on another model."""
    made = survey(params, {"model": model})
    return replace(LESSON.program, given=lambda _: made).run(params)


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
def test_state_dict_is_every_parameter_and_persistent_buffer_under_every_name(architecture):
    """A half of the truth; BERT leaves out two buffers, and remove_duplicate=False gives every name as well."""
    result = run(Params(architecture=architecture, walk="state_dict()"))
    assert set(result.walked) == {path for path, tensor in result.tensors.items() if tensor["saved"]}
    unsaved = [path for path, tensor in result.tensors.items() if not tensor["saved"]]
    assert len(unsaved) == (2 if architecture == "BERT" else len(unsaved))
    every = walked(architecture=architecture, remove_duplicate=False)
    assert set(every) == {path for path, tensor in result.tensors.items() if tensor["kind"] == "parameter"}
    buffers = walked(architecture=architecture, walk="buffers()")
    assert not set(buffers) & set(walked(architecture=architecture, walk="parameters()"))
    assert {result.tensors[path]["kind"] for path in buffers} <= {"buffer"}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_any_net_is_walked_by_default_once_an_object_under_its_first_name(picks):
    """The other half: five layers, some assigned more than once."""
    pool = [nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Embedding(3, 2), nn.Dropout(), nn.Sequential(nn.Linear(2, 2))]
    net = nn.Module()
    for k, pick in enumerate(picks):
        setattr(net, f"at{k}", pool[pick])
    firsts = {f"at{picks.index(pick)}" for pick in picks}
    for walk in ("children()", "modules()", "named_modules()", "parameters()", "named_parameters()", "buffers()"):
        paths = found_in(net, Params(walk=walk)).walked
        assert {path.split(".")[0] for path in paths if path} <= firsts and len(set(paths)) == len(paths)
    every = found_in(net, Params(walk="state_dict()"))
    assert {path.split(".")[0] for path in every.walked} == {
        f"at{k}" for k, pick in enumerate(picks) if pool[pick].state_dict()
    }


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


def blocks(params):
    return {name.split(".")[2] for name in run(params).kept}


def test_layer_1_in_name_takes_three_blocks_and_a_regex_with_its_dots_escaped_takes_one():
    assert blocks(Params(architecture="BERT", pattern="layer.1")) == {"1", "10", "11"}
    assert blocks(Params(architecture="BERT", pattern="layer.1.")) == {"1"}
    assert blocks(Params(architecture="BERT", pattern=r"layer\.1\.", match="search")) == {"1"}


def test_each_trap_shows_what_it_names(tmp_path):
    loose, dot, tied, listed = (Params(**trap.params) for trap in LESSON.traps)
    assert blocks(loose) == blocks(dot) == {"1", "10", "11"}
    result = run(tied)
    assert [len(set(group) & set(result.walked)) for group in result.twins] == [4]
    with pytest.raises(RuntimeError, match="Some tensors share memory"):
        save_file(surveyed("T5")["model"].state_dict(), tmp_path / "t5.safetensors")
    assert len(run(listed).hidden) == 2


def test_a_wrong_regex_is_told_with_its_position_and_filters_nothing():
    params = Params(architecture="CNN", pattern="stem.[0", match="search")
    result = run(params)
    assert result.error == "error: unterminated character set at position 7"
    assert len(result.walked) == 10 and result.kept is None
    assert caption(params, result).startswith("The pattern is no regex (unterminated character set at position 7)")


SLOW = r"(?P<a>(?&a)a)"


def test_a_pattern_that_takes_too_long_is_refused_in_a_sentence_that_names_the_field():
    for lesson, params in (
        (LESSON, Params(pattern=SLOW, match="search")),
        (freeze.LESSON, freeze.Params(pattern=SLOW)),
        (edit.LESSON, edit.Params(move="names that match", pattern=SLOW, compare="nothing")),
    ):
        result = lesson.run(params)
        assert result.error == "TimeoutError: regex timed out"
        assert lesson.caption(params, result).startswith(
            "The pattern is refused with TimeoutError: its search took too long"
        )


@pytest.mark.parametrize(
    "pattern",
    [r"^(stem|body)\.", r"(?<!stem\.)weight$", r"(?i)BIAS", r"(?=head)", r"(e)\1", r"weight(?!.)", r"\bhead\b"],
)
def test_a_pattern_means_the_same_here_in_freeze_and_in_edit(pattern):
    frozen = freeze.LESSON.run(freeze.Params(pattern=pattern, steps=2))
    if not frozen.error:
        net = nn.Sequential()
        for name in ("stem", "norm", "body", "head"):
            net.add_module(name, nn.BatchNorm1d(2))
        kept = found_in(net, Params(pattern=pattern, match="search")).kept
        assert kept == [n for n, trains in zip(frozen.names, frozen.requires_grad[0], strict=True) if trains]
    edited = edit.LESSON.run(edit.Params(move="names that match", pattern=pattern, compare="nothing", steps=0))
    if not edited.error and "closed_book" in SHIPPED:
        trained = [n for n, trains in zip(edited.names, edited.trainable[0], strict=True) if trains]
        assert run(Params(architecture="closed_book", pattern=pattern, match="search")).kept == trained


def test_a_pattern_that_would_fill_the_memory_is_refused_only_where_it_is_a_regex():
    grown = Params(pattern="a{4000000}", match="search")
    with pytest.raises(BadParam, match="^pattern may repeat"):
        values(grown)
    assert run(replace(grown, match="in")).kept == [] and run(replace(grown, walk="modules()")).kept


def test_a_caption_says_what_is_shared_and_how_it_is_given():
    said = {
        "Tagger.modules() gives 5 modules; first and second are one layer, given once.": Params(walk="modules()"),
        "T5.state_dict() gives 50 names; shared.weight is one tensor with 4 names, given under each of them.": Params(
            architecture="T5", walk="state_dict()"
        ),
        "T5.buffers() gives no buffer; parameters() gives 47.": Params("T5", walk="buffers()"),
        "CNN.buffers(recurse=False) gives no buffer; with recurse=True it gives 6.": Params(
            "CNN", walk="buffers()", recurse=False
        ),
        "T5.named_parameters(recurse=False) gives no name; with recurse=True it gives 47.": Params(
            "T5", recurse=False, pattern="q"
        ),
        'BERT.named_parameters() gives 199 names, and "layer.1" in name keeps 48.': Params("BERT", pattern="layer.1"),
    }
    assert all(caption(params, run(params)) == sentence for sentence, params in said.items())
    assert "embeddings.position_ids and embeddings.token_type_ids" in details(Params("BERT"), run(Params("BERT")))


def test_walking_changes_no_model():
    for architecture in ("T5", *SHIPPED):
        model = surveyed(architecture)["model"]
        before, training = {k: v.clone() for k, v in model.state_dict().items()}, [m.training for m in model.modules()]
        for walk in NAMED:
            run(Params(architecture=architecture, walk=walk))
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
        assert training == [m.training for m in model.modules()]


def test_no_walk_gives_an_object_twice_but_children_gives_no_grandchild():
    """What the truth may say of every walk: children() doesn't give each registered object."""
    inner = nn.Linear(2, 2)
    net = nn.Sequential(nn.Sequential(inner), inner, inner)
    for walk in (net.children, net.modules, net.parameters, net.buffers):
        things = list(walk())
        assert len({id(thing) for thing in things}) == len(things)
    assert len(list(net.children())) == 2
    assert len(net.state_dict()) == 6


def test_names_that_were_looked_up_are_told_of_where_the_walk_gives_something():
    for walk, found in (("buffers()", False), ("parameters()", True)):
        params = Params(architecture="T5", walk=walk)
        result = LESSON.run(params)
        assert bool(result.walked) == found == ("looked up by identity" in LESSON.details(params, result))
