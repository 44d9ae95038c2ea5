"""Workers load batches while the loop trains, and are given num_workers * prefetch_factor * batch_size samples before it asks for one."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, switch
from explorable.processes import worker_processes
from explorable.progress import progress
from lessons.source import snippet_of

HEADER = """\
import time
import torch
from collections.abc import Iterator
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info
"""
SEVERAL = (1, 2, 3)


@dataclass(frozen=True)
class Params:
    num_workers: int = bounded(2, low=0, high=3, step=1, about="processes that load; 0: the training loop loads")
    prefetch_factor: int = bounded(
        2, low=1, high=3, step=1, about="batches ahead, for each worker", when={"num_workers": SEVERAL}
    )
    batch_size: int = bounded(2, low=1, high=4, step=1, about="samples in a batch; an epoch has 6 batches")
    load: int = bounded(10, low=0, high=15, step=1, about="ms that __getitem__ takes")
    first: int = bounded(1, low=1, high=6, step=1, about="sample 0 takes so many times as long")
    step: int = bounded(20, low=0, high=30, step=1, about="ms that a training step takes")
    in_order: bool = switch(True, about="False: whichever batch is ready first", when={"num_workers": SEVERAL})
    persistent_workers: bool = switch(False, about="keep the processes between epochs", when={"num_workers": SEVERAL})


@dataclass(frozen=True)
class Result:
    worker: list[int]  # the worker that loaded each batch of the first epoch; -1 is the training loop itself
    indices: list[list[int]]  # the samples of each batch of the first epoch, in the order of the loop
    fetched: list[int]  # samples handed out for reading when iter(loader) returns, and after each next()
    values: (
        Tensor  # (2, 6) epoch, batch: dataset.value as its worker saw it; the loop sets it to 9 after the first epoch
    )
    loads: list[list[float]]  # first epoch: [start, end] of the loading of each batch, ms since iter(loader) was called
    steps: list[list[float]]  # first epoch: [start, end] of each training step, likewise
    epochs: list[float]  # ms of each epoch
    error: str | None = None  # what the host said where it starts no process


class Slow(Dataset):
    """Samples that take a while, and say who loaded them and when."""

    def __init__(self, n: int, seconds: float, first: int) -> None:
        self.n, self.seconds, self.first, self.value = n, seconds, first, 1

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> tuple[int, int, int, float, float]:
        start = time.perf_counter()
        time.sleep(self.seconds * (self.first if index == 0 else 1))
        info = get_worker_info()  # None in the training loop's process
        return index, info.id if info else -1, self.value, start, time.perf_counter()


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


def compute(
    num_workers: int, prefetch_factor: int, batch_size: int, load: int, first: int, step: int, in_order: bool,
    persistent_workers: bool,
) -> Result:  # fmt: skip
    n = 6 * batch_size
    dataset = Slow(n, load / 1000, first)
    sampler = Counting(n)
    if num_workers:
        loader = DataLoader(
            dataset,
            batch_size=batch_size,
            sampler=sampler,
            num_workers=num_workers,
            prefetch_factor=prefetch_factor,
            in_order=in_order,
            persistent_workers=persistent_workers,
            multiprocessing_context="fork",  # "spawn" imports torch again in every worker, which takes seconds
            timeout=20,  # seconds to wait for a batch
            generator=torch.Generator(),
        )
    if not num_workers:
        loader = DataLoader(dataset, batch_size=batch_size, sampler=sampler, generator=torch.Generator())

    values = torch.zeros(2, 6, dtype=torch.int64)
    worker, indices, fetched, loads, steps, epochs = [], [], [], [], [], []
    for epoch in progress(range(2)):
        start = time.perf_counter()
        iterator = iter(loader)
        if epoch == 0:
            fetched.append(sampler.taken)
        for batch, (index, who, value, began, ended) in enumerate(iterator):
            arrived = time.perf_counter()
            time.sleep(step / 1000)  # the training step
            values[epoch, batch] = value[0]
            if epoch == 0:
                fetched.append(sampler.taken)
                worker.append(who[0].item())
                indices.append(index.tolist())
                loads.append([1000 * (began[0].item() - start), 1000 * (ended[-1].item() - start)])
                steps.append([1000 * (arrived - start), 1000 * (time.perf_counter() - start)])
        epochs.append(1000 * (time.perf_counter() - start))
        dataset.value = 9  # do the workers see it?
    return Result(worker, indices, fetched, values, loads, steps, epochs)


def run(params: Params) -> Result:
    if not params.num_workers:
        return compute(**vars(params))
    with worker_processes(wait=30):
        try:
            return compute(**vars(params))
        except (PermissionError, ValueError) as error:  # the host forbids processes, or has no "fork"
            return Result([], [], [], torch.zeros(0), [], [], [], f"{type(error).__name__}: {error}")


def snippet(params: Params) -> str:
    helpers: list[Any] = [Slow, Counting]
    return snippet_of(compute, vars(params), also=helpers, header=HEADER)


def caption(params: Params, result: Result) -> str:
    if result.error:
        return f"This host starts no worker processes ({result.error}): set num_workers to 0."
    parts = (_fetched(params, result), _timed(params, result), _order(params, result), _stale(result))
    return " ".join(part for part in parts if part)


def _fetched(params: Params, result: Result) -> str:
    if not params.num_workers:
        return f"Without workers {result.fetched[0]} samples are read before the first batch is asked for, and {result.fetched[1]} after it."
    workers = f"{params.num_workers} worker{'' if params.num_workers == 1 else 's'}"
    every = ": all that the epoch has" if result.fetched[0] == result.fetched[-1] else ""
    return (
        f"When iter(loader) returns, {result.fetched[0]} samples are handed out for reading "
        f"({workers}, prefetch_factor={params.prefetch_factor}, batch_size={params.batch_size}), "
        f"before any batch is asked for{every}."
    )


def _timed(params: Params, result: Result) -> str:
    first, second = result.epochs
    return (
        f"Measured here: the first epoch took {first:.0f} ms, the second {second:.0f} ms; "
        f"each batch needs {params.batch_size} x {params.load} ms to load and {params.step} ms to train on."
    )


def _order(params: Params, result: Result) -> str:
    """Where the batch of the slow sample came, and how long the loop waited for its first batch."""
    slow = f"Sample 0 alone takes {params.first} x {params.load} ms. " if params.first > 1 else ""
    if not params.num_workers or not slow and params.in_order:
        return slow.strip()
    place = [batch[0] for batch in result.indices].index(0)
    waited = f"the first batch came after {result.steps[0][0]:.0f} ms"
    return f"{slow}With in_order={params.in_order} {waited}, and the batch of sample 0 came at place {place}, counted from 0."


def _stale(result: Result) -> str:
    seen = result.values[1, 0].item()
    if seen == 1:
        return f"dataset.value was set to 9 between the epochs, and the persistent workers still see {seen}: each keeps its own copy."
    return f"dataset.value was set to 9 between the epochs, and the second epoch sees {seen}."


LESSON = Lesson(
    slug="workers",
    title="Workers and time",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    button="Measure",
    at_once=1,  # what another run costs would be measured too
    measured=frozenset({"worker", "indices", "loads", "steps", "epochs"}),  # in_order=False: the order is a race
    predictions=(
        Prediction(
            question="num_workers=2, prefetch_factor=2, batch_size=5. How many samples are handed out for reading before you ask for a batch?",
            choices=("0", "5", "20"),
            answer=2,
            why="iter(loader) gives every worker prefetch_factor batches to do at once: 2 * 2 * 5 samples.",
            proof="(lambda taken: [iter(torch.utils.data.DataLoader(range(100), batch_size=5, num_workers=2, prefetch_factor=2, "
            "sampler=(taken.append(i) or i for i in range(100)))), len(taken)][1])([])",
        ),
        Prediction(
            question="num_workers goes from 0 to 2. Does the order of the batches change?",
            choices=("True", "False"),
            answer=1,
            why="The loader hands out batches in the order of the sampler, and keeps one that is ready too early until its turn.",
            proof="[*torch.utils.data.DataLoader(range(9), batch_size=None)] != [*torch.utils.data.DataLoader(range(9), batch_size=None, num_workers=2)]",
            show={"first": 6},
        ),
        Prediction(
            question="persistent_workers=True, and dataset[0] is set to 9 after the first epoch. What does the second epoch deliver first?",
            choices=("1", "9"),
            answer=0,
            why="Each worker got its own copy of the dataset when it started, and a persistent worker starts once.",
            proof="(lambda data: (lambda loader: [[*loader], data.__setitem__(0, 9), [*loader][0]][2])(torch.utils.data.DataLoader("
            "data, batch_size=None, num_workers=1, persistent_workers=True)))([1, 1])",
            show={"persistent_workers": True},
        ),
    ),
    traps=(
        Trap(
            name="Persistent workers keep a stale copy",
            sentence="What the training loop changes in the dataset does not reach workers that are already running.",
            source="https://github.com/pytorch/pytorch/issues/97326",
            params={"persistent_workers": True},
        ),
        Trap(
            name="One slow sample holds up the others",
            sentence="Batches that are ready wait for the one whose turn it is; in_order=False hands out whichever is ready first.",
            source="https://github.com/pytorch/pytorch/issues/105203",
            params={"first": 6},
        ),
        Trap(
            name="Workers that cost more than they save",
            sentence="Samples that are in memory need no workers: starting the processes takes longer than reading them all.",
            source="https://github.com/Lightning-AI/pytorch-lightning/issues/17410",
            params={"load": 0, "step": 0},
        ),
    ),
)
