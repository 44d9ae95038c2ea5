# %% parameters
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn

case: str = "(N, L, C), L = 3"
mode: str = "train"  # of the layer when it reads x


class Ranks(nn.Module):
    """As DistributedDataParallel runs two processes: each has a copy of the layer, and reads its half of the rows."""

    def __init__(self) -> None:
        super().__init__()
        self.rank_0, self.rank_1 = nn.BatchNorm1d(3), nn.BatchNorm1d(3)

    @property
    def running_mean(self) -> Tensor | None:
        """That of rank 0, which is the one that gets saved."""
        return self.rank_0.running_mean

    def forward(self, given: Tensor) -> Tensor:
        first, second = given.chunk(2)
        return torch.cat([self.rank_0(first), self.rank_1(second)])


@contextmanager
def process_group() -> Iterator[None]:
    """This process as rank 0 of 1."""
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        yield
    finally:
        dist.destroy_process_group()


torch.manual_seed(0)
if case == "(N, L, C), L = 4":
    rows = 8
else:
    rows = 6
loc, scale = torch.tensor([5.0, 0.0, -2.0]), torch.tensor([2.0, 1.0, 0.5])
batches = loc + scale * torch.randn(30, rows, 3)  # what the layer was trained on
x = loc + scale * torch.randn(rows, 3)

usual = nn.BatchNorm1d(3)
for batch in batches:
    usual(batch)
usual.train(mode == "train")

if case == "one NaN":
    batches[14, 2, 0] = torch.nan  # in one batch, one sample, one channel
if case == "track_running_stats=False":
    bn = nn.BatchNorm1d(3, track_running_stats=False)
elif case == "two ranks":
    bn = Ranks()
elif case == "SyncBatchNorm, CPU":
    bn = nn.SyncBatchNorm(3)
else:
    bn = nn.BatchNorm1d(3)


def read(given: Tensor) -> Tensor:
    """The layer's output, with the rows as this case hands them over."""
    if case in ("(N, L, C), L = 3", "(N, L, C), L = 4"):
        return bn(given.reshape(2, -1, 3)).reshape(-1, 3)  # 2 samples of L positions: BatchNorm1d reads (N, C, L)
    elif case == "two micro-batches":
        return torch.cat([bn(half) for half in given.chunk(2)])
    elif case == "SyncBatchNorm, CPU":
        with process_group():
            return bn(given)
    else:
        return bn(given)


# %% a layer that is trained, and then asked
for batch in batches:
    read(batch)  # in train mode
stored = None if bn.running_mean is None else bn.running_mean.clone()
bn.train(mode == "train")
y = read(x)

# %% what the usual layer gives
y_usual = usual(x)
apart = (y - y_usual).abs().max().item()

# %% does the second half of the rows move the first
shifted = torch.cat([x[: rows // 2], x[rows // 2 :] + 5])
change = read(shifted)[: rows // 2] - y[: rows // 2]

# %% the mean of what shares one
by_channel = y.mean(dim=0)
by_position = y.reshape(2, -1, 3).mean(dim=(0, 2))  # if the rows are two samples of positions

# %% print
print(y)
print("running_mean is", stored)

# %% proof: no statistics
layer = nn.BatchNorm1d(3, track_running_stats=False).eval()
six = torch.randn(6, 3)
moved = torch.cat([six[:3], six[3:] + 5])
print("they stay" if torch.equal(layer(moved)[:3], layer(six)[:3]) else "they move")

# %% proof: one NaN
layer, six = nn.BatchNorm1d(3), torch.randn(6, 3)
for step in range(30):
    batch = torch.randn(6, 3)
    if step == 14:
        batch[2, 0] = torch.nan
    layer(batch)
wrong = layer.eval()(six).isnan()
print(
    "NaN in one channel"
    if wrong[:, 0].all() and not wrong[:, 1:].any()
    else "NaN everywhere"
    if wrong.all()
    else "numbers"
)

# %% proof: swapped
layer = nn.BatchNorm1d(3)
out = layer(torch.randn(2, 3, 3) + torch.tensor([5.0, 0.0, -2.0]))  # (N, L, C)
print("those of one position" if out.mean(dim=(0, 2)).abs().max() < 1e-5 else "those of one channel")

# %% proof: micro-batches
layer, six = nn.BatchNorm1d(3), torch.randn(6, 3)
halves = torch.cat([layer(half) for half in six.chunk(2)])
print("the same numbers" if torch.allclose(halves, layer(six), atol=1e-5) else "other numbers")

# %% proof: two ranks
ranks, six = Ranks(), torch.randn(6, 3)
moved = torch.cat([six[:3], six[3:] + 5])
print("they stay" if torch.equal(ranks(moved)[:3], ranks(six)[:3]) else "they move")

# %% proof: synchronised on a CPU
try:
    with process_group():
        nn.SyncBatchNorm(3)(torch.randn(6, 3))
    print("it normalises")
except ValueError:
    print("it raises")
