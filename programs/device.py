# %% parameters
import copy
import os
import resource
import sys
import time
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

device: str = "cuda"  # measured only where there is a GPU
dtype: str = "bfloat16"
batch_size: int = 8


def asked(n: int) -> tuple[list[str], list[str]]:
    """n questions and the texts that answer them."""
    pairs = [
        ("Who wrote Emma?", "Jane Austen wrote Emma in 1815, two years before she died."),
        ("How high is Aconcagua?", "Aconcagua in Argentina rises to 6,961 metres."),
        ("Where do puffins nest?", "Puffins nest in burrows on grassy cliffs."),
        ("When does the shop open?", "The shop opens at nine and closes at half past six."),
        ("What does the lid do?", "The lid is heavy and keeps the steam in the pot."),
        ("Who repaired the clock?", "My uncle sold the clock that my aunt had repaired."),
        ("Why did the train stop?", "The train stopped for an hour because a tree had fallen."),
        ("How long does it take?", "It takes ten minutes by bus or half an hour on foot."),
    ]
    questions, contexts = zip(*[pairs[i % len(pairs)] for i in range(n)], strict=True)
    return list(questions), list(contexts)


def best_spans(both: Tensor, side: Tensor) -> list[tuple[int, int]]:
    """Start and end of the best legal pair for each question. both: (n, 2, T) logits; side: (n, T) True in the context."""
    legal = (side[:, :, None] & side[:, None, :]).triu()  # end not before start
    score = both[:, 0, :, None] + both[:, 1, None, :]  # (n, T, T)
    best = score.masked_fill(~legal, float("-inf")).flatten(1).argmax(dim=1)
    return [divmod(pair, score.shape[-1]) for pair in best.tolist()]


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


tokenizer = AutoTokenizer.from_pretrained("assets/models/extractive")
trained = AutoModelForQuestionAnswering.from_pretrained("assets/models/extractive", dtype=torch.float32)

# %% what a dtype can hold
kinds = [torch.float32, getattr(torch, dtype)]
counted = [1 + torch.arange(4) * torch.finfo(kind).eps for kind in kinds]
ticks = torch.stack([row.to(kind).double() for row, kind in zip(counted, kinds, strict=True)])  # (2, 4)
square = (torch.tensor(300.0, dtype=kinds[1]) * 300).item()
plus_one = (torch.tensor(256.0, dtype=kinds[1]) + 1).item()

# %% the bits of 1: sign, exponent, fraction
bits = []  # 2 x 3
for kind in kinds:
    whole = torch.tensor(1.0, dtype=kind).view(torch.int32 if torch.finfo(kind).bits == 32 else torch.int16)
    written = f"{whole.item():0{torch.finfo(kind).bits}b}"
    behind = int(-torch.tensor(torch.finfo(kind).eps).log2())  # bits of the fraction: the last one is worth eps
    bits.append([written[0], written[1:-behind], written[-behind:]])

# %% what is there
cuda = torch.cuda.is_available()
threads = torch.get_num_threads()
cpu = f"{torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores; an operator uses up to {threads} threads"
gpu = ""
if cuda:
    properties = torch.cuda.get_device_properties(0)
    gpu = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
there = "cuda" if device == "cuda" and cuda else "cpu"
places = list(dict.fromkeys([("cpu", "float32"), (there, "float32"), (there, dtype)]))

questions, contexts = asked(batch_size)
batch = tokenizer(questions, contexts, padding=True, return_tensors="pt")
input_ids, attention_mask = batch["input_ids"], batch["attention_mask"]  # (N, T)
sizes = [size for size in (1, 4, 16) if size < batch_size] + [batch_size]

# %% each place reads batches of each size, and the same questions one by one
weight_bytes, first_seconds, warm_seconds, peak_bytes = {}, {}, {}, {}
batched_seconds: dict[str, dict[int, float]] = {}
alone_seconds: dict[str, dict[int, float]] = {}
logits, batch_difference, out_of_memory = {}, {}, {}
for place, kind, size in tqdm([(*where, size) for where in places for size in sizes]):
    name = f"{place} {kind}"
    if name in out_of_memory or (name == "cpu float16" and size > 4):  # slow on most CPUs
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

# %% the answers, and how far the logits are from those of float32 on the CPU
side = torch.tensor([[s == 1 for s in batch.sequence_ids(i)] for i in range(batch_size)])  # context
answers, logit_difference, changed_answers = {}, {}, {}
for name, both in logits.items():
    n = len(both)
    spans = best_spans(both, side[:n])
    answers[name] = [tokenizer.decode(ids[i : j + 1]) for ids, (i, j) in zip(input_ids[:n], spans, strict=True)]
    reference = logits["cpu float32"][:n]
    logit_difference[name] = ((both - reference) * attention_mask[:n, None]).abs().max().item()
    changed_answers[name] = sum(a != b for a, b in zip(answers[name], answers["cpu float32"], strict=False))

# %% print
for name, seconds in batched_seconds.items():
    for size, took in seconds.items():
        print(
            f"{name}: {size:2d} questions in {1000 * took:.1f} ms, one by one {1000 * alone_seconds[name][size]:.1f} ms"
        )
print("logits differ by at most", logit_difference, "and answers changed:", changed_answers)

# %% proof: next
print(f"1 + 1/{1 / torch.finfo(torch.bfloat16).eps:.0f}")

# %% proof: changed
tokenizer = AutoTokenizer.from_pretrained("assets/models/extractive")
model = AutoModelForQuestionAnswering.from_pretrained("assets/models/extractive", dtype=torch.float32)
batch = tokenizer(*asked(8), padding=True, return_tensors="pt")
side = torch.tensor([[s == 1 for s in batch.sequence_ids(i)] for i in range(8)])
with torch.no_grad():
    full, half = (best_spans(timed(m, dict(batch))[1], side) for m in (model, copy.deepcopy(model).bfloat16()))
print(f"{sum(a != b for a, b in zip(full, half, strict=True)) or 'none'} of 8")

# %% proof: product
print((torch.tensor(300.0, dtype=torch.float16) * 300).item())

# %% proof: bytes
print(f"{torch.ones(1, dtype=torch.float16).element_size() / torch.ones(1).element_size():g} of float32's")
