# %% parameters
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing import ProcessError
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from pickle import PicklingError
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, default_collate, get_worker_info
from tqdm import tqdm

source: str = "kept generator"
num_workers: int = 2
worker_init_fn: str = "None"
persistent_workers: bool = False
start: str = "fork"  # how the processes are started


def who_loads() -> tuple[int, int]:
    """The worker's id, -1 in the training loop's process, and the seed of torch there."""
    info = get_worker_info()
    return info.id if info else -1, torch.initial_seed()


class Kept(Dataset):
    """Eight samples, each a random number below 1000, from a generator that the dataset keeps."""

    def __init__(self) -> None:
        self.generator = random.Random(0)  # np.random.default_rng(0) and torch.Generator() behave alike

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> tuple[int, int, int]:
        return self.generator.randrange(1000), *who_loads()


class Drawn(Dataset):
    """The same from torch's own generator."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> tuple[int, int, int]:
        return int(torch.randint(1000, ())), *who_loads()


def own_copy() -> Any:
    """The dataset of the worker that asks."""
    info: Any = get_worker_info()
    return info.dataset


def seed_by_id(worker_id: int) -> None:
    own_copy().generator = random.Random(worker_id)


def seed_by_torch(worker_id: int) -> None:
    own_copy().generator = random.Random(torch.initial_seed())  # another one for each worker, and in each epoch


def joined() -> Callable[[list[Any]], Any]:
    return lambda items: default_collate(items)


def unguarded_script() -> None:
    """Runs a script that starts a worker by spawn, without `if __name__ == "__main__":`; raises what the worker says."""
    lines = [
        "from multiprocessing import get_context",
        "worker = get_context('spawn').Process(target=print)  # as a DataLoader starts each of its workers",
        "worker.start()",
        "worker.join()",
    ]
    with tempfile.TemporaryDirectory() as folder:
        train = Path(folder, "train.py")
        train.write_text("\n".join(lines), encoding="utf-8")
        try:
            done = subprocess.run([sys.executable, str(train)], capture_output=True, text=True, timeout=20)
        except subprocess.TimeoutExpired:
            raise RuntimeError("the script did not end within 20 s") from None
    said = " ".join(done.stderr.partition("RuntimeError:")[2].split())
    if said:
        raise ProcessError(f"RuntimeError: {said.partition('. ')[0]}.")


def pickled(thing: Any) -> Any:
    """What spawn and forkserver hand over to a worker, of all that it gets; fork pickles nothing."""
    try:
        return ForkingPickler.dumps(thing)
    except (AttributeError, PicklingError) as refusal:
        raise type(refusal)(str(refusal).split(" at 0x")[0]) from None  # some Pythons add an address


collate_fn = joined()
dataset: Any
if source == "kept generator":
    dataset = Kept()
else:
    dataset = Drawn()
if worker_init_fn == "None":
    init = None
elif worker_init_fn == "seed = worker_id":
    init = seed_by_id
else:
    init = seed_by_torch

# %% two epochs of a loader
if num_workers:
    if start == "spawn, unguarded":
        unguarded_script()
    if start == "spawn":
        pickled(collate_fn)  # as spawn does before a worker starts
    loader = DataLoader(
        dataset, batch_size=2, num_workers=num_workers, worker_init_fn=init, persistent_workers=persistent_workers,
        collate_fn=collate_fn, multiprocessing_context="fork", timeout=20, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
else:
    torch.manual_seed(0)
    loader = DataLoader(dataset, batch_size=2, collate_fn=collate_fn, generator=torch.Generator().manual_seed(0))

epochs = []
for _ in tqdm(range(2)):
    epochs.append(list(loader))
numbers = torch.stack([torch.stack([drawn for drawn, _, _ in batches]) for batches in epochs])  # (epoch, batch, sample)

# %% which worker drew them, and with which seed of torch
worker = [who[0].item() for _, who, _ in epochs[0]]
seeds = [[seed[0].item() for _, _, seed in batches] for batches in epochs]
different = len(numbers.unique())

# %% print
print(numbers)
print(f"{different} different numbers of {numbers.numel()}; the batches come from workers {worker}")

# %% proof: two workers
loader = DataLoader(Kept(), batch_size=2, num_workers=2, multiprocessing_context="fork", timeout=20)
first, second = [drawn for drawn, *_ in loader][:2]
print("the same numbers" if torch.equal(first, second) else "other numbers")

# %% proof: two epochs
loader = DataLoader(Kept(), batch_size=2, num_workers=2, multiprocessing_context="fork", timeout=20)
first, second = ([drawn.tolist() for drawn, *_ in loader] for _ in range(2))
print("the same numbers again" if first == second else "new numbers")

# %% proof: seeded by the worker's id
loader = DataLoader(
    Kept(), batch_size=2, num_workers=2, worker_init_fn=seed_by_id, multiprocessing_context="fork", timeout=20
)
first, second = ([drawn.tolist() for drawn, *_ in loader] for _ in range(2))
print("the same numbers again" if first == second else "new numbers")

# %% proof: torch
loader = DataLoader(Drawn(), batch_size=2, num_workers=2, multiprocessing_context="fork", timeout=20)
first, second = [drawn for drawn, *_ in loader][:2]
print("the same numbers" if torch.equal(first, second) else "other numbers")

# %% proof: a lambda
try:
    pickled(joined())
except (AttributeError, PicklingError):
    print("it raises")

# %% proof: no guard
try:
    unguarded_script()
    print("it loads batches")
except ProcessError:
    print("it raises")
