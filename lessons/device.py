"""A floating-point dtype of 16 bits has wider gaps between its numbers than float32, and what falls into a gap is rounded to one of its edges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import BadParam, bounded, choice
from explorable.program import Program, unscoped
from explorable.words import count, one_of
from models.registry import ModelUnavailable
from models.shared import shared_registry


@dataclass(frozen=True)
class Params:
    device: Literal["cuda", "cpu"] = choice("cuda", about="cuda is measured only where there is a GPU")
    dtype: Literal["float32", "bfloat16", "float16"] = choice("bfloat16", about="beside float32")
    batch_size: int = bounded(8, low=1, high=64, step=1, about="questions in the largest batch")


@dataclass(frozen=True)
class Result:
    """The dicts have an entry for each place: "cpu float32" and what was asked for beside it."""

    ticks: Tensor  # (2, 4) float64: the first numbers from 1 on that float32 and the dtype asked for can hold
    bits: list[list[str]]  # 2 x 3: the sign, the exponent and the fraction of 1 in each
    square: float  # 300 * 300 in that dtype
    plus_one: float  # 256 + 1 in it
    cuda: bool  # whether torch finds a GPU
    cpu: str  # instructions, cores, threads an operator
    gpu: str  # name and memory; "" without one
    input_ids: Tensor  # (N, T)
    attention_mask: Tensor  # (N, T)
    sizes: list[int]  # batch sizes
    weight_bytes: dict[str, int]
    first_seconds: dict[str, float]  # the first forward of these weights, one question
    warm_seconds: dict[str, float]  # the same once more
    batched_seconds: dict[str, dict[int, float]]  # one forward of so many questions
    alone_seconds: dict[str, dict[int, float]]  # so many forwards of one question
    peak_bytes: dict[str, int]  # of the GPU's allocator; on a CPU of the whole process since it started
    logits: dict[str, Tensor]  # (n, 2, T) start and end logits of the largest batch, as float32 on the CPU
    answers: dict[str, list[str]]
    logit_difference: dict[str, float]  # the largest on real tokens, to "cpu float32"
    batch_difference: dict[str, float]  # the largest between a batch and one by one, in the same place
    changed_answers: dict[str, int]  # to "cpu float32"
    out_of_memory: dict[str, int]  # the batch size that no longer fitted


def given(_: Params) -> Mapping[str, Any]:
    """The weights that all visitors share, of which each place gets a copy."""
    try:
        loaded = shared_registry().get("extractive")
    except ModelUnavailable as problem:
        raise BadParam(str(problem)) from None
    return {"tokenizer": loaded.tokenizer, "trained": loaded.model}  # type: ignore[union-attr]


def caption(params: Params, result: Result) -> str:
    if result.out_of_memory:
        full = " and ".join(
            f"{name} ran out of memory at a batch of {size}" for name, size in result.out_of_memory.items()
        )
        return f"{full[0].upper()}{full[1:]}; what fitted before, and the CPU, is shown."
    return f"Between 1 and {result.ticks[1, 1].item()!r} a {params.dtype} holds nothing."


def details(params: Params, result: Result) -> str:
    asked = f"Asked for: {params.device} {params.dtype}, {count(params.batch_size, 'question')}."
    if params.device == "cuda" and not result.cuda:
        asked += " torch finds no CUDA GPU here, so the CPU alone is measured."
    return " ".join([asked, *[_speed(result, name) for name in result.logits], *_differences(result)])


def _speed(result: Result, name: str) -> str:
    size = max(result.batched_seconds[name])
    batched, alone = result.batched_seconds[name][size], result.alone_seconds[name][size]
    first, warm = result.first_seconds[name], result.warm_seconds[name]
    return (
        f"In {name}: {1000 * first:.1f} ms the first time, {1000 * warm:.1f} ms warm; {count(size, 'question')} "
        f"{one_of(size, 'takes', 'take')} {1000 * batched:.1f} ms in one batch and {1000 * alone:.1f} ms one by one."
    )


def _differences(result: Result) -> list[str]:
    return [
        f"Logits of {name} differ from cpu float32 by at most {difference:.2g}; answers that change: {changed(result, name)}."
        for name, difference in result.logit_difference.items()
        if name != "cpu float32"
    ]


def changed(result: Result, name: str) -> str:
    """How many answers differ from those of float32 on the CPU."""
    return f"{result.changed_answers[name] or 'none'} of {len(result.answers[name])}"


LESSON = Lesson(
    slug="device",
    title="Device and dtype",
    truth=__doc__,
    Params=Params,
    program=Program("device", Result, given=given, scope=unscoped),
    caption=caption,
    details=details,
    minutes=5,
    main=("dtype", "device"),
    related=("batch_memory", "logits", "padding_effect"),
    button="Measure",
    gpu_seconds=30,
    at_once=1,  # what another run costs would be measured too
    measured=frozenset({"first_seconds", "warm_seconds", "batched_seconds", "alone_seconds", "peak_bytes"}),
    tolerance=2**-5,  # 4 steps of bfloat16 at 1: half precision, or a GPU, sums in another order every time
    predictions=(
        Prediction(
            id="next",
            question="What is the next number above 1 that a bfloat16 can hold?",
            choices=(
                Choice("1 + 1/8388608", "That is float32, whose fraction has 23 bits. bfloat16 keeps 7 of them."),
                Choice("1 + 1/1024", "That is float16, with 10 bits of fraction and a far smaller range."),
                Choice(
                    "1 + 1/128",
                    "Fraction bits add 1/2, 1/4, 1/8 and so on: the last of 7 adds 1/128.",
                ),
            ),
            answer=2,
            proof="next",
            show={},
            ring="next",
        ),
        Prediction(
            id="changed",
            question="The whole model runs in bfloat16 instead of float32. How many of its 8 answers change?",
            choices=(
                Choice(
                    "none of 8",
                    "Its logits move by some hundredths. An answer changes where two spans were nearly even.",
                ),
                Choice("4 of 8", "Errors add up from layer to layer, but these spans win by more than that."),
                Choice("8 of 8", "The logits change. Which span is the best does not."),
            ),
            answer=0,
            proof="changed",
            show={"device": "cpu"},
            ring="changed",
        ),
        Prediction(
            id="product",
            question="What is 300 * 300 in float16?",
            choices=(
                Choice("90000.0", "So it is in float32. float16 ends at 65504."),
                Choice(
                    "inf",
                    "The largest float16 is 65504: its 5 exponent bits end there. bfloat16 and float32 reach 3e38.",
                ),
                Choice("65504.0", "torch does not stop at the largest number: what rounds to more overflows to inf."),
            ),
            answer=1,
            proof="product",
            show={"dtype": "float16", "batch_size": 4},
            ring="square",
        ),
        Prediction(
            id="bytes",
            question="The weights in float16: how many bytes do they take, beside those in float32?",
            choices=(
                Choice("0.25 of float32's", "That is one byte a number, as in int8 or float8."),
                Choice("0.5 of float32's", "16 bits are 2 bytes where float32 takes 4."),
                Choice("1 of float32's", "model.to(torch.float16) stores each weight anew, in 2 bytes."),
            ),
            answer=1,
            proof="bytes",
            show={"dtype": "float16", "batch_size": 4},
            ring="bytes",
        ),
    ),
    traps=(
        Trap(
            name="float16 on a CPU",
            sentence="Half the bytes, but no promise of speed: a CPU without float16 arithmetic converts to float32 and back.",
            source="https://github.com/huggingface/transformers/issues/34692",
            params={"dtype": "float16", "device": "cpu"},
        ),
        Trap(
            name="Overflow in float16",
            sentence="What rounds to more than 65504 becomes inf in float16; bfloat16 reaches about as far as float32, in coarser steps.",
            source="https://github.com/huggingface/transformers/issues/5651",
            params={"dtype": "float16", "batch_size": 1},
        ),
        Trap(
            name="A small step is lost in bfloat16",
            sentence="256 + 1 is 256 in bfloat16: an update that is small beside its weight rounds away.",
            source="https://github.com/pytorch/ao/pull/1124",
            params={"dtype": "bfloat16", "batch_size": 1},
        ),
    ),
)
