"""Worker processes load batches while the loop trains: iter(loader) asks each for up to prefetch_factor batches before the loop asks for any."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.processes import worker_processes
from explorable.program import Program
from explorable.words import count, one_of

SEVERAL = (1, 2, 3)
NO_FILE, SHARED, SPAWNED, OWN = "no file", "one handle", "one handle, spawn", "a handle each"


@dataclass(frozen=True)
class Params:
    num_workers: int = bounded(2, low=0, high=3, step=1, about="processes that load; 0: the training loop loads")
    prefetch_factor: int = bounded(
        2, low=1, high=3, step=1, about="batches ahead, for each worker", when={"num_workers": SEVERAL}
    )
    batch_size: int = bounded(3, low=1, high=4, step=1, about="samples in a batch; an epoch has 6 batches")
    load: int = bounded(10, low=0, high=15, step=1, about="ms that __getitem__ takes")
    first: int = bounded(1, low=1, high=6, step=1, about="sample 0 takes so many times as long")
    step: int = bounded(20, low=0, high=30, step=1, about="ms that a training step takes")
    in_order: bool = switch(
        True, about="False: the loop gets whichever batch is ready first", when={"num_workers": SEVERAL}
    )
    persistent_workers: bool = switch(False, about="keep the processes between epochs", when={"num_workers": SEVERAL})
    reads: Literal["no file", "one handle", "one handle, spawn", "a handle each"] = choice(
        "no file", about="one handle: opened in __init__; each: by each worker"
    )


@dataclass(frozen=True)
class Result:
    worker: list[int]  # the worker that loaded each batch of the first epoch; -1 is the training loop itself
    indices: list[list[int]]  # the samples of each batch of the first epoch, in the order of the loop
    lines: list[list[int]]  # the lines of the file that these samples got; without a file their own numbers
    position: int  # where the training loop's own handle stands at the end, if workers got one; it starts at 0
    fetched: list[
        int
    ]  # samples requested from workers, or read without any, when iter(loader) returns, and after each next()
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


def number(result: Result, place: int) -> int:
    """The batch that the loop got at this place, by its first sample: the sampler takes the samples in order."""
    return result.indices[place][0] // len(result.indices[place])


def place_of_sample_0(result: Result) -> int:
    """From 1."""
    return 1 + [batch[0] for batch in result.indices].index(0)


def strangers(result: Result) -> int:
    """How many samples of the first epoch got the line of another."""
    return sum(
        line != index
        for row, held in zip(result.lines, result.indices, strict=True)
        for line, index in zip(row, held, strict=True)
    )


def shares_position(params: Params, result: Result) -> bool:
    """Whether workers moved the handle of the training loop, which reads nothing itself."""
    return bool(params.num_workers and result.position)


def caption(params: Params, result: Result) -> str:
    if result.error and params.reads == SPAWNED and "pickle" in result.error:
        return f"To spawn a worker Python pickles the dataset, and refuses the open file in it with {result.error.partition(':')[0]}."
    if result.error:
        return f"This host starts no worker processes with fork: set num_workers to 0 ({result.error})."
    if params.reads != NO_FILE:
        return f"{strangers(result)} of {count(result.fetched[-1], 'sample')} got the line of another{_handles(params, result)}."
    if params.persistent_workers and params.num_workers:
        return (
            f"dataset.value is set to 9 after the first epoch, and the second sees {result.values[1, 0].item()}: "
            "a persistent worker keeps the copy that it started with."
        )
    if params.first > 1 and params.num_workers:
        return (
            f"The batch of the first sample comes at place {place_of_sample_0(result)} of {len(result.indices)}, and the "
            f"loop has its first batch after {result.steps[0][0]:.0f} ms."
        )
    took = "" if params.num_workers else f"; the first epoch took {result.epochs[0]:.0f} ms"
    return f"{_fetched(params, result)}{took}."


def _handles(params: Params, result: Result) -> str:
    if params.num_workers == 0:
        return ": one process seeks and reads"
    if params.reads == OWN:
        return ": each worker opens the file, and its handle has a position of its own"
    so = ":" if strangers(result) else ": one worker reads, though" if params.num_workers == 1 else " this time, though"
    return f"{so} the position of a handle that was opened in front of a fork is one for all {count(params.num_workers + 1, 'process')}"


def _fetched(params: Params, result: Result) -> str:
    if not params.num_workers:
        return f"Without workers {count(result.fetched[0], 'sample')} is read before the loop asks for a batch"
    are = one_of(result.fetched[0], "is", "are")
    handed = f"{count(result.fetched[0], 'sample')} of {result.fetched[-1]} {are} already requested from the workers"
    return f"When iter(loader) returns, {handed}"


def details(params: Params, result: Result) -> str:
    if result.error and params.reads == SPAWNED and "pickle" in result.error:
        return f"{result.error}. Open the file in the worker: on the first __getitem__, or in worker_init_fn."
    if result.error:
        return "With num_workers=0 the training loop reads each batch itself."
    parts = (
        _file(params, result),
        _ahead(params, result),
        _timed(params, result),
        _order(params, result),
        _stale(result),
    )
    return " ".join(part for part in parts if part)


def _file(params: Params, result: Result) -> str:
    if params.reads == NO_FILE or not params.num_workers:
        return ""
    slow = f", sample 0 for {params.first * params.load} ms" if params.first > 1 and params.load else ""
    moved = (
        f"the {one_of(params.num_workers, 'worker', 'workers')} moved its handle"
        if result.position
        else "it holds no handle that a worker could move"
    )
    return f"The training loop read nothing, and {moved}. Between seek() and read() each sample sleeps for {params.load} ms{slow}."


def _ahead(params: Params, result: Result) -> str:
    if not params.num_workers:
        return f"Without workers {count(result.fetched[1], 'sample')} {one_of(result.fetched[1], 'is', 'are')} read by the first next()."
    batches = params.num_workers * params.prefetch_factor
    most = (
        "all of the epoch"
        if result.fetched[0] == result.fetched[-1]
        else f"{count(batches, 'batch')} of {count(params.batch_size, 'sample')}"
    )
    return (
        f"{count(params.num_workers, 'worker')} with prefetch_factor={params.prefetch_factor} {one_of(params.num_workers, 'is', 'are')} asked for "
        f"{count(result.fetched[0], 'sample')}, {most}, before the loop asks."
    )


def _timed(params: Params, result: Result) -> str:
    first, second = result.epochs
    slow = (
        f" ({(params.batch_size - 1 + params.first) * params.load} ms for that of sample 0)"
        if params.first > 1 and params.load
        else ""
    )
    return (
        f"Measured here: the first epoch took {first:.0f} ms, the second {second:.0f} ms; __getitem__ sleeps for "
        f"{params.batch_size * params.load} ms a batch{slow}, and a training step for {params.step} ms."
    )


def _order(params: Params, result: Result) -> str:
    """Where the batch of the slow sample came, and how long the loop waited for its first batch."""
    if not params.num_workers or params.first == 1 and params.in_order:
        return ""
    return (
        f"With in_order={params.in_order} the loop had its first batch after {result.steps[0][0]:.0f} ms, and the batch of "
        f"sample 0 came at place {place_of_sample_0(result)} of {len(result.indices)}."
    )


def _stale(result: Result) -> str:
    seen = result.values[1, 0].item()
    keeps = ": persistent workers keep the copy that they started with" if seen == 1 else ""
    return f"dataset.value was set to 9 between the epochs, and the second epoch sees {seen}{keeps}."


LESSON = Lesson(
    slug="workers",
    title="Workers and time",
    truth=__doc__,
    Params=Params,
    program=Program("workers", Result, (PermissionError, TypeError, ValueError), scope=scope),
    caption=caption,
    details=details,
    minutes=6,
    main=("num_workers", "prefetch_factor", "batch_size", "persistent_workers"),
    related=("iterable", "dataset", "batches"),
    button="Measure two epochs",
    at_once=1,  # what another run costs would be measured too
    measured=frozenset(
        {"worker", "indices", "lines", "position", "loads", "steps", "epochs"}
    ),  # in_order=False: the order is a race
    predictions=(
        Prediction(
            id="ahead",
            question="2 workers: how many samples are already requested when iter(loader) returns?",
            choices=(
                Choice(
                    "no sample",
                    "A generator would wait for the first next(). A DataLoader with workers is busy as soon as iter(loader) "
                    "is called.",
                ),
                Choice(
                    "3 samples",
                    "One batch would keep one worker busy. Each of the two workers is asked for prefetch_factor batches.",
                ),
                Choice(
                    "6 samples",
                    "prefetch_factor counts batches for each worker: 2 workers are asked for 4 batches of 3 samples.",
                ),
                Choice(
                    "12 samples",
                    "iter(loader) asks every worker for prefetch_factor batches: 2 workers · 2 batches · 3 samples.",
                ),
            ),
            answer=3,
            proof="handed out",
            show={},
            ring="handed",
        ),
        Prediction(
            id="none",
            question="num_workers=0, batch_size=3. How many samples has the loader read when iter(loader) returns?",
            choices=(
                Choice(
                    "no sample", "Nobody is there to read ahead: each next() reads its own batch while the loop waits."
                ),
                Choice(
                    "3 samples",
                    "That comes with the first next(). prefetch_factor belongs to workers; without them it must be None.",
                ),
                Choice(
                    "18 samples",
                    "That would be the whole epoch. Without workers the loader reads a batch when the loop asks for one.",
                ),
            ),
            answer=0,
            proof="no worker",
            show={"num_workers": 0},
            ring="handed",
        ),
        Prediction(
            id="slow_first",
            question="Sample 0 takes 6 times as long, two workers load, in_order=True. Which batch does the loop get first?",
            choices=(
                Choice(
                    "batch 1",
                    "It may be ready first; then it waits. The loader hands out batches in the order of the sampler; "
                    "in_order=False hands out what is ready.",
                ),
                Choice(
                    "batch 0",
                    "The order is that of the sampler, whoever loads: what is ready too early waits its turn.",
                ),
                Choice(
                    "batch 2",
                    "Batch 2 waits behind batch 0 in the same worker: the workers are given their first batches in turn.",
                ),
            ),
            answer=1,
            proof="order",
            show={"first": 6},
            ring="place",
        ),
        Prediction(
            id="stale",
            question="persistent_workers=True. After the first epoch comes dataset.value = 9. What does the second epoch see?",
            choices=(
                Choice(
                    "9, the new value",
                    "So it is without persistent_workers: new workers start in each epoch and copy the dataset as it is then.",
                ),
                Choice(
                    "1, the old value",
                    "Each worker got its own copy of the dataset when it started, and a persistent worker starts once.",
                ),
                Choice(
                    "both values",
                    "Both workers started before the change, and neither's copy hears of it. To be seen at once, a value must lie in "
                    "shared memory and be written in place.",
                ),
            ),
            answer=1,
            proof="stale",
            show={"persistent_workers": True},
            ring="second",
        ),
        Prediction(
            id="handle",
            question="__init__ opens a file, and two forked workers seek and read through that handle. What do they share?",
            choices=(
                Choice(
                    "nothing",
                    "So it is for the attributes of the dataset, which are copied. The handle is a number for what the system holds open.",
                ),
                Choice(
                    "the position in the file",
                    "The system holds one open file with one position: seek() in one worker moves where the other reads.",
                ),
                Choice(
                    "the lines: each is read once",
                    "Nobody keeps a list of what was read. Where two workers seek at the same time, a line comes twice and another never.",
                ),
            ),
            answer=1,
            proof="one handle",
            show={"reads": SHARED},
            ring="shared",
        ),
    ),
    traps=(
        Trap(
            name="A file opened in __init__",
            sentence="Forked workers share its position: between seek() and read() of one, another seeks, and samples get each other's lines.",
            source="https://github.com/mehta-lab/VisCy/issues/417",
            params={"reads": SHARED},
        ),
        Trap(
            name="An open file and spawn",
            sentence="spawn pickles the dataset, and an open file cannot be pickled. Keep its path, and open it in the worker.",
            source="https://github.com/statho/ScoreHMR/issues/23",
            params={"reads": SPAWNED},
        ),
        Trap(
            name="Persistent workers keep a stale copy",
            sentence="A plain attribute that the training loop sets on the dataset does not reach workers that are already running.",
            source="https://github.com/mlcommons/storage/issues/475",
            params={"persistent_workers": True},
        ),
        Trap(
            name="One slow sample holds up the others",
            sentence="With in_order=True batches that are ready wait for the one whose turn it is.",
            source="https://github.com/pytorch/pytorch/issues/105203",
            params={"first": 6},
        ),
        Trap(
            name="Workers that cost more than they save",
            sentence="These samples take no time to load or to transform: starting two processes costs more than it saves.",
            source="https://github.com/Lightning-AI/pytorch-lightning/issues/17410",
            params={"load": 0, "step": 0},
        ),
    ),
)
