"""Workers load batches while the loop trains, and are given num_workers * prefetch_factor * batch_size samples before it asks for one."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from torch import Tensor

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, switch
from explorable.processes import worker_processes
from explorable.program import Program

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
    error: str | None = None  # what the host said where it starts no process, or has no "fork"


def scope(params: Params) -> AbstractContextManager[None]:
    """Generators are its own; where it starts processes, no other run does so at the same time."""
    return worker_processes(wait=30) if params.num_workers else nullcontext()


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
    program=Program("workers", Result, (PermissionError, ValueError), scope=scope),
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
            proof="handed out",
        ),
        Prediction(
            question="num_workers goes from 0 to 2. Does the order of the batches change?",
            choices=("True", "False"),
            answer=1,
            why="The loader hands out batches in the order of the sampler, and keeps one that is ready too early until its turn.",
            proof="order",
            show={"first": 6},
        ),
        Prediction(
            question="persistent_workers=True, and dataset[0] is set to 9 after the first epoch. What does the second epoch deliver first?",
            choices=("1", "9"),
            answer=0,
            why="Each worker got its own copy of the dataset when it started, and a persistent worker starts once.",
            proof="stale",
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
