# %% parameters
from collections.abc import Iterable, Iterator
from itertools import zip_longest

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

n: int = 12  # items in the stream
num_workers: int = 2
sharding: str = "none"
batch_size: int = 4
drop_last: bool = False
buffer: int = 1  # items held back to draw from; 1 keeps the order
seed: int = 0
processes: bool = False


def shuffled(items: Iterable[int], generator: torch.Generator) -> Iterator[int]:
    """Holds `buffer` items and hands on a random one of them, until none is left."""
    held = []
    for item in items:
        held.append(item)
        if len(held) == buffer:
            yield held.pop(int(torch.randint(len(held), (), generator=generator)))
    while held:
        yield held.pop(int(torch.randint(len(held), (), generator=generator)))


def share(worker: int, workers: int) -> Iterator[int]:
    """What this worker of so many yields of the stream 0, 1, ..., n - 1."""
    items = range(n)
    if sharding == "stride":
        items = items[worker::workers]
    elif sharding == "block":
        size = -(-n // workers)  # rounded up
        items = items[worker * size : (worker + 1) * size]
    return shuffled(items, torch.Generator().manual_seed(seed + worker))


class Stream(IterableDataset):
    def __len__(self) -> int:
        return n

    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()  # None in the main process
        return share(info.id, info.num_workers) if info else share(0, 1)


class Share(IterableDataset):
    """What one worker would read, read in this process."""

    def __init__(self, worker: int, workers: int) -> None:
        self.worker, self.workers = worker, workers

    def __iter__(self) -> Iterator[int]:
        return share(self.worker, self.workers)


# %% the loader of a stream
if num_workers:
    loader = DataLoader(
        Stream(),
        batch_size=batch_size,
        drop_last=drop_last,
        num_workers=num_workers,
        multiprocessing_context="fork",  # "spawn" imports torch again in every worker, which takes seconds
        timeout=20,  # seconds to wait for a batch
        generator=torch.Generator(),
    )
else:
    loader = DataLoader(Stream(), batch_size=batch_size, drop_last=drop_last, generator=torch.Generator())

# %% what each reader yields, and the batches it makes of that
workers = max(num_workers, 1)
read = [list(share(worker, workers)) for worker in range(workers)]
pipes = [
    DataLoader(Share(worker, workers), batch_size=batch_size, drop_last=drop_last, generator=torch.Generator())
    for worker in range(workers)
]

# %% the batches take turns, as the loop gets them
turns = [(w, batch) for turn in zip_longest(*pipes) for w, batch in enumerate(turn) if batch is not None]
batches = [batch for _, batch in turns]
source = [worker for worker, _ in turns]

# %% what came twice, never, or out of order
received = torch.tensor([i for batch in batches for i in batch.tolist()], dtype=torch.int64)
displacement = received - torch.arange(len(received))
counts = torch.bincount(received, minlength=n)
duplicated = int((counts - 1).clamp(min=0).sum())
lost = int((counts == 0).sum())

# %% what real worker processes deliver
if processes and num_workers:
    arrived = list(loader)

# %% what the loader says of its length
length = len(loader)  # asked last: torch warns of batches beyond it

# %% print
print(f"{len(received)} items arrive in {len(batches)} batches: {duplicated} again, {lost} never")
print(f"len(loader) says {length}")


# %% proof: copies
class Twelve(IterableDataset):
    def __iter__(self) -> Iterator[int]:
        return iter(range(12))


items = list(DataLoader(Twelve(), batch_size=None, num_workers=2, multiprocessing_context="fork"))
print(f"{len(items)} items")


# %% proof: dropped
class Strides(IterableDataset):
    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        return iter(range(info.id, 12, info.num_workers))


full = DataLoader(Strides(), batch_size=4, num_workers=2, drop_last=True, multiprocessing_context="fork")
print(f"{12 - sum(len(batch) for batch in full)} items")


# %% proof: first batch
class Strided(IterableDataset):
    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        return iter(range(info.id, 12, info.num_workers))


print(next(iter(DataLoader(Strided(), batch_size=4, num_workers=2, multiprocessing_context="fork"))).tolist())


# %% proof: length
class Ten(IterableDataset):
    def __len__(self) -> int:
        return 10

    def __iter__(self) -> Iterator[int]:
        return iter(range(10))


alone = DataLoader(Ten(), batch_size=2)
print(f"{4 * len(list(alone))}, and {len(alone)}")  # four workers that each run all of __iter__
