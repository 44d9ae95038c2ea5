# %% parameters
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.reduction import ForkingPickler

import torch
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info
from tqdm import tqdm

num_workers: int = 2
prefetch_factor: int = 2
batch_size: int = 3
load: int = 10  # ms that __getitem__ takes
first: int = 1  # sample 0 takes so many times as long
step: int = 20  # ms that a training step takes
in_order: bool = True
persistent_workers: bool = False
reads: str = "no file"

if reads != "no file":
    stored = tempfile.NamedTemporaryFile()
    stored.write(b"".join(b"%03d\n" % line for line in range(99)))  # four bytes for each sample
    stored.flush()


class Slow(Dataset):
    """Samples that take a while, and say who loaded them and when."""

    def __init__(self, n: int) -> None:
        self.n, self.value = n, 1
        if reads == "one handle" or reads == "one handle, spawn":
            self.file = open(stored.name, "rb", buffering=0)  # in the training loop's process

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> tuple[int, int, int, int, float, float]:
        start = time.perf_counter()
        if reads == "a handle each" and "file" not in vars(self):
            self.file = open(stored.name, "rb", buffering=0)  # in the process that reads
        if reads != "no file":
            self.file.seek(4 * index)
        time.sleep(load / 1000 * (first if index == 0 else 1))
        if reads != "no file":
            line = int(self.file.read(4))
        else:
            line = index
        info = get_worker_info()  # None in the training loop's process
        return index, line, info.id if info else -1, self.value, start, time.perf_counter()


class Counting(Sampler):
    """The indices in order, counted as the loader takes them."""

    def __init__(self, n: int) -> None:
        self.n, self.taken = n, 0

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[int]:
        for index in range(self.n):
            self.taken += 1
            yield index


dataset, sampler = Slow(6 * batch_size), Counting(6 * batch_size)

# %% a loader whose workers read ahead
if num_workers:
    if reads == "one handle, spawn":
        ForkingPickler.dumps(vars(dataset))  # as spawn does before a worker starts
    loader = DataLoader(
        dataset, batch_size=batch_size, sampler=sampler, num_workers=num_workers,
        prefetch_factor=prefetch_factor,  # batches ahead, for each worker
        in_order=in_order,
        persistent_workers=persistent_workers,
        multiprocessing_context="fork",  # "spawn" imports torch again in every worker, which takes seconds
        timeout=20,  # seconds to wait for a batch
        generator=torch.Generator(),
    )  # fmt: skip
else:
    loader = DataLoader(dataset, batch_size=batch_size, sampler=sampler, generator=torch.Generator())

# %% two epochs, and who loaded which batch when
values = torch.zeros(2, 6, dtype=torch.int64)
worker, indices, lines, fetched, loads, steps, epochs = [], [], [], [], [], [], []
for epoch in tqdm(range(2)):
    start = time.perf_counter()
    iterator = iter(loader)
    if epoch == 0:
        fetched.append(sampler.taken)
    for batch, (index, line, who, value, began, ended) in enumerate(iterator):
        arrived = time.perf_counter()
        time.sleep(step / 1000)  # the training step
        values[epoch, batch] = value[0]
        if epoch == 0:
            fetched.append(sampler.taken)
            worker.append(who[0].item())
            indices.append(index.tolist())
            lines.append(line.tolist())
            loads.append([1000 * (began[0].item() - start), 1000 * (ended[-1].item() - start)])
            steps.append([1000 * (arrived - start), 1000 * (time.perf_counter() - start)])
    epochs.append(1000 * (time.perf_counter() - start))
    dataset.value = 9  # do the workers see it?
if reads == "one handle":
    position = dataset.file.tell()  # of the handle in the training loop's process
else:
    position = 0

# %% print
print(f"samples handed out before and after each batch: {fetched}; the two epochs took {epochs} ms")
print(f"what the workers saw of dataset.value in each epoch:\n{values}")

# %% proof: handed out
ahead = Counting(100)
early = DataLoader(
    range(100), batch_size=3, sampler=ahead, num_workers=2, prefetch_factor=2, multiprocessing_context="fork"
)
iterator = iter(early)
print(f"{ahead.taken} samples")

# %% proof: no worker
ahead = Counting(100)
iterator = iter(DataLoader(range(100), batch_size=3, sampler=ahead))
print(f"{ahead.taken or 'no'} sample{'' if ahead.taken < 2 else 's'}")


# %% proof: order
class SlowStart(Dataset):
    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> int:
        time.sleep(0.06 if index == 0 else 0.01)
        return index


batches = list(DataLoader(SlowStart(), batch_size=2, num_workers=2, multiprocessing_context="fork"))
print(f"batch {batches[0][0].item() // 2}")


# %% proof: one handle
class Reads(Dataset):
    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile(buffering=0)
        self.file.write(bytes(range(12)))
        self.file.seek(0)

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> int:
        return self.file.read(1)[0]


opened = Reads()
list(DataLoader(opened, batch_size=2, num_workers=2, multiprocessing_context="fork"))
print("the position in the file" if opened.file.tell() else "nothing")

# %% proof: stale
data = [1, 1]
lasting = DataLoader(data, batch_size=None, num_workers=1, persistent_workers=True, multiprocessing_context="fork")
list(lasting)
data[0] = 9
print(f"{list(lasting)[0]}, the {'old' if list(lasting)[0] == 1 else 'new'} value")
