# %% parameters
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import (
    DataLoader,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    TensorDataset,
    WeightedRandomSampler,
)

n: int = 10  # samples in the dataset
batch_size: int = 4
sampler: str = "RandomSampler"
weight: float = 8.0
ranks: int = 4
set_epoch: bool = True
drop_last: bool = False
epochs: int = 4
generator: str = "None"
seed: int = 0


class Recorder(Sampler):
    """Hands on the indices of another sampler and keeps them, epoch by epoch."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.orders: list[list[int]] = []

    def __len__(self) -> int:
        return len(self.inner)

    def __iter__(self) -> Iterator[int]:
        self.orders.append(list(self.inner))
        return iter(self.orders[-1])


torch.manual_seed(seed)
index = torch.arange(n)
x = torch.stack([index, index**2], dim=1).float()
dataset = TensorDataset(index, x)  # sample i is (i, x[i])
if generator == "None":
    g = None  # sampler and loader draw from torch's global generator
else:
    g = torch.Generator().manual_seed(seed)

# %% a sampler draws the indices, batch_size cuts them into batches
if sampler == "SequentialSampler":
    samplers = [Recorder(SequentialSampler(dataset))]  # what shuffle=False makes
elif sampler == "RandomSampler":
    samplers = [Recorder(RandomSampler(dataset, generator=g))]  # what shuffle=True makes
elif sampler == "RandomSampler(replacement=True)":
    samplers = [Recorder(RandomSampler(dataset, replacement=True, generator=g))]
elif sampler == "WeightedRandomSampler":
    weights = [1.0] * (n - 1) + [weight]
    samplers = [Recorder(WeightedRandomSampler(weights, num_samples=n, generator=g))]
elif sampler == "WeightedRandomSampler(2 classes)":
    weights = [1.0, weight][:n]  # one for each class, as a loss takes them; the sampler reads one for each sample
    samplers = [Recorder(WeightedRandomSampler(weights, num_samples=n, generator=g))]
else:
    samplers = [
        Recorder(DistributedSampler(dataset, num_replicas=ranks, rank=rank, seed=seed, drop_last=drop_last))
        for rank in range(ranks)
    ]
loaders = [DataLoader(dataset, batch_size, sampler=each, drop_last=drop_last, generator=g) for each in samplers]

batches = []
for epoch in range(epochs):
    if sampler == "DistributedSampler" and set_epoch:
        for recorder in samplers:
            recorder.inner.set_epoch(epoch)
    batches.append([batch for loader in loaders for batch in loader])

# %% what was drawn, and how often each sample was delivered
length = len(loaders[0])
order = torch.tensor(
    [[i for recorder in samplers for i in recorder.orders[k]] for k in range(epochs)], dtype=torch.int64
)
served = [i for epoch in batches for batch in epoch for i in batch[0].tolist()]
counts = torch.tensor([served.count(i) for i in range(n)])

# %% does a sampler go with shuffle=True
try:
    DataLoader(dataset, batch_size, sampler=samplers[0], shuffle=True)
    both = "it is accepted"
except ValueError as error:
    both = f"{type(error).__name__}: {error}"

# %% does making an iterator move the global generator
torch.manual_seed(seed)
rand_without = torch.rand(()).item()
torch.manual_seed(seed)
iter(loaders[0])  # only made, never asked for a batch
rand_with = torch.rand(()).item()

# %% print
print(f"len(loader) is {length}")
for epoch, delivered in enumerate(batches):
    print(f"epoch {epoch}:", [batch[0].tolist() for batch in delivered])
print(f"torch.rand after the seed: {rand_without:.4f}, and with iter(loader) in between: {rand_with:.4f}")

# %% proof: batch sizes
loader = DataLoader(range(10), batch_size=4, shuffle=True)
print([len(batch) for batch in loader])

# %% proof: four epochs
loader = DataLoader(range(10), batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(0))
drawn = {str(torch.cat([*loader]).tolist()) for _ in range(4)}
sets = {str(sorted(sorted(batch.tolist()) for batch in loader)) for _ in range(4)}
print(
    "the same in each epoch"
    if len(drawn) == 1
    else "the same batches, shuffled"
    if len(sets) == 1
    else "another in each epoch"
)

# %% proof: only an iterator
torch.manual_seed(0)
expected = torch.rand(())
torch.manual_seed(0)
iter(DataLoader(range(10), batch_size=4, shuffle=False))
print("the same number" if torch.rand(()) == expected else "another number")

# %% proof: four ranks
print(sum(len(DistributedSampler(range(10), num_replicas=4, rank=rank)) for rank in range(4)), "samples")

# %% proof: weights of classes
drawn = {*WeightedRandomSampler([1.0, 8.0], num_samples=10)}
print("samples 0 and 1 alone" if drawn <= {0, 1} else f"{len(drawn)} of 10 samples")

# %% proof: sampler and shuffle
try:
    DataLoader(range(10), sampler=RandomSampler(range(10)), shuffle=True)
except ValueError as error:
    print("it raises", type(error).__name__)

# %% proof: three samples
shares = [DistributedSampler(range(3), num_replicas=4, rank=rank, drop_last=True) for rank in range(4)]
print(sum(map(len, shares)) or "no", "samples" if any(map(len, shares)) else "sample")
