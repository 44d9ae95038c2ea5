"""Each worker process starts with a copy of the dataset: a generator in it draws the same numbers in each, unless worker_init_fn gives each its own seed."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing import ProcessError
from pickle import PicklingError
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.processes import worker_processes
from explorable.program import Program
from explorable.seeding import seeded
from explorable.words import count

KEPT = "kept generator"
SEVERAL = (1, 2, 3)
Init = Literal["None", "seed = worker_id", "seed = torch.initial_seed()"]


@dataclass(frozen=True)
class Params:
    source: Literal["kept generator", "torch.randint"] = choice(KEPT, about="what __getitem__ draws from")
    num_workers: int = bounded(2, low=0, high=3, step=1, about="processes that load; 0: the training loop loads")
    worker_init_fn: Init = choice("None", about="called once in each new worker", when={"num_workers": SEVERAL})
    persistent_workers: bool = switch(False, about="keep the processes between epochs", when={"num_workers": SEVERAL})
    start: Literal["fork", "spawn", "spawn, unguarded"] = choice(
        "fork", about="spawn and forkserver pickle what a worker gets", when={"num_workers": SEVERAL}
    )


@dataclass(frozen=True)
class Result:
    numbers: Tensor | None  # (2, 4, 2) epoch, batch, sample: what was drawn
    worker: list[int] | None  # the worker of each batch; -1 is the training loop itself
    seeds: list[list[int]] | None  # epoch, batch: torch.initial_seed() where it was loaded
    different: int | None  # how many different numbers there are
    error: str | None = None  # what Python says where it cannot hand over collate_fn, or starts no process


def scope(params: Params) -> AbstractContextManager[None]:
    """Workers seed themselves; without any, the training loop draws from torch's own generator."""
    return worker_processes(wait=30) if params.num_workers else seeded(0)


def batches_agree(result: Result) -> bool:
    """Whether the first two batches got the same numbers."""
    assert result.numbers is not None
    return result.numbers[0, 0].equal(result.numbers[0, 1])


def epochs_agree(result: Result) -> bool:
    """Whether the second epoch got the numbers of the first."""
    assert result.numbers is not None
    return result.numbers[0].equal(result.numbers[1])


def caption(params: Params, result: Result) -> str:
    if result.error:
        kind = result.error.partition(":")[0]
        if kind == "PermissionError":
            return f"This host starts no worker processes this way: set num_workers to 0 ({result.error})."
        if params.start == "spawn, unguarded":
            return f"To spawn a worker Python imports the script anew, which would start a worker again: {kind}."
        return f"To spawn a worker Python pickles what it gets, and refuses collate_fn, a lambda, with {kind}."
    assert result.numbers is not None
    drawn, different = result.numbers.numel(), result.different or 0
    only = "only " if 2 * different <= drawn else ""
    return f"{drawn} draws give {only}{count(different, 'distinct number')}: {_why(params)}."


def _why(params: Params) -> str:
    several = params.num_workers > 1
    who = "each worker" if several else "the worker"
    if not params.num_workers:
        return "one process draws, and its generator goes on from epoch to epoch"
    if params.source != KEPT:
        return f"torch seeds {who} with base seed + worker id"
    if params.worker_init_fn == "None":
        if params.persistent_workers:
            return (
                f"{who} starts with the same copy of the generator and keeps it"
                if several
                else "the worker keeps its copy of the generator"
            )
        return f"in each epoch {who} starts with {'the same' if several else 'a new'} copy of the generator"
    own = "the worker's id" if params.worker_init_fn == "seed = worker_id" else "torch's own seed there"
    when = "once" if params.persistent_workers else "again in each epoch"
    return f"worker_init_fn seeds the copy in {who} with {own}, {when}"


def details(params: Params, result: Result) -> str:
    if params.start == "spawn, unguarded" and result.error:
        return (
            f"{result.error} The script of four lines starts a spawned process at its top level; below "
            '`if __name__ == "__main__":` the new process would import the functions and start nothing. fork imports nothing.'
        )
    if result.error or result.seeds is None:
        return f"{result.error}. fork copies the whole process and pickles nothing, so there the same lambda is no obstacle."
    batches = "the same numbers" if batches_agree(result) else "other numbers"
    epochs = "the numbers of the first" if epochs_agree(result) else "new ones"
    told = (
        f"Batch 1 gets {batches} as batch 0, and the second epoch gets {epochs}."
        if batches_agree(result)
        else (f"Batch 1 gets other numbers than batch 0, and the second epoch gets {epochs}.")
    )
    if not params.num_workers:
        return f"{told} Without workers there is one dataset, and no copy of it."
    first = sorted(set(result.seeds[0]))
    apart = f", {first[1] - first[0]} apart" if len(first) > 1 else ""
    return f"{told} In the first epoch torch.initial_seed() in the workers is {', '.join(map(str, first))}{apart}."


LESSON = Lesson(
    slug="worker_seeds",
    title="Workers and random numbers",
    truth=__doc__,
    Params=Params,
    program=Program(
        "worker_seeds", Result, (AttributeError, PicklingError, ProcessError, PermissionError), scope=scope
    ),
    caption=caption,
    details=details,
    minutes=5,
    main=("source", "num_workers", "worker_init_fn"),
    related=("workers", "iterable", "dataset"),
    button="Load two epochs",
    predictions=(
        Prediction(
            id="batches",
            question="The dataset keeps random.Random(0). Compared with worker 0, what does worker 1 draw?",
            choices=(
                Choice(
                    "the same numbers",
                    "Each worker has a copy of the dataset, its generator included, in the same state.",
                ),
                Choice(
                    "other numbers",
                    "One generator would go on from draw to draw. Here are two copies of it, and neither hears of the other.",
                ),
                Choice(
                    "an error: it is shared",
                    "A generator is not shared between processes: what looks like one object is a copy in each.",
                ),
            ),
            answer=0,
            proof="two workers",
            show={},
            ring="batches",
        ),
        Prediction(
            id="epochs",
            question="The same dataset and two workers, persistent_workers=False. What does the second epoch get?",
            choices=(
                Choice(
                    "new numbers",
                    "The generators of the workers have moved on, but the workers are gone: new ones copy the dataset of the training loop.",
                ),
                Choice(
                    "the same numbers again",
                    "The copy in the training loop has never drawn: each epoch starts new workers with copies of it.",
                ),
                Choice(
                    "the numbers of the other worker",
                    "Which worker loads which batch is the same in each epoch, and they draw the same numbers anyway.",
                ),
            ),
            answer=1,
            proof="two epochs",
            show={},
            ring="epochs",
        ),
        Prediction(
            id="torch",
            question="__getitem__ draws by torch.randint from torch's own generator. Compared with batch 0, what does batch 1 get?",
            choices=(
                Choice(
                    "the same numbers",
                    "fork copies this generator too, but torch then seeds it with the base seed of the epoch + the worker's id.",
                ),
                Choice(
                    "the numbers of a single process",
                    "The seeds of the workers are others than that of the training loop: num_workers changes what is drawn.",
                ),
                Choice(
                    "other numbers",
                    "The loader seeds torch, random and NumPy's global generator in each worker; a generator of yours it does not know.",
                ),
            ),
            answer=2,
            proof="torch",
            show={"source": "torch.randint"},
            ring="batches",
        ),
        Prediction(
            id="by_id",
            question="worker_init_fn seeds the kept generator with the worker's id, persistent_workers=False. What does the second epoch get?",
            choices=(
                Choice(
                    "new numbers",
                    "The workers differ from each other now. But worker 0 is seeded with 0 in each epoch.",
                ),
                Choice(
                    "the same numbers again",
                    "The ids are the same in each epoch. torch.initial_seed() holds the base seed of the epoch too.",
                ),
                Choice(
                    "an error: seeded twice",
                    "A generator may be seeded as often as you like: each time it starts anew.",
                ),
            ),
            answer=1,
            proof="seeded by the worker's id",
            show={"worker_init_fn": "seed = worker_id"},
            ring="epochs",
        ),
        Prediction(
            id="pickle",
            question="collate_fn is a lambda made in a function, and the workers are started by spawn, as on Windows and macOS. What happens?",
            choices=(
                Choice(
                    "each worker gets a copy",
                    "So it is with fork, which copies the process. spawn starts an empty one and pickles what it needs.",
                ),
                Choice(
                    "it raises",
                    "Pickle stores a function by its name, and a lambda has none to be found under: write a function of the module.",
                ),
                Choice(
                    "the loop calls it itself",
                    "collate_fn belongs to the workers: they hand over whole batches.",
                ),
            ),
            answer=1,
            proof="a lambda",
            show={"start": "spawn"},
            ring="error",
        ),
        Prediction(
            id="guard",
            question="A script starts its workers by spawn at its top level, without `if __name__ == '__main__':`. What does a new worker do?",
            choices=(
                Choice(
                    "it loads batches",
                    "It would, if it were a copy of the process. A spawned one starts empty, and imports the script to know its functions.",
                ),
                Choice(
                    "it waits for the loop",
                    "It does not come so far: importing the script runs its top level, and that starts workers.",
                ),
                Choice(
                    "it raises",
                    "It imports the script, which starts a worker again before the new process is ready: Python forbids that.",
                ),
            ),
            answer=2,
            proof="no guard",
            show={"start": "spawn, unguarded"},
            ring="error",
        ),
    ),
    traps=(
        Trap(
            name="A generator kept in the dataset",
            sentence="Each worker draws the same numbers, and new workers draw them again in each epoch: augmentation repeats itself, and nothing says so.",
            source="https://github.com/Project-MONAI/MONAI/issues/1068",
            params={"num_workers": 3},
        ),
        Trap(
            name="Seeded by the worker's id alone",
            sentence="The workers differ, but new workers repeat the epoch before: seed with torch.initial_seed(), which is another in each new worker.",
            source="https://github.com/xingyizhou/CenterNet/issues/233",
            params={"worker_init_fn": "seed = worker_id"},
        ),
        Trap(
            name="A lambda and spawn",
            sentence="spawn and forkserver pickle all that a worker gets; a lambda and a class made in a function cannot be pickled.",
            source="https://github.com/HazyResearch/cartridges/issues/20",
            params={"start": "spawn"},
        ),
        Trap(
            name="No if __name__ == '__main__'",
            sentence="spawn imports the script anew in each worker, and its top level starts workers again: guard it by `__main__`.",
            source="https://github.com/pytorch/tutorials/issues/1661",
            params={"start": "spawn, unguarded"},
        ),
    ),
)
