"""Laws of the bill: what tensors without data come to is what a real step holds, byte for byte."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from figures.will_it_fit import draw
from lessons.will_it_fit import LESSON, WHILE, Params, caption, details, fits, gib
from tests.corners import TINY

PROGRAM = Path(__file__).parents[2] / "programs" / "will_it_fit.py"
HEADS = {"num_attention_heads": 4, "num_hidden_layers": 3, "hidden_size": 32, "intermediate_size": 64, "vocab_size": 99}
STACKS = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "vocab_size": 99}
SMALL = {
    "llama": {**HEADS, "num_key_value_heads": 2},
    "bert": HEADS,
    "gpt2": {"n_embd": 32, "n_layer": 3, "n_head": 4, "vocab_size": 99, "bos_token_id": 1, "eos_token_id": 2},
    "t5": {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "vocab_size": 99},
    "bart": {**STACKS, "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "pad_token_id": 1},
    "mixtral": {**HEADS, "num_key_value_heads": 2, "num_local_experts": 4},
    "vit": {**HEADS, "image_size": 16, "patch_size": 8},
    "modernbert": {
        **HEADS,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "cls_token_id": 1,
        "sep_token_id": 2,
    },
}
USUAL = {"batch_size": 2, "length": 24, "dtype": "float32", "optimizer": "AdamW", "foreach": False, "attention": "sdpa"}
USUAL |= {"checkpointing": False, "frozen": "nothing", "mode": "train", "step": "a later one"}
WAYS = [
    {},
    {"mode": "eval"},
    {"checkpointing": True},
    {"frozen": "embeddings and lower half"},
    {"attention": "eager", "step": "the first", "foreach": True, "frozen": "all but norms and biases"},
]


@pytest.fixture(scope="module")
def program():
    """What the first cell defines; the last ones need not run."""
    text = PROGRAM.read_text("utf-8").split("\n# %% one training step")[0]
    names = {"__name__": "measuring"}
    exec(compile(text, str(PROGRAM), "exec"), names)
    return SimpleNamespace(**names)


def setting_of(family: str, **changes):
    sizes = {"model_type": family, **SMALL[family], **changes.pop("sizes", {})}
    dtype = {"dtype": "bfloat16"} if family == "mixtral" else {}  # of the experts, see without_data
    return SimpleNamespace(text=json.dumps(sizes), **{**USUAL, **dtype, **changes})


def stepped(program, setting, real: bool):
    """(model, optimizer, ledger) after the step."""
    torch.manual_seed(0)
    with nullcontext() if real else program.without_data(setting.dtype):
        model = program.model_of(setting)
        if real:
            for parameter in model.parameters():
                parameter.data.normal_(0, 0.02)
        optim = program.optimizer_of(model, setting)
        return model, optim, program.training_step(model, optim, program.batch_of(model, setting))


def held(ledger):
    """Bytes of each kind at the end of each phase."""
    found = {}
    for time, kinds in ledger.course():
        for phase, (_, end) in ledger.phases.items():
            if time <= end:
                found[phase] = {kind: size for kind, size in kinds.items() if size}
    return found


def saved_by_hand(program, setting) -> int:
    """Bytes that autograd saves in a real forward, counted without the ledger."""
    model = program.model_of(setting)
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    kept = []  # holds the tensors, so that no storage is made where another one was
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.detach()) or len(kept) - 1, kept.__getitem__):
        model(**program.batch_of(model, setting))
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in kept}
    return sum(size for place, size in storages.items() if place not in own)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: ", ".join(map(str, way.values())) or "train")
@pytest.mark.parametrize("family", SMALL)
def test_a_step_without_data_holds_what_a_real_step_holds(program, family, way):
    setting = setting_of(family, **way)
    *_, fake = stepped(program, setting, real=False)
    model, optim, real = stepped(program, setting, real=True)
    assert held(fake) == held(real)
    assert fake.peak()[1] == real.peak()[1]
    gradients = sum(p.grad.nbytes for p in model.parameters() if p.grad is not None)
    assert held(fake)["backward"].get("gradients", 0) == gradients
    assert held(fake)["step"]["optimizer state"] == sum(tensor.nbytes for tensor in program.state_of(optim))


@pytest.mark.parametrize("frozen", ["nothing", "embeddings and lower half", "all but norms and biases"])
def test_so_does_a_step_of_a_network_of_convolutions_which_has_no_other_attention(program, frozen):
    sizes = {"embedding_size": 4, "hidden_sizes": [8, 8, 8, 8], "depths": [1, 1, 1, 1]}
    text = json.dumps({"model_type": "resnet", **sizes})
    setting = SimpleNamespace(**{**USUAL, "text": text, "attention": "eager", "frozen": frozen})
    *_, fake = stepped(program, setting, real=False)
    *_, real = stepped(program, setting, real=True)
    assert held(fake) == held(real) and fake.peak()[1] == real.peak()[1]


@pytest.mark.parametrize("family", ["llama", "bart", "vit"])
def test_the_activations_are_what_hooks_alone_count_in_a_real_forward(program, family):
    setting = setting_of(family)
    *_, fake = stepped(program, setting, real=False)
    assert held(fake)["forward"]["activations"] == saved_by_hand(program, setting)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"checkpointing": True, "attention": "eager", "mode": "eval"},
        {"frozen": "all but norms and biases", "optimizer": "SGD", "step": "the first"},
    ],
    ids=lambda changes: ", ".join(map(str, changes.values())) or "train",
)
@pytest.mark.parametrize("family", ["llama", "bert", "gpt2", "mixtral", "vit"])
def test_what_one_two_and_three_blocks_repeat_is_what_all_blocks_hold(program, family, changes):
    setting = setting_of(family, sizes={"num_hidden_layers": 9, "n_layer": 9}, **changes)
    *_, whole = stepped(program, setting, real=False)
    extended = program.ledger_of(setting)
    assert extended.depths == [1, 2, 3] and extended.operators == whole.operators and extended.phases == whole.phases
    assert extended.scripts() == whole.scripts() and extended.before() == whole.before()
    assert extended.kept == whole.kept and extended.peak() == whole.peak() and held(extended) == held(whole)


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("modernbert", {}),  # every third block looks at all tokens
        ("bert", {"frozen": "embeddings and lower half"}),
        (
            "gpt2",
            {"sizes": {"n_layer": 9}, "frozen": "all but the last block"},
        ),  # the second block is the first frozen one
        ("llama", {"foreach": True}),
        ("t5", {"sizes": {"num_layers": 9}}),
    ],
)
def test_where_blocks_differ_or_a_call_takes_all_of_them_every_block_is_measured(program, family, changes):
    setting = setting_of(family, **{"sizes": {"num_hidden_layers": 9}, **changes})
    *_, whole = stepped(program, setting, real=False)
    measured = program.ledger_of(setting)
    assert measured.depths == [] and measured.peak() == whole.peak() and held(measured) == held(whole)


def test_a_block_with_another_attribute_is_not_taken_for_its_neighbours(program):
    with program.without_data("bfloat16"):
        model = program.model_of(setting_of("llama", sizes={"num_hidden_layers": 9}))
    blocks = list(program.stacks_of(model)[0])
    assert program.alike(model, blocks) and not program.alike(model, blocks[:6])
    blocks[4].self_attn.scaling *= 2
    assert not program.alike(model, blocks)


def test_the_real_allocator_is_asked_only_where_a_gpu_has_the_room(program, monkeypatch):
    """By a stand-in: these machines have no GPU."""
    setting = setting_of("bert")
    assert program.allocated_on("cpu", setting, 1000) is None
    asked = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (2000, 4000))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: asked.append("reset"))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: asked.append("peak") or 1234)
    assert program.allocated_on("cpu", setting, 1700) is None and not asked
    assert program.allocated_on("cpu", setting, 1500) == 1234 and asked == ["reset", "peak"]


def test_what_a_gpu_held_is_told_beside_the_bill():
    params = Params(config=TINY, length=64)
    result = LESSON.run(params)
    told = details(params, replace(result, allocated=2 * result.total))
    assert "of this machine's GPU at its peak, 2 times the bill." in told and "GPU" not in details(
        params, replace(result, allocated=None)
    )


@settings(max_examples=6)
@given(
    st.sampled_from(["llama", "bert", "gpt2"]), st.integers(1, 4), st.integers(1, 33), st.sampled_from([16, 32, 48]),
    st.sampled_from(["SGD", "SGD, momentum 0.9", "AdamW"]), st.sampled_from(["sdpa", "eager"]), st.booleans(),
)  # fmt: skip
def test_of_any_small_config(program, family, batch, length, width, optimizer, attention, half):
    sizes = {"hidden_size": width, "n_embd": width, "max_position_embeddings": 64}
    dtype = {"dtype": "bfloat16"} if half else {}
    setting = setting_of(
        family, batch_size=batch, length=length, optimizer=optimizer, attention=attention, sizes=sizes, **dtype
    )
    fake, real = stepped(program, setting, real=False)[2], stepped(program, setting, real=True)[2]
    assert held(fake) == held(real) and fake.peak()[1] == real.peak()[1]


@pytest.fixture(scope="module")
def searched():
    params = Params(config=TINY, batch_size=64, length=512, attention="eager", budget=1, search=True, dtype="float32")
    return params, LESSON.run(params)


def test_the_most_that_fits_is_measured_from_both_sides(searched):
    params, result = searched
    plain = replace(params, search=False)
    inside = LESSON.run(replace(plain, batch_size=result.most_batch))
    outside = LESSON.run(replace(plain, batch_size=result.most_batch + 1))
    assert fits(params, inside.total) and not fits(params, outside.total)


def test_a_change_that_was_tried_costs_what_it_costs_by_itself(searched):
    params, result = searched
    alone = LESSON.run(replace(params, search=False, checkpointing=True))
    assert result.totals["gradient checkpointing"] == alone.total
    assert result.totals["SGD without momentum"] < result.total


def test_words_and_picture_say_where_the_positions_end():
    params = Params(config=TINY, length=1024)
    result = LESSON.run(params)
    assert result.shape == [4, 512] and "512 tokens and not 1024" in details(params, result)
    assert "GiB" in caption(params, result) and draw(params, result)["hero"] == 3


def test_the_parts_of_the_course_reach_the_peak_and_end_as_the_phases_end():
    result = LESSON.run(Params(config=TINY, length=64))
    assert max(map(sum, result.course)) == result.total and len(result.course) == 48
    assert sum(result.at_end["step"].values()) <= sum(result.course[-1])


def test_a_peak_without_a_gradient_is_told_in_the_caption_and_beside_its_bar():
    for params in (Params(config=TINY, length=64), Params(config=TINY, batch_size=1, length=16)):
        result = LESSON.run(params)
        none = not result.bill["gradients"] and result.peak_in != "step"
        labels = [label for panel in draw(params, result)["rows"][1] for label in panel.get("labels", [])]
        assert ("with no gradient yet" in caption(params, result)) == none == ("the gradients, none yet" in labels)


@pytest.mark.parametrize(
    "changes", [{}, {"optimizer": "SGD, momentum 0.9"}, {"checkpointing": True}, {"attention": "eager"}]
)
def test_the_truth_activations_alone_grow_with_the_batch(changes):
    few, many = (LESSON.run(Params(config=TINY, length=64, batch_size=size, **changes)) for size in (2, 8))
    assert many.at_end["forward"]["activations"] > few.at_end["forward"]["activations"] > 0
    for kind in ("parameters", "gradients", "optimizer state"):
        assert many.at_end["step"][kind] == few.at_end["step"][kind] > 0, kind


def test_every_bar_begins_at_0_and_the_budget_is_a_line_across_their_sum_alone():
    params = Params(config=TINY, length=64)
    result = LESSON.run(params)
    [bars] = [panel for panel in draw(params, result)["rows"][1] if panel["view"] == "bars"]
    *parts, total = bars["values"]
    assert sum(parts) == pytest.approx(total) and total * 2**30 == pytest.approx(result.total)
    assert bars["references"] == [["80 GiB", 80]] and bars["summed"] and "starts" not in bars
    [loud] = [label for label, mark in zip(bars["labels"], bars["marks"], strict=True) if mark != "quiet"]
    assert loud == "the activations" and max(result.bill, key=result.bill.__getitem__) == "activations"
    assert "AdamW's state" in bars["labels"]


def test_what_goes_in_names_what_is_not_as_usual():
    usual = Params(config=TINY, length=64)
    result = LESSON.run(usual)

    def rows(params):
        table = draw(params, result)["rows"][0][0]
        return dict(zip(table["columns"], *table["rows"], strict=True))

    assert list(rows(usual)) == ["model", "parameters", "batch"]
    assert rows(replace(usual, checkpointing=True))["attention"] == "sdpa, checkpoints"
    assert rows(replace(usual, frozen="embeddings"))["frozen"] == "❄ embeddings"


SAID = {
    "dtype": ("float32", "bfloat16"), "optimizer": ("SGD", "SGD, momentum 0.9", "AdamW"), "mode": ("train", "eval"),
    "attention": ("sdpa", "eager"), "step": ("the first", "a later one"), "frozen": ("nothing", "embeddings", "all but norms and biases"),
}  # fmt: skip


@settings(max_examples=10)
@given(
    st.builds(
        Params,
        config=st.sampled_from([TINY, json.dumps({"model_type": "vit", **SMALL["vit"]})]),
        batch_size=st.sampled_from([1, 8, 100]),
        length=st.sampled_from([16, 64, 1024]),
        foreach=st.booleans(),
        checkpointing=st.booleans(),
        **{name: st.sampled_from(values) for name, values in SAID.items()},
    )
)
def test_every_clause_holds_where_it_is_said(params):
    result = LESSON.run(params)
    said, more = caption(params, result), details(params, result)
    assert f"holds {gib(result.total)} GiB" in said and ("does not fit" in said) == (
        result.total > params.budget * 2**30
    )
    in_phases = {phase: max(map(sum, result.course[16 * at : 16 * at + 16])) for at, phase in enumerate(WHILE)}
    assert in_phases[result.peak_in] == max(in_phases.values()) == result.total and WHILE[result.peak_in] in said
    assert ("no gradient yet" in said) <= (result.bill["gradients"] == 0)
    assert ("Every parameter learns." in more) == (params.frozen == "nothing")
    assert f"A forward alone, under no_grad, holds {gib(result.without_grad)} GiB" in more and result.without_grad > 0
    assert ("this is the first step." in more) == (params.step == "the first")
    assert ("changes nothing" in more) == (len(result.shape) > 2)
    assert ("tokens and not" in more) == (len(result.shape) == 2 and result.shape[1] < params.length)


def test_what_is_more_than_nothing_is_never_told_as_0():
    assert [gib(size) for size in (0, 1, 62_000, 2**20, 2**29, 3 * 2**30, 2**37)] == [
        "0", "0.00000000093", "0.000058", "0.00098", "0.5000", "3.00", "128.0",
    ]  # fmt: skip


def test_what_fits_as_it_is_needs_no_change(searched):
    """Beside it, what says which change alone is enough, or that none is."""
    params, result = searched
    changes = dict.fromkeys(result.totals, 10 * 2**30)
    for total, totals, said in (
        (2**30, changes, "It fits as it is."),
        (90 * 2**30, changes, f"The first of these changes that fits 80 GiB by itself: {next(iter(changes))}."),
        (90 * 2**30, dict.fromkeys(changes, 81 * 2**30), "No single change fits."),
    ):
        told = details(replace(params, budget=80), replace(result, total=total, totals=totals))
        assert said in told and "or length" in told
