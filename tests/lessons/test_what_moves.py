"""What the lesson says of tensors without data is what a real model of the config does."""

import json
from dataclasses import replace

import pytest
import torch
from regex import search
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageClassification,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
)
from transformers.initialization import no_init_weights

from explorable.params import BadParam
from explorable.words import percent
from lessons.config_text import READY
from lessons.what_moves import (
    ALL,
    LESSON,
    MUCH,
    OWN,
    PATTERNS,
    REQUIRING,
    THAWED,
    Params,
    caption,
    details,
    explain,
    left,
    moved,
    passed,
    share_of,
    state,
    tied,
    written,
)
from tests.corners import TINY

AUTO = {
    "gpt2": AutoModelForCausalLM,
    "llama": AutoModelForCausalLM,
    "mixtral": AutoModelForCausalLM,
    "bert": AutoModelForMaskedLM,
    "modernbert": AutoModelForMaskedLM,
    "t5": AutoModelForSeq2SeqLM,
    "bart": AutoModelForSeq2SeqLM,
    "vit": AutoModelForImageClassification,
    "resnet": AutoModelForImageClassification,
}
SMALL = {
    "gpt2": {"n_embd": 16, "n_layer": 4, "n_head": 2, "vocab_size": 99, "bos_token_id": 1, "eos_token_id": 2},
    "t5": {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2, "vocab_size": 99, "decoder_start_token_id": 0},
    "resnet": {"embedding_size": 4, "hidden_sizes": [8, 8, 8, 8], "depths": [1, 1, 1, 1], "num_labels": 3},
}  # fmt: skip
HEAD, HALF = PATTERNS["the head"], PATTERNS["every second block"]


def config_of(family):
    return json.dumps({"model_type": family, **SMALL[family]})


def real_model(family):
    torch.manual_seed(0)
    settings = AutoConfig.for_model(family, **SMALL[family])
    settings.use_cache = False
    model = AUTO[family].from_config(settings).to(torch.bfloat16).train()
    if family == "resnet":
        return model, {
            "pixel_values": torch.randn(2, 3, 224, 224, dtype=torch.bfloat16),
            "labels": torch.tensor([0, 1]),
        }
    tokens = torch.arange(128)[None] % 99
    return model, {"input_ids": tokens, "labels": tokens}


def saved_bytes(model, batch):
    """Bytes that autograd saves in a real forward, and what the forward returned."""
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    kept = []  # holds the tensors, so that no storage is made where another one was
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.detach()) or len(kept) - 1, kept.__getitem__):
        loss = model(**batch).loss
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in kept}
    return sum(size for place, size in storages.items() if place not in own), loss


def really(family, params, pattern):
    """What a real run leaves: names that learn, that the step wrote, that changed; state and saved bytes; buffers that changed."""
    model, batch = real_model(family)

    def made():
        given = [p for p in model.parameters() if p.requires_grad or params.given == ALL]
        return torch.optim.AdamW(given, lr=0.01, foreach=False)

    if params.order in ("optimizer first", "a step first"):
        optim = made()
    if params.order == "a step first":
        model(**batch).loss.backward()
        optim.step()
        optim.zero_grad()
    for name, parameter in model.named_parameters():
        parameter.requires_grad = bool(search(pattern, name))
    if params.order.startswith("freeze"):
        optim = made()
    if params.order == THAWED:
        model.requires_grad_(True)
    before = {name: (p.clone(), p._version) for name, p in model.named_parameters()}
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    saved, loss = saved_bytes(model, batch)
    loss.backward()
    optim.step()
    return {
        "learns": [name for name, p in model.named_parameters() if p.requires_grad],
        "wrote": [name for name, p in model.named_parameters() if p._version > before[name][1]],
        "changed": [name for name, p in model.named_parameters() if not torch.equal(p, before[name][0])],
        "state": sum(value.nbytes for values in optim.state.values() for value in values.values()),
        "saved": saved,
        "buffers": sum(not torch.equal(buffer, buffers[name]) for name, buffer in model.named_buffers()),
    }


def told(result, column):
    """The names of the rows in which the column is true."""
    names = (row[0].replace("*", number) for row in result.rows if row[column] for number in row[6])
    return sorted(names)


CASES = [
    ("gpt2", HALF, {}),
    ("gpt2", HALF, {"order": THAWED, "given": REQUIRING}),
    ("gpt2", PATTERNS["biases and norms"], {"order": "a step first"}),
    ("t5", PATTERNS["all but the embeddings"], {"order": "optimizer first", "given": REQUIRING}),
    ("resnet", HEAD, {}),
    ("resnet", HALF, {"given": REQUIRING}),
]


@pytest.mark.parametrize(("family", "pattern", "changes"), CASES)
def test_what_is_told_without_data_is_what_a_real_model_does(family, pattern, changes):
    params = Params(config=config_of(family), learns=OWN, pattern=pattern, **changes)
    result, real = LESSON.run(params), really(family, params, pattern)
    assert told(result, 2) == sorted(real["learns"])
    assert told(result, 4) == sorted(real["wrote"]) and set(real["changed"]) <= set(real["wrote"])
    assert len(real["changed"]) > len(real["wrote"]) / 2
    assert (result.state_bytes, result.saved, result.buffers_written) == (real["state"], real["saved"], real["buffers"])
    assert result.learning_count == len(real["learns"]) and moved(result) == len(real["wrote"])


def test_a_weight_with_two_names_has_one_flag_and_the_last_name_sets_it():
    params = Params(config=config_of("gpt2"), learns=OWN, remove_duplicate=False)
    assert tied(LESSON.run(replace(params, pattern="wte"))) == "it is frozen"
    assert tied(LESSON.run(replace(params, pattern="lm_head"))) == "it learns"
    once = LESSON.run(replace(params, pattern="lm_head", remove_duplicate=True))
    assert once.learning_count == 0 and once.refusal.startswith("RuntimeError")
    assert "none of" in caption(params, once) and "backward() raises RuntimeError" in caption(params, once)


def test_an_optimizer_of_nothing_is_refused_by_itself():
    params = Params(config=TINY, learns=OWN, pattern="nowhere", given=REQUIRING)
    result = LESSON.run(params)
    assert "the optimizer raises ValueError" in caption(params, result) and result.sees["it holds"] == 0


def test_state_stays_for_what_was_frozen_after_a_step_and_is_not_made_for_what_was_frozen_before():
    params = Params(config=TINY)
    assert state(LESSON.run(params)) == "only that of what learns"
    assert state(LESSON.run(replace(params, order="a step first"))) == "all of it stays"
    assert state(LESSON.run(replace(params, optimizer="SGD"))) == "there is none"


DINO = '{"model_type": "dinov2", "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 28}'


def test_what_learns_and_is_not_in_the_loss_is_no_reason_to_say_that_nothing_learns():
    params = Params(
        config=DINO, learns=OWN, pattern="mask_token"
    )  # it stands in for patches that are masked: here none
    result = LESSON.run(params)
    assert result.learning_count == 1 and result.refusal.startswith("RuntimeError")
    told = "1 parameter requires a gradient and the loss depends on none, so backward() raises RuntimeError."
    assert caption(params, result) == f"In this dinov2, {told}"


def test_a_step_updates_what_has_a_gradient_also_where_no_number_changes():
    """So the words say "updates" and not "moves": in bfloat16 a small update rounds away."""
    params = Params(config=config_of("gpt2"), learns="everything")
    real = really("gpt2", params, ".")
    assert moved(LESSON.run(params)) == len(real["wrote"]) > 0
    weight = torch.nn.Parameter(torch.tensor([256.0]).bfloat16())
    weight.grad = torch.ones_like(weight)
    torch.optim.SGD([weight], lr=0.01).step()
    assert weight._version == 1 and weight.item() == 256


def test_where_the_optimizer_refuses_no_last_pass_is_told():
    params = Params(config=config_of("resnet"), learns=OWN, pattern="nowhere", given=REQUIRING)
    result = LESSON.run(params)
    assert not passed(result) and result.saved == 0 < result.saved_free
    told = details(params, result)
    assert "The last forward did not run" in told and "The pass wrote" not in told
    ran = replace(params, given=ALL)
    assert f"The pass wrote {LESSON.run(ran).buffers_count} of" in details(ran, LESSON.run(ran))


def test_where_the_lowest_block_learns_most_of_what_forward_saves_stays():
    """The reply about every second block, and the trap about a frozen ViT, whose share is the smallest."""
    assert left(LESSON.run(Params(config=READY["Llama 8B"], learns="every second block"))) == MUCH
    [trap] = [trap for trap in LESSON.traps if trap.name == "Frozen to save memory"]
    assert 1 / 2 < share_of(LESSON.run(Params(**trap.params))) < 1 and "most" in trap.sentence


def test_the_blocks_that_learn_save_nearly_all_that_they_saved():
    """Loss and head apart; the lowest of the blocks needs a little less, as its input requires no gradient."""
    sizes = {
        "model_type": "llama",
        "vocab_size": 9,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_attention_heads": 2,
    }
    few, many = (Params(config=json.dumps({**sizes, "num_hidden_layers": n})) for n in (2, 10))
    eight = LESSON.run(many).saved_free - LESSON.run(few).saved_free
    outside = LESSON.run(few).saved_free - eight / 4
    upper = LESSON.run(replace(many, learns=OWN, pattern=r"layers\.[2-9]\.")).saved
    assert 0.95 * eight < upper - outside < eight


def test_what_lies_below_all_that_learns_is_not_saved_and_what_lies_between_is():
    params = Params(config=config_of("gpt2"), learns=OWN, pattern=r"\.h\.[23]\.")
    lower, upper = LESSON.run(params), LESSON.run(replace(params, pattern=r"\.h\.[01]\."))
    second = LESSON.run(replace(params, pattern=r"\.h\.[02]\."))
    assert lower.learning_numel == upper.learning_numel == second.learning_numel
    assert lower.saved < min(upper.saved, second.saved) and lower.saved_free == second.saved_free
    assert left(LESSON.run(replace(params, pattern="."))) == "all of it"


def test_frozen_statistics_move_in_train_mode_alone():
    params = Params(config=config_of("resnet"), learns="the head")
    assert written(LESSON.run(params)) == "all of them"
    assert written(LESSON.run(replace(params, mode="eval"))) == "none of them"
    without = Params(config=config_of("gpt2"))
    assert written(LESSON.run(without)) == "there is none"
    assert "The model has no buffer." in details(without, LESSON.run(without))


@pytest.mark.parametrize("name", READY)
def test_a_ready_pattern_finds_its_part_in_every_ready_model(name):
    settings = json.loads(READY[name])
    with FakeTensorMode(), no_init_weights():
        model = AUTO[settings["model_type"]].from_config(AutoConfig.for_model(**settings))
        model.tie_weights()
    found = {
        which: [n for n, _ in model.named_parameters() if search(pattern, n)] for which, pattern in PATTERNS.items()
    }
    names = [n for n, _ in model.named_parameters()]
    assert found["everything"] == names
    vectors = [n for n, p in model.named_parameters() if p.dim() == 1 and "cls_token" not in n]
    assert set(vectors) == set(found["biases and norms"])
    if name != "ResNet-50":
        embedding = model.get_input_embeddings().weight if hasattr(model.get_input_embeddings(), "weight") else None
        assert not any(model.get_parameter(n) is embedding for n in found["all but the embeddings"])
    assert len(found["all but the embeddings"]) > 0.9 * len(names)
    half = sum(model.get_parameter(n).numel() for n in found["every second block"])
    inside = sum(model.get_parameter(n).numel() for n in names if any(part.isdigit() for part in n.split(".")))
    assert name == "ResNet-50" or half == pytest.approx(inside / 2, rel=0.02)
    base = {id(p) for p in model.base_model.parameters()} if model.base_model is not model else set()
    head = [n for n in names if base and id(model.get_parameter(n)) not in base]
    assert set(found["the head"]) == set(head)


def test_what_is_no_regex_and_one_that_searches_for_ever_are_one_sentence_each():
    with pytest.raises(BadParam, match=r"^pattern must be a regex, and this is none: missing \)"):
        LESSON.run(Params(learns=OWN, pattern="("))
    with pytest.raises(BadParam, match="pattern may repeat"):
        LESSON.run(Params(learns=OWN, pattern="((a{99}){99}){99}"))
    with pytest.raises(BadParam, match="^pattern is refused with TimeoutError"):
        LESSON.run(Params(config=TINY, learns=OWN, pattern=r"(?P<a>(?&a)a)"))
    assert explain("ValueError: no") == "config: transformers cannot make and train this model (ValueError: no)."


def test_a_caption_tells_a_step_that_misses_what_was_thawed():
    params = Params(config=config_of("gpt2"), learns="every second block", order=THAWED, given=REQUIRING)
    result = LESSON.run(params)
    assert moved(result) < result.learning_count == result.count
    assert f"{result.count} parameters require a gradient, and the step updates {moved(result)}" in caption(
        params, result
    )


def test_a_caption_of_a_freeze_says_how_much_forward_still_saves():
    params = Params(config=config_of("gpt2"))
    result = LESSON.run(params)
    share = f"forward saves {percent(result.saved / result.saved_free)} of what it saves with nothing frozen"
    assert 0 < result.saved < result.saved_free and share in caption(params, result)
    later = replace(params, order="optimizer first")
    assert caption(later, LESSON.run(later)).endswith("and the step updates them all.")
