"""Each worker runs the whole __iter__ of an IterableDataset: without sharding, W workers deliver every item W times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.processes import worker_processes
from lessons.source import snippet_of

HEADER = """\
import torch
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
"""
SEVERAL = (1, 2, 3, 4)


@dataclass(frozen=True)
class Params:
    n: int = bounded(12, low=1, high=16, step=1, about="items in the stream")
    num_workers: int = bounded(2, low=0, high=4, step=1, about="0: the main process reads")
    sharding: Literal["none", "stride", "block"] = choice("none", about="what __iter__ makes of get_worker_info()")
    batch_size: int = bounded(4, low=1, high=8, step=1, about="items in a batch")
    drop_last: bool = switch(False, about="skip a batch that is not full")
    buffer: int = bounded(1, low=1, high=16, step=1, about="items held back to draw from; 1 keeps the order")
    seed: int = bounded(0, low=0, high=999, step=1, about="of the draws", when={"buffer": tuple(range(2, 17))})
    processes: bool = switch(
        False, about="also run it with real worker processes, at most 20 s a batch", when={"num_workers": SEVERAL}
    )


@dataclass(frozen=True)
class Result:
    read: list[list[int]]  # worker -> the items its __iter__ yields, in order
    batches: list[Tensor]  # each (B,) or shorter, in the order of the training loop
    source: list[int]  # the worker of each batch
    received: Tensor  # (delivered,) all items in the order of the training loop
    displacement: Tensor  # (delivered,) item minus position: 0 is the true order
    counts: Tensor  # (n,) how often each item was delivered
    duplicated: int  # deliveries beyond the first
    lost: int  # items never delivered
    length: int  # len(loader)
    arrived: list[Tensor] | None = None  # the batches that real worker processes delivered, where asked for


def shuffled(items: Iterable[int], buffer: int, generator: torch.Generator) -> Iterator[int]:
    """Holds `buffer` items and hands on a random one of them, until none is left."""
    held = []
    for item in items:
        held.append(item)
        if len(held) == buffer:
            yield held.pop(int(torch.randint(len(held), (), generator=generator)))
    while held:
        yield held.pop(int(torch.randint(len(held), (), generator=generator)))


class Stream(IterableDataset):
    """The numbers 0 to n - 1, one after the other."""

    def __init__(self, n: int, sharding: str, buffer: int, seed: int) -> None:
        self.n, self.sharding, self.buffer, self.seed = n, sharding, buffer, seed

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()  # None in the main process
        return self.share(info.id, info.num_workers) if info else self.share(0, 1)

    def share(self, worker: int, workers: int) -> Iterator[int]:
        """What this worker of so many yields."""
        items = range(self.n)
        if self.sharding == "stride":
            items = items[worker::workers]
        if self.sharding == "block":
            size = -(-self.n // workers)  # rounded up
            items = items[worker * size : (worker + 1) * size]
        return shuffled(items, self.buffer, torch.Generator().manual_seed(self.seed + worker))


class Share(IterableDataset):
    """What one worker would read, read in this process."""

    def __init__(self, stream: Stream, worker: int, workers: int) -> None:
        self.stream, self.worker, self.workers = stream, worker, workers

    def __iter__(self) -> Iterator[int]:
        return self.stream.share(self.worker, self.workers)


def compute(
    n: int, num_workers: int, sharding: str, batch_size: int, drop_last: bool, buffer: int, seed: int
) -> tuple[Result, Stream]:
    dataset = Stream(n, sharding, buffer, seed)
    workers = max(num_workers, 1)
    read = [list(dataset.share(worker, workers)) for worker in range(workers)]

    # every worker makes batches of its own; the loader hands them out in turn
    pipes = [
        DataLoader(
            Share(dataset, worker, workers), batch_size=batch_size, drop_last=drop_last, generator=torch.Generator()
        )
        for worker in range(workers)
    ]
    turns = [(w, batch) for turn in zip_longest(*pipes) for w, batch in enumerate(turn) if batch is not None]
    batches = [batch for _, batch in turns]
    source = [worker for worker, _ in turns]

    received = torch.tensor([i for batch in batches for i in batch.tolist()], dtype=torch.int64)
    displacement = received - torch.arange(len(received))
    counts = torch.bincount(received, minlength=n)
    duplicated = (counts - 1).clamp(min=0).sum().item()
    lost = (counts == 0).sum().item()
    length = len(DataLoader(dataset, batch_size=batch_size, drop_last=drop_last))
    return Result(read, batches, source, received, displacement, counts, int(duplicated), int(lost), length), dataset


def delivered(dataset: Stream, num_workers: int, batch_size: int, drop_last: bool) -> list[Tensor]:
    loader = DataLoader(
        dataset,
        batch_size=batch_size,
        drop_last=drop_last,
        num_workers=num_workers,
        multiprocessing_context="fork",  # "spawn" imports torch again in every worker, which takes seconds
        timeout=20,  # seconds to wait for a batch
        generator=torch.Generator(),
    )
    arrived = list(loader)
    return arrived


def run(params: Params) -> Result:
    values = {name: value for name, value in vars(params).items() if name != "processes"}
    result, dataset = compute(**values)
    if not _forks(params):
        return result
    with worker_processes(wait=3):
        return replace(result, arrived=delivered(dataset, params.num_workers, params.batch_size, params.drop_last))


def _forks(params: Params) -> bool:
    return params.processes and params.num_workers > 0


def snippet(params: Params) -> str:
    code = snippet_of(compute, vars(params), also=[shuffled, Stream, Share], header=HEADER)
    return code + ("\n" + snippet_of(delivered, {}, header="") if _forks(params) else "")


def caption(params: Params, result: Result) -> str:
    return " ".join(part for part in (_counted(params, result), _cut(params, result), _order(params, result)) if part)


def _counted(params: Params, result: Result) -> str:
    readers = (
        f"{params.num_workers} worker{'s' if params.num_workers > 1 else ''}"
        if params.num_workers
        else "the main process"
    )
    told = f"{params.n} items, {readers}, sharding {params.sharding}: {len(result.received)} delivered, {result.duplicated} duplicated, {result.lost} lost."
    if result.duplicated:
        return f"{told} Each worker has its own copy of the dataset and runs all of __iter__."
    return told


def _cut(params: Params, result: Result) -> str:
    sizes = [len(batch) for batch in result.batches]
    told = f"Batches of {params.batch_size} have the sizes {sizes}; len(loader) says {result.length} of them."
    if params.drop_last and params.num_workers > 1:
        return f"{told} Each worker drops its own last batch if it is not full."
    return told


def _order(params: Params, result: Result) -> str:
    if not len(result.received):
        return ""
    early, late = result.displacement.max().item(), -result.displacement.min().item()
    told = f"An item comes at most {early} places early and {late} late"
    if params.buffer > 1:
        told += f", drawn from a buffer of {params.buffer} in each reader with seed {params.seed} + worker"
    if result.arrived is None:
        return f"{told}."
    equal = sum(map(torch.equal, result.arrived, result.batches))
    return f"{told}. Real worker processes delivered {len(result.arrived)} batches, {equal} of them equal to the computed ones."


ITERABLE = "type('Six', (torch.utils.data.IterableDataset,), {'__iter__': lambda self: iter(range(6))})()"
STRIDED = (
    "type('Strided', (torch.utils.data.IterableDataset,), {'__iter__': lambda self: (lambda info: "
    "iter(range(info.id, 12, info.num_workers)))(torch.utils.data.get_worker_info())})()"
)

LESSON = Lesson(
    slug="iterable",
    title="Iterable-style and workers",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="An IterableDataset yields 6 items and ignores get_worker_info(). How many items does num_workers=2 deliver?",
            choices=("6", "12", "3"),
            answer=1,
            why="Each worker process has its own copy of the dataset and runs the whole __iter__: nothing divides the stream for you.",
            proof=f"len([*torch.utils.data.DataLoader({ITERABLE}, num_workers=2, batch_size=None)])",
            show={"n": 6, "batch_size": 2},
        ),
        Prediction(
            question="12 items in strides over 2 workers, batch_size=4, drop_last=True. How many items are lost?",
            choices=("0", "2", "4"),
            answer=2,
            why="Batches are made inside a worker: each has 6 items, makes one batch of 4 and drops the other 2.",
            proof=f"12 - sum(len(batch) for batch in torch.utils.data.DataLoader({STRIDED}, batch_size=4, num_workers=2, drop_last=True))",
            show={"sharding": "stride", "drop_last": True},
        ),
        Prediction(
            question="12 items in strides over 2 workers, batch_size=4. What is the first batch?",
            choices=("[0, 2, 4, 6]", "[0, 1, 2, 3]", "[0, 1, 4, 5]"),
            answer=0,
            why="A batch is filled by one worker, from its own share; the batches of the workers then take turns.",
            proof=f"next(iter(torch.utils.data.DataLoader({STRIDED}, batch_size=4, num_workers=2))).tolist()",
            show={"sharding": "stride"},
        ),
        Prediction(
            question="__iter__ returns a generator made once in __init__ (3 items, num_workers=0). How many items has the second epoch?",
            choices=("3", "0"),
            answer=1,
            why="A generator can be read once. __iter__ must make a new one for each epoch, as it does in the code below.",
            proof="(lambda loader: [len([*loader]), len([*loader])][1])(torch.utils.data.DataLoader(type('Kept', "
            "(torch.utils.data.IterableDataset,), {'kept': iter(range(3)), '__iter__': lambda self: self.kept})()))",
        ),
    ),
    traps=(
        Trap(
            name="Four workers, four copies",
            sentence="A streamed dataset that ignores get_worker_info() is delivered once by every worker.",
            source="https://github.com/huggingface/datasets/issues/3423",
            params={"num_workers": 4},
        ),
        Trap(
            name="drop_last drops for each worker",
            sentence="Every worker drops its own incomplete batch, so more workers lose more items.",
            source="https://github.com/pytorch/pytorch/issues/33413",
            params={"sharding": "stride", "drop_last": True},
        ),
        Trap(
            name="Batches smaller than batch_size",
            sentence="4 items would fill one batch of 4, but each of 2 workers has only 2 of them.",
            source="https://github.com/pytorch/pytorch/issues/44108",
            params={"n": 4, "sharding": "block"},
        ),
        Trap(
            name="More batches than len(loader)",
            sentence="len(loader) is computed from len(dataset) and knows nothing of copies: a progress bar runs past its end.",
            source="https://github.com/pytorch/pytorch/issues/30599",
            params={"n": 10, "batch_size": 2, "num_workers": 4},
        ),
    ),
)
