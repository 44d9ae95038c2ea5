"""Each worker runs the whole __iter__ of an IterableDataset: without sharding, W workers read every item W times."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.processes import worker_processes
from explorable.program import Program
from explorable.words import count, one_of

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


def scope(params: Params) -> AbstractContextManager[None]:
    """Generators are its own; where it starts processes, no other run does so at the same time."""
    return worker_processes(wait=3) if params.processes and params.num_workers else nullcontext()


def caption(params: Params, result: Result) -> str:
    if result.duplicated:
        arrive = f"{count(len(result.received), 'item')} arrive from a stream of {params.n}"
        return f"Each of the {params.num_workers} workers runs all of __iter__: {arrive}."
    if result.lost:
        lost = f"{result.lost} of {params.n} items never {one_of(result.lost, 'arrives', 'arrive')}"
        if result.lost == params.n:
            lost = f"None of the {params.n} items arrives" if params.n > 1 else "The only item never arrives"
        each = "each worker drops its own" if params.num_workers > 1 else "drop_last=True drops the"
        return f"{lost}: {each} last batch if it is not full."
    order = "out of order" if result.displacement.any() else "in the order of the stream"
    items = f"Each of the {params.n} items" if params.n > 1 else "The only item"
    return f"{items} arrives once, {order}, in {count(len(result.batches), 'batch')}."


def details(params: Params, result: Result) -> str:
    return " ".join(part for part in (_counted(params, result), _cut(params, result), _order(params, result)) if part)


def _counted(params: Params, result: Result) -> str:
    stream = f"the stream of {count(params.n, 'item')}"
    workers = f"{count(params.num_workers, 'worker')} {one_of(params.num_workers, 'reads', 'read')} {stream} with sharding {params.sharding}"
    readers = workers if params.num_workers else f"The main process reads {stream}"
    arrive = f"{count(len(result.received), 'item')} {one_of(len(result.received) or 1, 'arrives', 'arrive')}"
    again = f", {result.duplicated} of them for a second time or more" if result.duplicated else ""
    lost = f", {result.lost} never {one_of(result.lost, 'arrives', 'arrive')}" if result.lost else ""
    return f"{readers}: {arrive}{again}{lost}."


def _cut(params: Params, result: Result) -> str:
    sizes = [len(batch) for batch in result.batches]
    cut = f"the {len(sizes)} batches have {min(sizes, default=0)} to {count(max(sizes, default=0), 'item')}"
    if len({*sizes}) < 2:
        cut = f"each of the {len(sizes)} batches has {count(sizes[0], 'item')}" if sizes else "there is no batch"
    if len(sizes) == 1:
        cut = f"the only batch has {count(sizes[0], 'item')}"
    told = f"With batch_size={params.batch_size} {cut}; len(loader) says {result.length}."
    if params.drop_last and params.num_workers > 1:
        return f"{told} Each worker drops its own last batch if it is not full."
    return told


def _order(params: Params, result: Result) -> str:
    """How far items moved, where each came once: a copy, or a gap, would count as a move."""
    told = []
    if once(result):
        early, late = int(result.displacement.max()), -int(result.displacement.min())
        moved = f"An item comes at most {count(early, 'place')} early and {count(late, 'place')} late."
        told.append(moved if early else "Nothing comes early or late.")
    if params.buffer > 1:
        told.append(f"Each reader draws from a buffer of {params.buffer}, with seed {params.seed} + worker.")
    if result.arrived is not None:
        told.append(_real(result.arrived, result.batches))
    return " ".join(told)


def _real(arrived: list[Tensor], computed: list[Tensor]) -> str:
    """What came of worker processes, beside what was computed here."""
    equal, of = sum(map(torch.equal, arrived, computed)), len(arrived)
    if equal == of == len(computed):
        alike = (
            ": none was computed"
            if not of
            else ", equal to the one computed"
            if of == 1
            else ", all equal to those computed"
        )
    else:
        alike = f", {equal} of them equal to those computed"
    return f"Real worker processes delivered {count(of, 'batch')}{alike}."


def once(result: Result) -> bool:
    """Whether each item came exactly once."""
    return bool((result.counts == 1).all())


LESSON = Lesson(
    slug="iterable",
    title="Iterable-style and workers",
    truth=__doc__,
    Params=Params,
    program=Program("iterable", Result, scope=scope),
    caption=caption,
    details=details,
    minutes=6,
    main=("num_workers", "sharding", "batch_size", "drop_last"),
    related=("workers", "dataset", "batches"),
    predictions=(
        Prediction(
            id="copies",
            question="IterableDataset of 12 items, num_workers=2, no sharding: how many items arrive?",
            choices=(
                Choice(
                    "12 items",
                    "So it is for a map-style dataset, where one sampler deals out the indices. A stream has no indices to deal.",
                ),
                Choice(
                    "24 items",
                    "Each worker process has its own copy of the dataset and runs the whole __iter__.",
                ),
                Choice(
                    "6 items",
                    "With sharding each worker reads 6, and 12 arrive. Nothing shards an IterableDataset unless __iter__ or worker_init_fn "
                    "does.",
                ),
            ),
            answer=1,
            proof="copies",
            show={},
            ring="delivered",
        ),
        Prediction(
            id="dropped",
            question="12 items in strides over 2 workers, batch_size=4, drop_last=True. How many items never arrive?",
            choices=(
                Choice(
                    "none",
                    "12 is a multiple of 4, so one reader would drop nothing. But each worker makes batches of its own 6 items.",
                ),
                Choice("2 items", "That is what one worker drops: 6 items make one batch of 4. Both workers do so."),
                Choice(
                    "4 items", "Batches are made inside a worker: each has 6 items, makes one batch of 4 and drops 2."
                ),
            ),
            answer=2,
            proof="dropped",
            show={"sharding": "stride", "drop_last": True},
            ring="lost",
        ),
        Prediction(
            id="first_batch",
            question="12 items in strides over 2 workers, batch_size=4. What is the first batch?",
            choices=(
                Choice(
                    "[0, 2, 4, 6]",
                    "A batch is filled by one worker, from its own share; the batches of the workers then take turns.",
                ),
                Choice("[0, 1, 2, 3]", "That is the order of the stream. Worker 0 has only the even items of it."),
                Choice(
                    "[0, 1, 4, 5]",
                    "No batch mixes workers: each worker collates its own, and sends whole batches to the loop.",
                ),
            ),
            answer=0,
            proof="first batch",
            show={"sharding": "stride"},
            ring="first",
        ),
        Prediction(
            id="length",
            question="len(dataset) is 10, batch_size=2, four workers ignore get_worker_info(). How many batches come, and what is len(loader)?",
            choices=(
                Choice(
                    "5, and 5", "len(loader) is 10 / 2. It is computed from len(dataset), and knows nothing of copies."
                ),
                Choice(
                    "20, and 5",
                    "Four workers make 5 batches each. len(loader) is computed from len(dataset) and batch_size, and not from what comes.",
                ),
                Choice(
                    "20, and 20",
                    "The loader cannot know what __iter__ yields in its workers: it divides len(dataset) by batch_size.",
                ),
            ),
            answer=1,
            proof="length",
            show={"n": 10, "batch_size": 2, "num_workers": 4},
            ring="length",
        ),
    ),
    traps=(
        Trap(
            name="Four workers, no sharding",
            sentence="A streamed dataset that ignores get_worker_info() is read whole by every worker.",
            source="https://github.com/huggingface/datasets/issues/3423",
            params={"num_workers": 4},
        ),
        Trap(
            name="drop_last drops for each worker",
            sentence="Every worker drops its own last batch if it is not full, so here two workers lose what one would not.",
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
