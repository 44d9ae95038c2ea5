# %% parameters
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import ConcatDataset, DataLoader, Dataset, DistributedSampler, Subset, random_split

view: str = "Dataset or loader?"
kind: str = "Dataset with both"
wrapper: str = "Subset of ConcatDataset"
n: int = 10  # samples in the dataset
batch_size: int = 4
k: int = 2  # the index that is asked for
seed: int = 0  # of the split


class Squares(Dataset):
    """Sample i is i * i. Counts how often it was asked."""

    def __init__(self, n: int) -> None:
        self.x = torch.arange(n) ** 2
        self.calls = 0

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Tensor:
        self.calls += 1
        return self.x[i]


class Both(Dataset):
    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> int:
        return i * i


class Ending(Dataset):
    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> int:
        if i >= 6:
            raise IndexError(i)
        return i * i


class NoLen(Dataset):
    def __getitem__(self, i: int) -> int:
        return i * i


class NoGetItem(Dataset):
    def __len__(self) -> int:
        return 6


class Plain:
    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> int:
        return i * i


def attempt(expression: Callable[[], Any]) -> str:
    """What an expression gives, or what Python says when it refuses."""
    try:
        return str(expression())
    except (AttributeError, KeyError, IndexError, NotImplementedError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


# %% a dataset, its loader, and one epoch
if view == "Dataset or loader?":
    dataset = Squares(n)
    loader = DataLoader(dataset, batch_size=batch_size)
    batches = [b.tolist() for b in loader]
    calls = dataset.calls  # of __getitem__, in one epoch

# %% what is given to the loader as its dataset
if view == "kinds of dataset":
    if kind == "Dataset with both":
        ds = Both()
    elif kind == "Dataset with both and IndexError":
        ds = Ending()
    elif kind == "Dataset without __len__":
        ds = NoLen()
    elif kind == "Dataset without __getitem__":
        ds = NoGetItem()
    elif kind == "class that is no Dataset":
        ds = Plain()
    elif kind == "list":
        ds = [0, 1, 4, 9, 16, 25]
    elif kind == "range":
        ds = range(6)
    elif kind == "str":
        ds = "tensor"
    elif kind == "dict with keys 0, 1, ...":
        ds = {i: i * i for i in range(6)}
    elif kind == "dict with keys a, b, ...":
        ds = {letter: i * i for i, letter in enumerate("abcdef")}
    elif kind == "set":
        ds = {0, 1, 4, 9, 16, 25}
    else:
        ds = (i * i for i in range(6))

# %% a dataset made of datasets
if view == "wrapped datasets":
    index = torch.arange(n)  # dataset[i] is i, so that every sample says where it comes from
    if wrapper == "Subset":
        wrapped = Subset(index, range(n - 1, -1, -2))  # every second one, from the end
    elif wrapper == "ConcatDataset":
        wrapped = ConcatDataset([index[: n // 3], index[n // 3 :]])
    elif wrapper == "random_split":
        split = random_split(index, [0.33, 0.33, 0.34], generator=torch.Generator().manual_seed(seed))
        wrapped = split[0]
    else:
        both = ConcatDataset([index[: n // 3], index[n // 3 :]])
        wrapped = Subset(both, range(n - 1, -1, -2))

# %% who does which job
if view == "Dataset or loader?":
    samples = dataset.x
    g = torch.Generator().manual_seed(0)
    shuffled = DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=g)
    replaced = type(shuffled.sampler).__name__
    dropping = DataLoader(dataset, batch_size=batch_size, drop_last=True)
    rank0 = DataLoader(dataset, sampler=DistributedSampler(dataset, 2, 0, shuffle=False))
    lines = [torch.arange(1 + i % 3) for i in range(n)]  # samples of unequal length
    padded = DataLoader(lines, batch_size=batch_size, collate_fn=partial(pad_sequence, batch_first=True))
    jobs = {
        "dataset[0]": attempt(lambda: dataset[0]),
        "loader[0]": attempt(lambda: loader[0]),
        "len(dataset)": attempt(lambda: len(dataset)),
        "len(loader)": attempt(lambda: len(loader)),
        "[s.item() for s in dataset]": attempt(lambda: [s.item() for s in dataset]),
        "[b.tolist() for b in loader]": attempt(lambda: [b.tolist() for b in loader]),
        "[b.tolist() for b in shuffled]": attempt(lambda: [b.tolist() for b in shuffled]),
        "[len(line) for line in lines]": attempt(lambda: [len(line) for line in lines]),
        "[tuple(b.shape) for b in padded]": attempt(lambda: [tuple(b.shape) for b in padded]),
        "next(dataset)": attempt(lambda: next(dataset)),
        "next(iter(loader)).tolist()": attempt(lambda: next(iter(loader)).tolist()),
        "dataset.drop_last": attempt(lambda: dataset.drop_last),
        "[len(b) for b in dropping]": attempt(lambda: [len(b) for b in dropping]),
        "[b.item() for b in rank0]": attempt(lambda: [b.item() for b in rank0]),
        "dataset.num_workers": attempt(lambda: dataset.num_workers),
        "loader.num_workers": attempt(lambda: loader.num_workers),
        "dataset.pin_memory": attempt(lambda: dataset.pin_memory),
        "loader.pin_memory": attempt(lambda: loader.pin_memory),
        "[len(part) for part in random_split(dataset, [n - 2, 2])]": attempt(
            lambda: [len(part) for part in random_split(dataset, [n - 2, 2])]
        ),
        "loader[:2]": attempt(lambda: loader[:2]),
        "len(dataset + dataset)": attempt(lambda: len(dataset + dataset)),
        "len(loader + loader)": attempt(lambda: len(loader + loader)),
        "dataset[0].device": attempt(lambda: dataset[0].device),
        "next(iter(loader)).device": attempt(lambda: next(iter(loader)).device),
        "dataset.__getitem__(2)": attempt(lambda: dataset.__getitem__(2)),
        "loader.__getitem__(2)": attempt(lambda: loader.__getitem__(2)),
    }

# %% what it answers, and what a loader makes of it
if view == "kinds of dataset":
    torch.manual_seed(0)  # of shuffle=True
    outcomes = {
        "ds[2]": attempt(lambda: ds[2]),
        "ds[-1]": attempt(lambda: ds[-1]),
        "len(ds)": attempt(lambda: len(ds)),
        "[*islice(ds, 9)]": attempt(lambda: [*islice(ds, 9)]),
        "[*DataLoader(ds, batch_size=None)]": attempt(lambda: [*DataLoader(ds, batch_size=None)]),
        "len(DataLoader(ds, batch_size=4))": attempt(lambda: len(DataLoader(ds, batch_size=4))),
        "len([*DataLoader(ds, shuffle=True)])": attempt(lambda: len([*DataLoader(ds, shuffle=True)])),
        "[*DataLoader(ds, batch_size=None, sampler=[2, 0])]": attempt(
            lambda: [*DataLoader(ds, batch_size=None, sampler=[2, 0])]
        ),
        "[*DataLoader(ds, batch_size=None, sampler=['c', 'a'])]": attempt(
            lambda: [*DataLoader(ds, batch_size=None, sampler=["c", "a"])]
        ),
        "next(DataLoader(ds, sampler=[0]))": attempt(lambda: next(DataLoader(ds, sampler=[0]))),
    }

# %% which sample each position stands for
if view == "wrapped datasets":
    if wrapper == "Subset":
        parts = [list(wrapped.indices)]
    elif wrapper == "ConcatDataset":
        parts = [child.tolist() for child in wrapped.datasets]
    elif wrapper == "random_split":
        parts = [list(part.indices) for part in split]
    else:
        parts = [child.tolist() for child in both.datasets]
    reached = torch.tensor([wrapped[position].item() for position in range(len(wrapped))])


# %% the way from one index to its sample
def located(joined: ConcatDataset, k: int) -> tuple[int, int]:
    """(child, index in it) of index k, from cumulative_sizes as ConcatDataset reads them."""
    at = k if k >= 0 else len(joined) + k
    child = sum(at >= size for size in joined.cumulative_sizes)
    return child, at - (joined.cumulative_sizes[child - 1] if child else 0)


if view == "wrapped datasets":
    sample = wrapped[k]
    if wrapper == "ConcatDataset":
        child, local = located(wrapped, k)
        path = [f"wrapped[{k}]", f"wrapped.datasets[{child}][{local}]"]
    elif wrapper == "Subset of ConcatDataset":
        child, local = located(wrapped.dataset, wrapped.indices[k])
        path = [
            f"wrapped[{k}]",
            f"both[wrapped.indices[{k}]]",
            f"both[{wrapped.indices[k]}]",
            f"both.datasets[{child}][{local}]",
        ]
    else:
        path = [f"wrapped[{k}]", f"index[wrapped.indices[{k}]]", f"index[{wrapped.indices[k]}]"]

# %% print
if view == "Dataset or loader?":
    print(f"{n} samples make {len(batches)} batches: {batches}")
    print(f"loader[0] → {jobs['loader[0]']}")
elif view == "kinds of dataset":
    print("\n".join(f"{expression} → {outcome}" for expression, outcome in outcomes.items()))
else:
    print(" = ".join(path), "=", sample.item())

# %% proof: loader[0]
try:
    print(DataLoader(range(10), batch_size=4)[0])
except TypeError as error:
    print(f"a {type(error).__name__}")

# %% proof: length
print(f"{len(DataLoader(range(10), batch_size=4))} batches")

# %% proof: shuffle
print(f"the sampler, by a {type(DataLoader(range(10), shuffle=True).sampler).__name__}")


# %% proof: no len
class Endless(Dataset):
    def __getitem__(self, i: int) -> int:
        return i * i


found = [*DataLoader(Endless(), batch_size=None, sampler=[2, 0])]
print("it works" if found == [4, 0] else found)


# %% proof: loop
class Unending(Dataset):
    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> int:
        return i * i


items = [*islice(Unending(), 100)]
print("it never ends" if len(items) == 100 else f"it ends after {len(items)}")

# %% proof: list
found = [*DataLoader([5, 6, 7], batch_size=None)]
print("it works" if found == [5, 6, 7] else found)

# %% proof: keys
found = [*DataLoader({"a": 5, "b": 6}, sampler=["b", "a"], batch_size=None)]
print("it works" if found == [6, 5] else found)

# %% proof: split
print([len(part) for part in random_split(range(10), [0.33, 0.33, 0.34])])
