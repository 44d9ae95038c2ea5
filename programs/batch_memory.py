# %% parameters
import copy
import time
import weakref
from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from tqdm import tqdm

batch_size: int = 8
length: int = 32
width: int = 64
layers: int = 6
attention: str = "none"
mode: str = "train"
frozen: str = "nothing"
optimizer: str = "SGD, momentum 0.9"
budget: int = 8  # MiB
measure: bool = False


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


if mode == "no_grad":
    recording = torch.no_grad
elif mode == "inference_mode":
    recording = torch.inference_mode
else:
    recording = nullcontext

if mode == "checkpoint":

    def forward(net: nn.Module, x: Tensor, replay: bool = True) -> Tensor:
        """replay: whether backward() draws Dropout's random numbers once more, as the forward pass drew them."""
        for block in net.children():
            x = checkpoint(block, x, use_reentrant=False, preserve_rng_state=replay)
        return x

else:

    def forward(net: nn.Module, x: Tensor, replay: bool = True) -> Tensor:
        with recording():
            return net(x)


def freeze(net: nn.Module, part: str) -> None:
    half = layers // 2
    if part in ("all but the last Linear", "all"):
        net.requires_grad_(False)
    if part == "first half":
        net[:half].requires_grad_(False)
    if part == "last half":
        net[half:].requires_grad_(False)
    if part == "all but the last Linear":
        net[-1].get_submodule("mlp.4").requires_grad_(True)


def forward_and_saved(net: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The output, and one tensor for each storage that its graph holds for backward(), the parameters' left out.

    Autograd is handed a tensor that only it holds, and a weak reference says whether it still does: a checkpoint hands over
    the input of every block, also of one that then needs no backward and lets go of it.
    """
    handed = []

    def pack(tensor: Tensor) -> Tensor:
        own = tensor.detach()  # an output kept with its graph would keep the graph, which keeps the output
        handed.append(weakref.ref(own))
        return own

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda own: own):
        y = forward(net, x)
    parameters = {p.untyped_storage().data_ptr() for p in net.parameters()}
    held = {}
    for reference in handed:
        own = reference()
        if own is not None and own.untyped_storage().data_ptr() not in parameters:
            held.setdefault(own.untyped_storage().data_ptr(), own)
    return y, list(held.values())


def nbytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.untyped_storage().nbytes() for tensor in tensors)


def learn(net: nn.Module, y: Tensor, optim: torch.optim.Optimizer) -> None:
    if y.requires_grad:  # not where all is frozen
        y.mean().backward()
    optim.step()


def fresh(net: nn.Module, optim: torch.optim.Optimizer, device: str) -> tuple[nn.Module, torch.optim.Optimizer]:
    """Copies of both on the device; the optimiser has no state yet, and holds the parameters of the copy."""
    net, optim = copy.deepcopy((net, optim))
    optim.state.clear()
    return net.to(device), optim


torch.manual_seed(0)
net = nn.Sequential(*[Block(width, attention) for _ in range(layers)])
x = torch.randn(batch_size, length, width)
if mode not in ("train", "checkpoint"):
    net.eval()

# %% forward saves for backward(), backward() fills .grad, step() makes the optimiser's state
freeze(net, frozen)
if optimizer == "SGD":
    optim = torch.optim.SGD(net.parameters(), lr=0.1)
elif optimizer == "SGD, momentum 0.9":
    optim = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
elif optimizer == "Adagrad":
    optim = torch.optim.Adagrad(net.parameters(), lr=0.1)
else:
    optim = torch.optim.AdamW(net.parameters(), lr=0.1)

y, saved = forward_and_saved(net, x)
activations = nbytes(saved)
if mode in ("train", "checkpoint"):
    if y.requires_grad:  # not where all is frozen
        y.mean().backward()
    optim.step()
weights = nbytes(net.parameters())
gradients = nbytes(p.grad for p in net.parameters() if p.grad is not None)
state = nbytes(value for values in optim.state.values() for value in values.values())

# %% which tensors were saved
shapes = [f"{tensor.dtype} {tuple(tensor.shape)}".removeprefix("torch.") for tensor in saved]
bytes_of = Counter()
for shape, tensor in zip(shapes, saved, strict=True):
    bytes_of[shape] += nbytes([tensor])
kept = [(shape, shapes.count(shape), size) for shape, size in bytes_of.most_common()]
counted_on = x.device.type
recorded = y.requires_grad

# %% the bytes saved at other batch sizes
by_size = {batch_size: activations}
for size in tqdm((1, 8, 16)):
    if size not in by_size:
        by_size[size] = nbytes(forward_and_saved(net, torch.randn(size, length, width))[1])
by_size = dict(sorted(by_size.items()))
doubled = by_size[16] / by_size[8] if by_size[8] else None

# %% the bytes saved for one item, were something else frozen
by_frozen = {}
for part in ("nothing", "first half", "last half", "all but the last Linear", "all"):
    freeze(net.requires_grad_(True), part)
    by_frozen[part] = nbytes(forward_and_saved(net, torch.randn(1, length, width))[1])
freeze(net.requires_grad_(True), frozen)  # as it was

# %% the largest batch that fits
fixed = weights + gradients + state
total = fixed + activations
per_item = by_size[1]
max_batch = max(0, (budget * 2**20 - fixed) // per_item) if per_item else None

# %% the peak on a GPU, if there is one
if torch.cuda.is_available():
    before = torch.cuda.memory_allocated()
    on_gpu, its_optim = fresh(net, optim, "cuda")
    batch = x.cuda()
    for _ in range(2):  # the first step makes the optimiser's state and the workspaces
        torch.cuda.reset_peak_memory_stats()
        its_optim.zero_grad()
        out = forward(on_gpu, batch)
        if mode in ("train", "checkpoint"):
            learn(on_gpu, out, its_optim)
        del out
    peak = torch.cuda.max_memory_allocated() - before
    del on_gpu, its_optim, batch
else:
    peak = None

# %% items a second at each batch size
if measure:
    unwatched = nullcontext

    def step_seconds(net: nn.Module, x: Tensor, optim: torch.optim.Optimizer) -> float:
        """Seconds of the fastest of three steps, or of fewer when they are slow."""
        seconds = []
        while len(seconds) < 3 and sum(seconds) < 0.01:
            start = time.perf_counter()
            y = forward(net, x, replay=False)
            if mode in ("train", "checkpoint"):
                optim.zero_grad()
                learn(net, y, optim)
            if x.is_cuda:
                torch.cuda.synchronize()  # the GPU works on while Python goes on
            seconds.append(time.perf_counter() - start)
        return min(seconds)

    device = "cuda" if torch.cuda.is_available() else "cpu"
    timed, its_optim = fresh(net, optim, device)
    for part in timed.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0  # no random numbers while the clock runs
    throughput = {}
    with unwatched():
        step_seconds(timed, torch.ones(1, length, width, device=device), its_optim)  # makes the optimiser's state
        for size in tqdm((1, 2, 4, 8, 16, 32)):
            throughput[size] = size / step_seconds(timed, torch.ones(size, length, width, device=device), its_optim)

# %% print
print(f"{weights=} {gradients=} {state=} {activations=} bytes on the {counted_on}; in {budget} MiB: {max_batch=}")
print("saved for one item, by what is frozen:", by_frozen)

# %% proof: twice the batch
inputs = [torch.ones(size, 4, requires_grad=True) for size in (8, 16)]
less, more = (nn.functional.relu(each).grad_fn._saved_result.nbytes for each in inputs)
print(f"×{more // less}")

# %% proof: eval
net = nn.Sequential(nn.Linear(4, 4), nn.ReLU()).eval()
y = net(torch.ones(2, 4))
print("None" if y.grad_fn is None else "a graph with saved tensors" if y.grad_fn._saved_result.nbytes else "a graph")

# %% proof: AdamW
p = nn.Parameter(torch.ones(1000))
adamw = torch.optim.AdamW([p])
p.grad = torch.ones(1000)
adamw.step()
print(f"{sum(value.nbytes for value in adamw.state[p].values()) / p.nbytes:.0f} times as large")

# %% proof: half
first = nn.Sequential(nn.Linear(2, 2).requires_grad_(False), nn.Linear(2, 2))
last = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False))
recorded = {half: net[0](torch.ones(1, 2)).requires_grad for half, net in (("first", first), ("last", last))}
print("the", *(half for half, needs_backward in recorded.items() if not needs_backward), "half")
