"""What is measured in each place belongs to the same questions, and a GPU that is full is one sentence, not a crash."""

from dataclasses import replace

import pytest
import torch

from explorable.progress import Cancelled, watched
from figures.device import draw
from lessons.device import LESSON, Params
from models.shared import shared_registry

run = LESSON.run


def run_with(model, params):
    """The run of the program with other weights."""
    given = {"tokenizer": shared_registry().get("extractive").tokenizer, "trained": model}
    return replace(LESSON.program, given=lambda _: given).run(params)


def test_a_batch_gives_the_logits_of_its_questions_one_by_one():
    result = run(Params(dtype="float32", batch_size=5))
    assert list(result.logits) == ["cpu float32"] and result.sizes == [1, 4, 5]
    assert result.batch_difference["cpu float32"] < 1e-4
    assert result.logit_difference["cpu float32"] == 0 == result.changed_answers["cpu float32"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_fewer_digits_change_logits_a_little_and_half_the_bytes(dtype):
    result = run(Params(dtype=dtype, batch_size=4))
    place = f"cpu {dtype}"
    assert 0 < result.logit_difference[place] < 0.5
    assert result.weight_bytes[place] * 2 == result.weight_bytes["cpu float32"]
    assert result.changed_answers[place] == 0


def test_every_time_is_positive_and_there_for_every_size():
    result = run(Params())
    for seconds in (result.batched_seconds, result.alone_seconds):
        assert all(list(times) == result.sizes and min(times.values()) > 0 for times in seconds.values())
    assert min(*result.first_seconds.values(), *result.warm_seconds.values(), *result.peak_bytes.values()) > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_and_the_cpu_is_measured():
    params = Params(device="cuda", batch_size=1)
    result = run(params)
    assert not result.cuda and result.gpu == "" and set(result.logits) == {"cpu float32", "cpu bfloat16"}
    assert "torch finds no CUDA GPU here, so the CPU alone is measured." in LESSON.details(params, result)
    assert "finds no CUDA" not in LESSON.details(Params(device="cpu"), result)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_caption_names_the_next_number_above_1_and_nothing_lies_between(dtype):
    params = Params(device="cpu", dtype=dtype, batch_size=1)
    one = torch.ones((), dtype=getattr(torch, dtype))
    above = (one.view(torch.int32 if dtype == "float32" else torch.int16) + 1).view(one.dtype)  # the next bits
    assert LESSON.caption(params, run(params)) == f"Between 1 and {above.item()!r} a {dtype} holds nothing."


class Small:
    """Weights that fit in bfloat16 only up to a batch of four."""

    def __init__(self, model, dtype=torch.float32, most=10**6):
        self.model, self.dtype, self.most = model, dtype, most

    def __deepcopy__(self, _):
        return Small(self.model)

    def to(self, place, dtype):
        return Small(self.model, dtype, 4 if dtype == torch.bfloat16 else 10**6)

    def parameters(self):
        return self.model.parameters()

    def __call__(self, **inputs):
        if len(inputs["input_ids"]) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.model(**inputs)


def test_a_full_gpu_leaves_what_fitted_and_one_sentence():
    params = Params(batch_size=8)
    result = run_with(Small(shared_registry().get("extractive").model), params)
    assert result.out_of_memory == {"cpu bfloat16": 8}
    assert list(result.batched_seconds["cpu bfloat16"]) == [1, 4] and list(result.batched_seconds["cpu float32"]) == [
        1,
        4,
        8,
    ]
    assert "Cpu bfloat16 ran out of memory at a batch of 8" in LESSON.caption(Params(device="cpu"), result)
    assert draw(params, result)["rows"]


class Full(Small):
    """Takes no bfloat16 weights at all."""

    def __deepcopy__(self, _):
        return Full(self.model)

    def to(self, place, dtype):
        if dtype == torch.bfloat16:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return Small(self.model, dtype)


def test_a_gpu_that_does_not_even_hold_the_weights_leaves_the_cpu():
    result = run_with(Full(shared_registry().get("extractive").model), Params(batch_size=2))
    assert result.out_of_memory == {"cpu bfloat16": 1} and list(result.logits) == ["cpu float32"]
    assert draw(Params(), result)["rows"] and LESSON.caption(Params(), result)


def test_a_run_tells_how_far_it_is_and_can_be_stopped_between_two_batches():
    seen = []

    def watcher(done, total, so_far):
        seen.append((done, total))
        if done == 2:
            raise Cancelled

    with watched(watcher), pytest.raises(Cancelled):
        run(Params(batch_size=8))
    assert seen == [(1, 6), (2, 6)]


def test_the_shared_weights_stay_as_they_are():
    model = shared_registry().get("extractive").model
    run(Params(dtype="float16", batch_size=1))
    assert {p.dtype for p in model.parameters()} == {torch.float32} and not model.training


@pytest.mark.parametrize(
    ("dtype", "square", "plus_one"), [("float32", 90000, 257), ("float16", float("inf"), 257), ("bfloat16", 90112, 256)]
)
def test_a_dtype_holds_what_its_bits_allow(dtype, square, plus_one):
    result = run(Params(device="cpu", dtype=dtype, batch_size=1))
    assert (result.square, result.plus_one) == (square, plus_one)
    assert result.ticks[1].tolist() == [1 + i * torch.finfo(getattr(torch, dtype)).eps for i in range(4)]


def test_a_float16_is_inf_only_where_it_rounds_to_more_than_the_largest():
    assert torch.tensor([65505.0, 65519.0, 65520.0]).half().tolist() == [65504.0, 65504.0, torch.inf]
    assert torch.finfo(torch.bfloat16).max < torch.finfo(torch.float32).max < 1.01 * torch.finfo(torch.bfloat16).max


@pytest.mark.parametrize("n", [1, 8, 9])
def test_only_questions_beyond_the_eighth_repeat_the_others(n):
    params = Params(device="cpu", dtype="float32", batch_size=n)
    assert ("the others repeat them" in str(draw(params, run(params)))) == (n > 8)


@pytest.mark.parametrize(
    ("dtype", "exponent", "fraction"), [("float32", 8, 23), ("bfloat16", 8, 7), ("float16", 5, 10)]
)
def test_the_bits_of_1_are_sign_exponent_and_fraction_and_the_last_bit_is_worth_a_step(dtype, exponent, fraction):
    params = Params(dtype=dtype, batch_size=1, device="cpu")
    result = run(params)
    assert result.bits[1] == ["0", "0" + "1" * (exponent - 1), "0" * fraction]
    assert torch.finfo(getattr(torch, dtype)).eps == 2**-fraction
    *others, row = draw(params, result)["rows"][0][0]["rows"]
    assert row[0] == dtype and row[3][0] == f"{'0' * fraction} ({fraction} bits)" and row[3][2]["key"] == "@next"
    assert [other[0] for other in others] == ["float32"] * (dtype != "float32")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_line_goes_from_1_to_the_next_number_of_the_dtype(dtype):
    params = Params(dtype=dtype, batch_size=1, device="cpu")
    ticks = draw(params, run(params))["rows"][1][0]["rows"][1]["ticks"]
    eps = torch.finfo(getattr(torch, dtype)).eps
    assert [tick["at"] for tick in ticks[:2]] == [1.0, 1 + eps]
    assert [tick["text"] for tick in ticks if tick.get("key") == "next"] == [f"1 + 1/{round(1 / eps)}"]
    assert ticks[0].get("text") == ("1 →" if dtype == "bfloat16" else None)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_what_falls_into_a_gap_of_a_float_is_rounded_and_an_integer_is_cut(dtype):
    eps = torch.finfo(dtype).eps
    assert eps > torch.finfo(torch.float32).eps
    inside = torch.tensor([1 + eps / 4, 1 + 3 * eps / 4], dtype=torch.float64)
    assert inside.to(dtype).tolist() == [1, 1 + eps]
    assert torch.tensor(1.9).to(torch.int16) == 1  # 16 bits too, which the truth does not speak of
    assert LESSON.truth.startswith("A floating-point dtype of 16 bits")
