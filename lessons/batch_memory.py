"""Weights, gradients and optimiser state cost the same at every batch_size; what autograd saves for backward grows with each item."""

import copy
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils.checkpoint import checkpoint

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.seeding import seeded
from lessons.source import joined, snippet_of

HEADER = """\
import copy
import time
import torch
import torch.nn.functional as F
from collections import Counter
from contextlib import nullcontext
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
"""
RECORDING = ("train", "checkpoint", "eval")  # the modes in which autograd records
TRAINING = ("train", "checkpoint")
Attention = Literal["none", "SDPA", "softmax(qkᵀ)v"]
Frozen = Literal["nothing", "first half", "last half", "all but the last Linear", "all"]


@dataclass(frozen=True)
class Params:
    batch_size: int = bounded(8, low=1, high=32, step=1, about="items in x")
    length: int = bounded(32, low=8, high=64, step=8, about="positions of an item")
    width: int = bounded(64, low=16, high=128, step=16, about="features of a position")
    layers: int = bounded(6, low=1, high=6, step=1, about="blocks")
    attention: Attention = choice("none", about="before the feed-forward part of each block; 4 heads")
    mode: Literal["train", "checkpoint", "eval", "no_grad", "inference_mode"] = choice(
        "train", about="eval: net.eval() alone; the last two: eval() and that context"
    )
    frozen: Frozen = choice(
        "nothing", about="requires_grad_(False); the first half is layers // 2", when={"mode": RECORDING}
    )
    optimizer: Literal["SGD", "SGD, momentum 0.9", "Adagrad", "AdamW"] = choice(
        "AdamW", about="after one step", when={"mode": TRAINING}
    )
    budget: int = bounded(8, low=1, high=64, step=1, about="MiB of memory to fit into")
    measure: bool = switch(False, about="also time a step at each batch_size, on this machine")


@dataclass(frozen=True)
class Result:
    weights: int  # bytes of all parameters
    gradients: int  # bytes of all .grad after backward
    state: int  # bytes of the optimiser's tensors after a step
    activations: int  # bytes of the storages autograd saves in the forward pass, parameters excluded
    kept: list[tuple[str, int, int]]  # (dtype and shape of a saved tensor, how many, bytes of their storages)
    by_size: dict[int, int]  # batch_size -> bytes saved, measured at each
    fixed: int  # weights + gradients + state
    total: int  # fixed + activations
    per_item: int  # bytes saved for a batch of 1
    max_batch: int | None  # the largest batch_size whose total fits the budget; None: nothing is saved
    peak: int | None  # most bytes allocated on the GPU in a second step, above what was allocated before; None: no GPU
    device: str | None = None  # where a step was timed; None: it was not
    throughput: dict[int, float] | None = None  # batch_size -> items a second, in the fastest of up to three steps


class Block(nn.Module):
    """A Transformer block of pre-norm residual parts, with as much attention as `attention` says."""

    def __init__(self, width: int, attention: str) -> None:
        super().__init__()
        self.attention = attention
        if attention != "none":
            self.norm = nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.ReLU(), nn.Dropout(0.1), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.attention != "none":
            q, k, v = (
                self.qkv(self.norm(x)).unflatten(-1, (3, 4, -1)).permute(2, 0, 3, 1, 4)
            )  # each (B, 4, T, width / 4)
            if self.attention == "SDPA":
                mixed = F.scaled_dot_product_attention(q, k, v)
            else:
                mixed = ((q @ k.mT) / q.shape[-1] ** 0.5).softmax(dim=-1) @ v  # scores are (B, 4, T, T)
            x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.mlp(x)


def forward(net: nn.Module, x: Tensor, mode: str, replay: bool = True) -> Tensor:
    """replay: whether a checkpoint draws Dropout's random numbers once more."""
    for block in net.children():
        x = checkpoint(block, x, use_reentrant=False, preserve_rng_state=replay) if mode == "checkpoint" else block(x)
    return x


def saved(net: nn.Module, x: Tensor, mode: str) -> tuple[Tensor, list[Tensor]]:
    """The output, and one tensor for each storage that autograd saves on the way, the parameters' left out."""
    parameters = {p.untyped_storage().data_ptr() for p in net.parameters()}
    storages: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        tensor = tensor.detach()  # an output kept with its graph would keep the graph, which keeps the output
        if (pointer := tensor.untyped_storage().data_ptr()) not in parameters:
            storages.setdefault(pointer, tensor)
        return tensor

    contexts = {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor), contexts.get(mode, nullcontext)():
        y = forward(net, x, mode)
    return y, list(storages.values())


def nbytes(tensors: list[Tensor]) -> int:
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors)


def learn(net: nn.Module, y: Tensor, optimizer: torch.optim.Optimizer) -> None:
    if y.requires_grad:  # not where all is frozen
        y.mean().backward()
    optimizer.step()


def fresh(net: nn.Module, optim: torch.optim.Optimizer, device: str) -> tuple[nn.Module, torch.optim.Optimizer]:
    """Copies of both on the device; the optimiser has no state yet, and holds the parameters of the copy."""
    net, optim = copy.deepcopy((net, optim))
    optim.state.clear()
    return net.to(device), optim


def peak_on_gpu(net: nn.Module, x: Tensor, mode: str, optim: torch.optim.Optimizer) -> int:
    """The most bytes allocated in the second of two steps; the first makes the optimiser's state and the workspaces."""
    before = torch.cuda.memory_allocated()
    net, optim = fresh(net, optim, "cuda")
    x = x.cuda()
    for _ in range(2):
        torch.cuda.reset_peak_memory_stats()
        optim.zero_grad()
        with torch.no_grad() if mode in ("no_grad", "inference_mode") else nullcontext():
            y = forward(net, x, mode)
        if mode in ("train", "checkpoint"):
            learn(net, y, optim)
        del y
    return torch.cuda.max_memory_allocated() - before


def step_seconds(net: nn.Module, x: Tensor, mode: str, optim: torch.optim.Optimizer) -> float:
    """Seconds of the fastest of three steps, or of fewer when they are slow."""
    contexts = {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode}
    seconds: list[float] = []
    while len(seconds) < 3 and sum(seconds) < 0.1:
        start = time.perf_counter()
        with contexts.get(mode, nullcontext)():
            y = forward(net, x, mode, replay=False)
        if mode in ("train", "checkpoint"):
            optim.zero_grad()
            learn(net, y, optim)
        if x.is_cuda:
            torch.cuda.synchronize()  # the GPU works on while Python goes on
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def compute(  # noqa: C901, PLR0915 shown by branch
    batch_size: int, length: int, width: int, layers: int, attention: str, mode: str, frozen: str, optimizer: str,
    budget: int,
) -> tuple[Result, nn.Module, torch.optim.Optimizer]:  # fmt: skip
    net = nn.Sequential(*[Block(width, attention) for _ in range(layers)])
    x = torch.randn(batch_size, length, width)
    if mode not in ("train", "checkpoint"):
        net.eval()
    if frozen == "first half":
        net[: layers // 2].requires_grad_(False)
    if frozen == "last half":
        net[layers // 2 :].requires_grad_(False)
    if frozen == "all but the last Linear":
        net.requires_grad_(False)
        net[-1].get_submodule("mlp.4").requires_grad_(True)
    if frozen == "all":
        net.requires_grad_(False)

    if optimizer == "SGD":
        optim = torch.optim.SGD(net.parameters(), lr=0.1)
    if optimizer == "SGD, momentum 0.9":
        optim = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    if optimizer == "Adagrad":
        optim = torch.optim.Adagrad(net.parameters(), lr=0.1)
    if optimizer == "AdamW":
        optim = torch.optim.AdamW(net.parameters(), lr=0.1)

    y, tensors = saved(net, x, mode)
    activations = nbytes(tensors)
    shapes = [f"{tensor.dtype} {tuple(tensor.shape)}".removeprefix("torch.") for tensor in tensors]
    bytes_of: Counter[str] = Counter()
    for shape, tensor in zip(shapes, tensors, strict=True):
        bytes_of[shape] += nbytes([tensor])
    kept = [(shape, shapes.count(shape), size) for shape, size in bytes_of.most_common()]
    by_size = {}
    for size in (1, 2, 4, 8, 16, 32):
        by_size[size] = nbytes(saved(net, torch.randn(size, length, width), mode)[1])

    if mode in ("train", "checkpoint"):
        learn(net, y, optim)  # otherwise nobody calls backward
    weights = nbytes(list(net.parameters()))
    gradients = nbytes([p.grad for p in net.parameters() if p.grad is not None])
    state = nbytes([value for values in optim.state.values() for value in values.values()])

    fixed = weights + gradients + state
    total = fixed + activations
    per_item = by_size[1]
    max_batch = max(0, (budget * 2**20 - fixed) // per_item) if per_item else None
    peak = peak_on_gpu(net, x, mode, optim) if torch.cuda.is_available() else None
    return (
        Result(weights, gradients, state, activations, kept, by_size, fixed, total, per_item, max_batch, peak),
        net,
        optim,
    )


def timed(net: nn.Module, length: int, width: int, mode: str, optim: torch.optim.Optimizer) -> tuple[str, dict]:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net, optim = fresh(net, optim, device)
    for part in net.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0  # no random numbers while the clock runs
    step_seconds(net, torch.ones(1, length, width, device=device), mode, optim)  # makes the optimiser's state
    throughput = {}
    for size in (1, 2, 4, 8, 16, 32):
        throughput[size] = size / step_seconds(net, torch.ones(size, length, width, device=device), mode, optim)
    return device, throughput


def run(params: Params) -> Result:
    values = {name: value for name, value in vars(params).items() if name != "measure"}
    with seeded(0):
        result, net, optim = compute(**values)
    if not params.measure:
        return result
    with _disable_current_modes():  # to take operators down costs as much as a small operator itself
        device, throughput = timed(net, params.length, params.width, params.mode, optim)
    return replace(result, device=device, throughput=throughput)


def snippet(params: Params) -> str:
    helpers: list[Any] = [Block, forward, nbytes, saved, learn, fresh, peak_on_gpu]
    code = snippet_of(compute, vars(params), seed=0, also=helpers, header=HEADER)
    return joined(code, snippet_of(timed, {}, also=[step_seconds], header=HEADER)) if params.measure else code


def caption(params: Params, result: Result) -> str:
    told = [_fixed(params, result), _linear(params, result), _fits(params, result), _gpu(result), _speed(result)]
    return " ".join(filter(None, told))


def _fixed(params: Params, result: Result) -> str:
    fixed = f"Weights take {result.weights} bytes, gradients {result.gradients}, optimiser state {result.state}"
    if params.mode not in TRAINING:
        return f"{fixed}: with {params.mode} nobody calls backward."
    times = result.state / result.weights
    return f"{fixed} ({params.optimizer}: {times:.4g} times the weights), at every batch_size."


def _linear(params: Params, result: Result) -> str:
    if not result.per_item:
        why = "a frozen net needs no backward" if params.mode in RECORDING else f"{params.mode} records nothing"
        return f"Autograd saves 0 bytes, for every batch_size: {why}."
    told = (
        f"Autograd saves {result.activations} bytes for {_items(params.batch_size)} of {params.length} x {params.width} "
        f"in {params.layers} block{'s' if params.layers > 1 else ''}: {result.per_item} for each item"
    )
    return f"{told}; attention: {params.attention}, frozen: {params.frozen}, mode: {params.mode}."


def _fits(params: Params, result: Result) -> str:
    if result.max_batch is None:
        return f"What is saved sets no largest batch_size for {params.budget} MiB."
    if not result.max_batch:
        return f"In {params.budget} MiB not even one item fits beside the {result.fixed} bytes that are there anyway."
    fit = "1 item fits" if result.max_batch == 1 else f"{result.max_batch} items fit"
    again = ", nor the block that a checkpoint computes again" if params.mode == "checkpoint" else ""
    return f"In {params.budget} MiB at most {fit}, temporary tensors not counted{again}."


def _items(count: int) -> str:
    return f"{count} item{'' if count == 1 else 's'}"


def _gpu(result: Result) -> str:
    if result.peak is None:
        return "Computed without a GPU, so no measured peak."
    return f"Measured on the GPU: a peak of {result.peak} bytes, temporary tensors counted."


def _speed(result: Result) -> str:
    if not result.throughput:
        return ""
    sizes = list(result.throughput)
    first, last = result.throughput[sizes[0]], result.throughput[sizes[-1]]
    return (
        f"Measured on {result.device}: {first:.0f} items a second at batch_size {sizes[0]}, {last:.0f} at {sizes[-1]}, "
        f"{last / first:.1f} times as many for {sizes[-1]} times the batch."
    )


LESSON = Lesson(
    slug="batch_memory",
    title="batch_size and memory",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    gpu_seconds=10,
    measured=frozenset({"throughput"}),
    predictions=(
        Prediction(
            question="batch_size goes from 8 to 16. By what are the bytes that autograd saves for backward multiplied?",
            choices=("1", "2", "4"),
            answer=1,
            why="Every saved tensor has the batch as its first axis, so each item costs the same: bytes = a * batch_size.",
            proof="F.relu(torch.ones(16, 4, requires_grad=True)).grad_fn._saved_result.nbytes "
            "// F.relu(torch.ones(8, 4, requires_grad=True)).grad_fn._saved_result.nbytes",
            show={"batch_size": 16},
        ),
        Prediction(
            question="net.eval() without torch.no_grad(). What does autograd save for backward?",
            choices=("something", "nothing"),
            answer=0,
            why="eval() tells Dropout and BatchNorm what to compute. Only no_grad or inference_mode stops the recording.",
            proof="'nothing' if nn.ReLU().eval()(nn.Linear(4, 4).eval()(torch.ones(2, 4))).grad_fn is None else 'something'",
            show={"mode": "eval"},
        ),
        Prediction(
            question="How large is AdamW's state, compared with the parameters?",
            choices=("as large", "2 times as large", "3 times as large"),
            answer=1,
            why="It keeps two averages for each parameter, exp_avg and exp_avg_sq, and one step count for each tensor.",
            proof="(lambda p: (lambda o: [setattr(p, 'grad', torch.ones(1000)), o.step(), f'{sum(t.nbytes for t in o.state[p].values()) "
            "/ p.nbytes:.0f} times as large'][2])(torch.optim.AdamW([p])))(nn.Parameter(torch.ones(1000)))",
        ),
        Prediction(
            question="Half of the blocks are frozen. Which half saves more memory for activations?",
            choices=("the first half", "the last half", "both the same"),
            answer=0,
            why="Before the first trainable layer nothing needs a gradient. Frozen blocks at the end still carry the gradient through.",
            proof="[f'the {half} half' for half, net in (('first', nn.Sequential(nn.Linear(2, 2).requires_grad_(False), nn.ReLU())), "
            "('last', nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False), nn.ReLU()))) "
            "if not net(torch.ones(1, 2)).requires_grad][0]",
            show={"frozen": "first half"},
        ),
    ),
    traps=(
        Trap(
            name="eval() is not no_grad()",
            sentence="Validation with eval() alone keeps the graph of every batch that is held on to, and memory grows.",
            source="https://github.com/pytorch/pytorch/issues/4932",
            params={"mode": "eval"},
        ),
        Trap(
            name="Adam does not fit where SGD did",
            sentence="AdamW keeps two numbers for each weight, SGD none: compare the third bar.",
            source="https://github.com/pytorch/pytorch/issues/9439",
            params={"optimizer": "SGD"},
        ),
        Trap(
            name="Frozen, and hardly less memory",
            sentence="Freezing spares gradients and state, but blocks behind a trainable one still save activations.",
            source="https://github.com/leoxiaobin/deep-high-resolution-net.pytorch/issues/186",
            params={"frozen": "last half"},
        ),
    ),
)
