"""A sampler draws the indices of a map-style dataset, batch_size cuts them into batches, and collate joins the samples of each batch."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.program import Program
from explorable.words import count, one_of

SPREAD = ("DistributedSampler",)
WEIGHTED = ("WeightedRandomSampler", "WeightedRandomSampler(2 classes)")
Order = Literal[
    "SequentialSampler",
    "RandomSampler",
    "RandomSampler(replacement=True)",
    "WeightedRandomSampler",
    "WeightedRandomSampler(2 classes)",
    "DistributedSampler",
]


@dataclass(frozen=True)
class Params:
    n: int = bounded(10, low=1, high=16, step=1, about="samples in the dataset")
    batch_size: int = bounded(4, low=1, high=8, step=1, about="samples in a batch")
    sampler: Order = choice("RandomSampler", about="shuffle=True: RandomSampler")
    weight: float = bounded(
        8.0,
        low=0.5,
        high=20.0,
        step=0.5,
        about="of the last sample or class, else 1",
        when={"sampler": WEIGHTED},
    )
    ranks: int = bounded(4, low=2, high=5, step=1, about="processes that share it", when={"sampler": SPREAD})
    set_epoch: bool = switch(True, about="called before each epoch", when={"sampler": SPREAD})
    drop_last: bool = switch(False, about="leave out what fills no batch")
    epochs: int = bounded(4, low=1, high=6, step=1, about="passes over the loader")
    generator: Literal["None", "g"] = choice("None", about="None: torch's global one")
    seed: int = bounded(0, low=0, high=999, step=1, about="of the generator that draws")


@dataclass(frozen=True)
class Result:
    index: Tensor  # (n,) the indices of the dataset
    x: Tensor  # (n, 2) sample i is (i, x[i])
    order: Tensor  # (epochs, k) what the sampler drew, rank after rank
    batches: list[list[list[Tensor]]]  # [epoch][batch] -> [index (B,), x (B, 2)], rank after rank
    length: int  # len(loader), of each rank
    counts: Tensor  # (n,) how often each sample was delivered in all epochs
    both: str  # what DataLoader says to a sampler beside shuffle=True
    rand_without: float  # torch.rand after the seed
    rand_with: float  # torch.rand after the seed and iter(loader)


def sizes(result: Result) -> list[int]:
    """The sizes of the batches of one loader in one epoch."""
    return [len(batch[0]) for batch in result.batches[0]][: result.length]


def delivered(result: Result) -> int:
    """How many samples one epoch delivers, over all ranks."""
    return sum(len(batch[0]) for batch in result.batches[0])


def reached(result: Result) -> list[int]:
    """The samples that were delivered at least once."""
    return [i for i, times in enumerate(result.counts.tolist()) if times]


def orders(result: Result) -> int:
    """In how many different orders the epochs came."""
    return len({tuple(order) for order in result.order.tolist()})


def caption(params: Params, result: Result) -> str:
    spread = params.sampler in SPREAD
    share = result.order.shape[1] // (params.ranks if spread else 1)
    if not share:
        return f"Each of {params.ranks} ranks draws 0 indices: the loader is empty, and nothing raises."
    if not result.length:
        drawn = f"{count(share, 'index', 'indices')} of {'a rank' if spread else 'an epoch'}".capitalize()
        fills = one_of(share, "fills", "fill")
        return f"{drawn} {fills} no batch of {params.batch_size}: the loader is empty, and nothing raises."
    cut = count(result.length, "batch")
    if spread:
        return f"Each of {params.ranks} ranks draws {count(share, 'index', 'indices')} and gets {cut}."
    return (
        f"An epoch draws {count(share, 'index', 'indices')} and delivers {count(delivered(result), 'sample')} in {cut}."
    )


def details(params: Params, result: Result) -> str:
    return f"{_cut(params, result)} {_order(params, result)} {_counts(params, result)} {_random(params, result)}"


def _cut(params: Params, result: Result) -> str:
    spread = params.sampler in SPREAD
    share = result.order.shape[1] // (params.ranks if spread else 1)
    whose = "each rank's loader" if spread else "the loader"
    rule = "rounded down" if params.drop_last else "rounded up"
    shared = (
        f"{params.n} / {params.ranks} {rule} gives each rank {count(share, 'index', 'indices')}; " if spread else ""
    )
    lengths = f"{shared}{share} / {params.batch_size} {rule} gives {whose} {count(result.length, 'batch')}"
    size = sizes(result)
    cut = f" of sizes {size}" if len(size) > 1 else f" of size {size[0]}" if size else ""
    return f"{lengths[0].upper()}{lengths[1:]}{cut}."


def _order(params: Params, result: Result) -> str:
    found = orders(result)
    came = f"{count(params.epochs, 'epoch', 'epochs')} drew {count(found, 'different order') if found > 1 else 'one order'}."
    if params.sampler in SPREAD and not params.set_epoch and params.epochs > 1:
        return f"{came} Without set_epoch each epoch shuffles with the same seed."
    return came


def _counts(params: Params, result: Result) -> str:
    counts = result.counts.tolist()
    came = f"delivered {count(counts[-1], 'time')}" if counts[-1] else "never delivered"
    last = f"Sample {params.n - 1} was {came}"
    if params.sampler == "WeightedRandomSampler":
        last += f", with weight {params.weight:g}" + (" against 1" if params.n > 1 else "")
    elif params.sampler in WEIGHTED and params.n == 1:
        last += "; a dataset of one sample takes only the first of the two weights"
    elif params.sampler in WEIGHTED:
        last += f"; two weights, 1 and {params.weight:g}, stand for samples 0 and 1, whatever their classes are"
    if not any(counts):
        return "No sample was ever delivered."
    if params.n == 1:
        return f"{last}."
    low, high, never = min(counts), max(counts), counts.count(0)
    each = f"each sample {count(low, 'time')}" if low == high else f"a sample {low} to {count(high, 'time')}"
    unseen = f", {never} of {params.n} never" if 0 < never < params.n else ""
    return f"{last}; over all epochs {each}{unseen}."


def _random(params: Params, result: Result) -> str:
    after = f"After seed {params.seed} the next torch.rand is {result.rand_without:.4f}"
    if result.rand_without == result.rand_with:
        return f"{after}, with iter(loader) before it or not: the loader draws from its own generator g."
    return f"{after}, and {result.rand_with:.4f} once iter(loader) stands before it: the iterator drew from torch's global generator."


ANOTHER, SAME = "another in each epoch", "the same in each epoch"

LESSON = Lesson(
    slug="batches",
    title="Sampler, batches, epochs",
    truth=__doc__,
    Params=Params,
    program=Program("batches", Result),
    caption=caption,
    details=details,
    minutes=5,
    main=("sampler", "n", "batch_size", "drop_last"),
    related=("collate", "dataset", "workers"),
    predictions=(
        Prediction(
            id="sizes",
            question="10 samples, shuffle=True, batch_size=4, drop_last=False. How big are the batches?",
            choices=(
                Choice("[4, 4]", "That is drop_last=True. By default the two samples that are left are delivered too."),
                Choice(
                    "[4, 4, 2]", "The drawn order is cut every 4 indices, and what is left over is a short last batch."
                ),
                Choice(
                    "[4, 4, 4]",
                    "A DistributedSampler fills up its ranks like that. A loader with shuffle=True repeats no sample in an epoch.",
                ),
                Choice("[5, 5]", "A loader does not balance its batches: it counts to 4 and cuts."),
            ),
            answer=1,
            proof="batch sizes",
            show={},
            ring="sizes",
        ),
        Prediction(
            id="epochs",
            question="shuffle=True with a generator that was seeded once, four epochs: which order of the samples comes?",
            choices=(
                Choice(
                    SAME,
                    "So it would be if you seeded again before each epoch, or with a DistributedSampler without set_epoch.",
                ),
                Choice(
                    "the same batches, shuffled",
                    "Shuffling is done on samples and before the cut, so a batch has other members in each epoch.",
                ),
                Choice(
                    ANOTHER,
                    "The seed says where the generator starts. Each epoch draws a permutation from where it then stands.",
                ),
            ),
            answer=2,
            proof="four epochs",
            show={"generator": "g"},
            ring="orders",
        ),
        Prediction(
            id="iterator",
            question="shuffle=False, no generator=, and iter(loader) is called after the seed. What is then the next torch.rand(())?",
            choices=(
                Choice(
                    "the same number",
                    "Nothing is shuffled, so nothing seems to be drawn. But an iterator draws a base seed for workers, needed or not.",
                ),
                Choice("another number", "Each new iterator draws one base seed, here from torch's global generator."),
                Choice(
                    "the same, without workers",
                    "The base seed is for workers, but it is drawn with num_workers=0 as well, so that their number changes nothing.",
                ),
            ),
            answer=1,
            proof="only an iterator",
            show={"sampler": "SequentialSampler"},
            ring="rng",
        ),
        Prediction(
            id="weights",
            question="10 samples of two classes, WeightedRandomSampler([1.0, 8.0], num_samples=10): which samples can come?",
            choices=(
                Choice(
                    "class 1 more often",
                    "A loss takes weights of classes. The sampler knows no labels: give it one weight for each sample.",
                ),
                Choice(
                    "samples 0 and 1 alone",
                    "The weights are those of samples, and there are two of them: indices 0 and 1 are drawn, and no error says so.",
                ),
                Choice(
                    "none: it raises",
                    "The number of weights is compared with nothing: the sampler does not know the dataset.",
                ),
            ),
            answer=1,
            proof="weights of classes",
            show={"sampler": "WeightedRandomSampler(2 classes)"},
            ring="reach",
        ),
        Prediction(
            id="both",
            question="DataLoader(dataset, sampler=sampler, shuffle=True), to shuffle what the sampler draws: what happens?",
            choices=(
                Choice(
                    "it shuffles the draws",
                    "shuffle=True is no step after the sampler: it is short for a RandomSampler, and there can be one sampler.",
                ),
                Choice(
                    "shuffle is ignored",
                    "Then you would not learn which of the two holds. The loader refuses both together.",
                ),
                Choice(
                    "it raises ValueError",
                    "shuffle=True means sampler=RandomSampler(dataset), so both at once contradict each other.",
                ),
            ),
            answer=2,
            proof="sampler and shuffle",
            show={"sampler": "WeightedRandomSampler"},
            ring="both",
        ),
        Prediction(
            id="ranks",
            question="10 samples, 4 ranks, DistributedSampler(drop_last=False): what do all ranks together deliver in an epoch?",
            choices=(
                Choice(
                    "12 samples",
                    "All ranks must get equally many, so the order is filled up with samples from its start: 4 times 3.",
                ),
                Choice(
                    "10 samples",
                    "The ranks split the order, but 10 is no multiple of 4, and no rank may run out before the others.",
                ),
                Choice("8 samples", "That is drop_last=True: 2 for each rank, and the rest is left out."),
            ),
            answer=0,
            proof="four ranks",
            show={"sampler": "DistributedSampler", "batch_size": 3},
            ring="delivered",
        ),
        Prediction(
            id="nothing",
            question="3 samples, 4 ranks, DistributedSampler(drop_last=True): what do all ranks together deliver in an epoch?",
            choices=(
                Choice(
                    "3 samples",
                    "Then one rank would have none, and the others would wait for it in vain: each must get equally many.",
                ),
                Choice("4 samples", "That is drop_last=False, which repeats one sample."),
                Choice(
                    "no sample", "3 / 4 rounded down leaves 0 for each rank. Nothing raises: the loop has no steps."
                ),
            ),
            answer=2,
            proof="three samples",
            show={"sampler": "DistributedSampler", "n": 3, "drop_last": True},
            ring="delivered",
        ),
    ),
    traps=(
        Trap(
            name="Forgot set_epoch",
            sentence="DistributedSampler shuffles with seed + epoch; where set_epoch is never called, the order never changes.",
            source="https://github.com/pytorch/pytorch/issues/31771",
            params={"sampler": "DistributedSampler", "set_epoch": False},
        ),
        Trap(
            name="Validation changes training",
            sentence="Looping over an unshuffled loader without generator= draws from the global generator, so later random numbers differ.",
            source="https://github.com/pytorch/pytorch/issues/11062",
            params={"sampler": "SequentialSampler"},
        ),
        Trap(
            name="Weights of classes",
            sentence="WeightedRandomSampler takes a weight for each sample; given one for each class it draws the first samples alone.",
            source="https://github.com/deep-voice/soundbay/pull/49",
            params={"sampler": "WeightedRandomSampler(2 classes)"},
        ),
        Trap(
            name="sampler and shuffle=True",
            sentence="shuffle=True stands for a RandomSampler, so a loader with a sampler of its own refuses it.",
            source="https://github.com/ultralytics/yolov3/issues/231",
            params={"sampler": "DistributedSampler", "epochs": 2},
        ),
        Trap(
            name="Evaluating on padded ranks",
            sentence="10 samples are no multiple of 4 ranks, so the epoch repeats two: a mean over the ranks counts them twice.",
            source="https://github.com/pytorch/pytorch/issues/25162",
            params={"sampler": "DistributedSampler", "epochs": 1},
        ),
        Trap(
            name="drop_last on a small dataset",
            sentence="3 samples fill no batch of 4, so with drop_last=True the loader has length 0; dividing by len(loader) fails.",
            source="https://github.com/mapbox/robosat/issues/228",
            params={"n": 3, "drop_last": True},
        ),
    ),
)
