"""The same questions on another device, in another dtype or in another batch give nearly the same logits in another time."""

# A BatchEncoding holds tensors here, which its stubs do not say.
# mypy: disable-error-code="arg-type, union-attr, assignment"

import copy
import os
import resource
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import BadParam, bounded, choice
from explorable.progress import progress
from lessons.source import snippet_of
from models.registry import ModelUnavailable, shared_registry

if TYPE_CHECKING:
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

FOLDER = "assets/models/extractive"
IMPORTS = """\
import copy
import os
import resource
import sys
import time
from typing import Any
import torch
from torch import Tensor
from transformers import AutoModelForQuestionAnswering, AutoTokenizer"""


@dataclass(frozen=True)
class Params:
    device: Literal["cuda", "cpu"] = choice("cuda", about="cuda is measured only where there is a GPU")
    dtype: Literal["float32", "bfloat16", "float16"] = choice("bfloat16", about="beside float32")
    batch_size: int = bounded(8, low=1, high=64, step=1, about="questions in the largest batch")


@dataclass(frozen=True)
class Result:
    """The dicts have an entry for each place: "cpu float32" and what was asked for beside it."""

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


def timed(model: Any, inputs: dict[str, Tensor]) -> tuple[float, Tensor]:
    """Seconds of one forward, and its start and end logits (n, 2, T); a GPU works on its own and is waited for."""
    begun = time.perf_counter()
    output = model(**inputs)
    if inputs["input_ids"].is_cuda:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - begun
    return seconds, torch.stack([output.start_logits, output.end_logits], dim=1).float().cpu()


def peak(place: str) -> int:
    """Bytes: the most that the GPU's allocator held, or the most that this process took."""
    if place == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def compute(  # noqa: C901, PLR0915 shown as one piece
    device: str, dtype: str, batch_size: int, folder: str, loaded: Any = None
) -> Result:
    if loaded is None:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        trained = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32)
    else:  # the same weights, of which each place gets its own copy
        tokenizer, trained = loaded.tokenizer, loaded.model

    cuda = torch.cuda.is_available()
    cpu = f"{torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores, of which an operator takes {torch.get_num_threads()}"
    gpu = ""
    if cuda:
        properties = torch.cuda.get_device_properties(0)
        gpu = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    there = "cuda" if device == "cuda" and cuda else "cpu"
    places = list(dict.fromkeys([("cpu", "float32"), (there, "float32"), (there, dtype)]))

    asked = [
        ("Who wrote Emma?", "Jane Austen wrote Emma in 1815, two years before she died."),
        ("How high is Aconcagua?", "Aconcagua in Argentina rises to 6,961 metres."),
        ("Where do puffins nest?", "Puffins nest in burrows on grassy cliffs."),
        ("When does the shop open?", "The shop opens at nine and closes at half past six."),
        ("What does the lid do?", "The lid is heavy and keeps the steam in the pot."),
        ("Who repaired the clock?", "My uncle sold the clock that my aunt had repaired."),
        ("Why did the train stop?", "The train stopped for an hour because a tree had fallen."),
        ("How long does it take?", "It takes ten minutes by bus or half an hour on foot."),
    ]
    questions, contexts = zip(*[asked[i % len(asked)] for i in range(batch_size)], strict=True)
    batch = tokenizer(list(questions), list(contexts), padding=True, return_tensors="pt")
    input_ids, attention_mask = batch["input_ids"], batch["attention_mask"]  # (N, T)
    sizes = [size for size in (1, 4, 16) if size < batch_size] + [batch_size]

    weight_bytes, first_seconds, warm_seconds, peak_bytes = {}, {}, {}, {}
    batched_seconds: dict[str, dict[int, float]] = {}
    alone_seconds: dict[str, dict[int, float]] = {}
    logits, batch_difference, out_of_memory = {}, {}, {}
    for place, kind, size in progress([(*where, size) for where in places for size in sizes]):
        name = f"{place} {kind}"
        if name in out_of_memory or (name == "cpu float16" and size > 4):  # slow: no kernels of its own
            continue
        try:
            with torch.no_grad():
                if name not in batched_seconds:
                    batched_seconds[name], alone_seconds[name] = {}, {}
                    if place == "cuda":
                        torch.cuda.reset_peak_memory_stats()
                    model = copy.deepcopy(trained).to(place, getattr(torch, kind))
                    inputs = {key: value.to(place) for key, value in batch.items()}
                    rows = [{key: value[i : i + 1] for key, value in inputs.items()} for i in range(batch_size)]
                    first_seconds[name] = timed(model, rows[0])[0]
                    warm_seconds[name] = min(timed(model, rows[0])[0] for _ in range(3))
                    weight_bytes[name] = sum(p.numel() * p.element_size() for p in model.parameters())
                some = {key: value[:size] for key, value in inputs.items()}
                runs = [timed(model, some) for _ in range(2)]
                singles = [timed(model, row) for row in rows[:size]]
        except torch.OutOfMemoryError:
            out_of_memory[name] = size
            torch.cuda.empty_cache()
            continue
        batched_seconds[name][size] = min(seconds for seconds, _ in runs)
        alone_seconds[name][size] = sum(seconds for seconds, _ in singles)
        logits[name] = runs[0][1]
        real = attention_mask[:size, None]  # padding is nobody's answer
        batch_difference[name] = ((logits[name] - torch.cat([one for _, one in singles])) * real).abs().max().item()
        peak_bytes[name] = peak(place)

    side = torch.tensor([[s == 1 for s in batch.sequence_ids(i)] for i in range(batch_size)])  # context
    answers, logit_difference, changed_answers = {}, {}, {}
    for name, both in logits.items():
        n = len(both)
        legal = (side[:n, :, None] & side[:n, None, :]).triu()  # end not before start
        score = both[:, 0, :, None] + both[:, 1, None, :]  # (n, T, T)
        best = score.masked_fill(~legal, float("-inf")).flatten(1).argmax(dim=1)
        spans = [divmod(pair, score.shape[-1]) for pair in best.tolist()]
        answers[name] = [tokenizer.decode(ids[i : j + 1]) for ids, (i, j) in zip(input_ids[:n], spans, strict=True)]
        reference = logits["cpu float32"][:n]
        logit_difference[name] = ((both - reference) * attention_mask[:n, None]).abs().max().item()
        changed_answers[name] = sum(a != b for a, b in zip(answers[name], answers["cpu float32"], strict=False))
    return Result(
        cuda, cpu, gpu, input_ids, attention_mask, sizes, weight_bytes, first_seconds, warm_seconds, batched_seconds,
        alone_seconds, peak_bytes, logits, answers, logit_difference, batch_difference, changed_answers, out_of_memory,
    )  # fmt: skip


def run(params: Params) -> Result:
    try:
        loaded = shared_registry().get("extractive")
    except ModelUnavailable as problem:
        raise BadParam(str(problem)) from None
    return compute(**vars(params), folder=FOLDER, loaded=loaded)


def snippet(params: Params) -> str:
    values = {**vars(params), "folder": FOLDER, "loaded": None}
    return snippet_of(compute, values, also=[timed, peak], header=IMPORTS)


def caption(params: Params, result: Result) -> str:
    return " ".join(
        [_there(params, result), *[_speed(result, name) for name in result.logits], *_differences(result)]
    ).strip()


def _there(params: Params, result: Result) -> str:
    if params.device == "cuda" and not result.cuda:
        return "torch finds no CUDA GPU here, so the CPU alone is measured."
    return "".join(
        f"{name} ran out of memory at a batch of {size}; what fitted before, and the CPU, is shown. "
        for name, size in result.out_of_memory.items()
    )


def _speed(result: Result, name: str) -> str:
    size = max(result.batched_seconds[name])
    batched, alone = result.batched_seconds[name][size], result.alone_seconds[name][size]
    read = "question takes" if size == 1 else "questions take"
    first, warm = result.first_seconds[name], result.warm_seconds[name]
    return (
        f"{name}: {1000 * first:.1f} ms the first time, {1000 * warm:.1f} ms warm; {size} {read} "
        f"{1000 * batched:.1f} ms in one batch and {1000 * alone:.1f} ms one by one."
    )


def _differences(result: Result) -> list[str]:
    return [
        f"Logits of {name} differ from cpu float32 by at most {difference:.2g}, and {result.changed_answers[name]} of "
        f"{len(result.answers[name])} answers change."
        for name, difference in result.logit_difference.items()
        if name != "cpu float32"
    ]


LESSON = Lesson(
    slug="device",
    title="Device",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    button="Measure",
    gpu_seconds=30,
    at_once=1,  # what another run costs would be measured too
    measured=frozenset({"first_seconds", "warm_seconds", "batched_seconds", "alone_seconds", "peak_bytes"}),
    tolerance=1e-3,  # of a GPU's sums, which come in another order every time
    predictions=(
        Prediction(
            question="The next number above 1 that a bfloat16 can hold?",
            choices=("1.00000011920929", "1.0009765625", "1.0078125"),
            answer=2,
            why="bfloat16 keeps the 8 exponent bits of float32 and only 7 bits behind the point: steps of 2 to the power -7.",
            proof="1 + torch.finfo(torch.bfloat16).eps",
            show={"dtype": "bfloat16"},
        ),
        Prediction(
            question="300 * 300 in float16?",
            choices=("inf", "65504.0", "90000.0"),
            answer=0,
            why="The largest float16 is 65504; its 5 exponent bits end there, where bfloat16 and float32 go on to 3e38.",
            proof="(torch.tensor(300.0, dtype=torch.float16) * 300).item()",
            show={"dtype": "float16"},
        ),
        Prediction(
            question="Logits 7.31, 2.02 and 5.5 are rounded to bfloat16. Does their argmax change?",
            choices=("True", "False"),
            answer=1,
            why="Rounding keeps the order of numbers that differ by more than a step; only a near tie can tip over.",
            proof="bool(torch.tensor([7.31, 2.02, 5.5]).argmax() != torch.tensor([7.31, 2.02, 5.5]).bfloat16().argmax())",
        ),
    ),
    traps=(
        Trap(
            name="float16 on a CPU",
            sentence="Half the bytes, and on most CPUs several times slower: few compute in float16, so operators convert to float32 and back.",
            source="https://github.com/huggingface/transformers/issues/34692",
            params={"dtype": "float16", "device": "cpu"},
        ),
        Trap(
            name="A GPU timed without synchronize",
            sentence="A CUDA call returns before its work is done: without torch.cuda.synchronize() the clock measures the launch.",
            source="https://github.com/pytorch/pytorch/issues/80129",
            params={"device": "cuda", "dtype": "float32"},
        ),
        Trap(
            name="The batch changes the logits",
            sentence="Another batch size may take another kernel, which sums in another order: Δ batch is then not 0, and answers hardly ever change.",
            source="https://github.com/huggingface/transformers/issues/2401",
            params={"dtype": "float32", "batch_size": 32},
        ),
    ),
)
