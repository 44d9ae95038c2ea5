"""A sampler puts the indices in order, batch_size cuts that order into batches, and collate stacks the samples of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice, switch
from explorable.seeding import seeded
from lessons.source import snippet_of

HEADER = """\
import torch
from collections.abc import Iterator
from typing import Any
from torch.utils.data import DataLoader, DistributedSampler, RandomSampler, Sampler, SequentialSampler, TensorDataset, WeightedRandomSampler
"""
SPREAD = ("DistributedSampler",)
Order = Literal[
    "SequentialSampler",
    "RandomSampler",
    "RandomSampler(replacement=True)",
    "WeightedRandomSampler",
    "DistributedSampler",
]


@dataclass(frozen=True)
class Params:
    n: int = bounded(10, low=1, high=16, step=1, about="samples in the dataset")
    batch_size: int = bounded(4, low=1, high=8, step=1, about="samples in a batch")
    sampler: Order = choice("RandomSampler", about="shuffle=False and shuffle=True are the first two")
    weight: float = bounded(
        8.0,
        low=0.5,
        high=20.0,
        step=0.5,
        about="of the last sample; 1 for the others",
        when={"sampler": ("WeightedRandomSampler",)},
    )
    ranks: int = bounded(4, low=2, high=5, step=1, about="processes that share the epoch", when={"sampler": SPREAD})
    set_epoch: bool = switch(True, about="sampler.set_epoch(epoch) before each epoch", when={"sampler": SPREAD})
    drop_last: bool = switch(False, about="skip what does not fill a batch (or a rank)")
    epochs: int = bounded(4, low=1, high=6, step=1, about="passes over the loader")
    generator: Literal["None", "g"] = choice("None", about="None: torch's global generator; g: one of the loader's own")
    seed: int = bounded(0, low=0, high=999, step=1, about="of the generator that draws")


@dataclass(frozen=True)
class Result:
    index: Tensor  # (n,) the indices of the dataset
    x: Tensor  # (n, 2) sample i is (i, x[i])
    order: Tensor  # (epochs, k) what the sampler drew, rank after rank
    batches: list[list[list[Tensor]]]  # [epoch][batch] -> [index (B,), x (B, 2)], rank after rank
    length: int  # len(loader), of each rank
    counts: Tensor  # (n,) how often each sample was delivered in all epochs
    rand_without: float  # torch.rand after the seed
    rand_with: float  # torch.rand after the seed and iter(loader)


class Recorder(Sampler):
    """Hands on the indices of another sampler and keeps them, epoch by epoch."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.orders: list[list[int]] = []

    def __len__(self) -> int:
        return len(self.inner)

    def __iter__(self) -> Iterator[int]:
        self.orders.append(list(self.inner))
        return iter(self.orders[-1])


def compute(  # noqa: C901, PLR0915 shown by branch
    n: int, batch_size: int, sampler: str, weight: float, ranks: int, set_epoch: bool, drop_last: bool, epochs: int,
    generator: str, seed: int,
) -> Result:  # fmt: skip
    index = torch.arange(n)
    x = torch.stack([index, index**2], dim=1).float()
    dataset = TensorDataset(index, x)  # sample i is (i, x[i])
    if generator == "None":
        g = None  # the loader draws from torch's global generator
    if generator == "g":
        g = torch.Generator().manual_seed(seed)

    if sampler == "SequentialSampler":
        samplers = [Recorder(SequentialSampler(dataset))]  # what shuffle=False makes
    if sampler == "RandomSampler":
        samplers = [Recorder(RandomSampler(dataset, generator=g))]  # what shuffle=True makes
    if sampler == "RandomSampler(replacement=True)":
        samplers = [Recorder(RandomSampler(dataset, replacement=True, generator=g))]
    if sampler == "WeightedRandomSampler":
        weights = [1.0] * (n - 1) + [weight]
        samplers = [Recorder(WeightedRandomSampler(weights, num_samples=n, generator=g))]
    if sampler == "DistributedSampler":
        samplers = [
            Recorder(DistributedSampler(dataset, num_replicas=ranks, rank=rank, seed=seed, drop_last=drop_last))
            for rank in range(ranks)
        ]
    loaders = [
        DataLoader(dataset, batch_size=batch_size, sampler=recorder, drop_last=drop_last, generator=g)
        for recorder in samplers
    ]
    length = len(loaders[0])

    batches = []
    if sampler == "DistributedSampler" and set_epoch:
        for epoch in range(epochs):
            for recorder in samplers:
                recorder.inner.set_epoch(epoch)
            batches.append([batch for loader in loaders for batch in loader])
    if sampler != "DistributedSampler" or not set_epoch:
        for _ in range(epochs):
            batches.append([batch for loader in loaders for batch in loader])
    drawn = [[i for recorder in samplers for i in recorder.orders[epoch]] for epoch in range(epochs)]
    order = torch.tensor(drawn, dtype=torch.int64)
    served = [i for epoch in batches for batch in epoch for i in batch[0].tolist()]
    counts = torch.tensor([served.count(i) for i in range(n)])

    torch.manual_seed(seed)
    rand_without = torch.rand(()).item()
    torch.manual_seed(seed)
    iter(loaders[0])  # only made, never asked for a batch
    rand_with = torch.rand(()).item()
    return Result(index, x, order, batches, length, counts, rand_without, rand_with)


def run(params: Params) -> Result:
    with seeded(params.seed):
        return compute(**vars(params))


def snippet(params: Params) -> str:
    return snippet_of(compute, vars(params), seed=params.seed, also=[Recorder], header=HEADER)


def caption(params: Params, result: Result) -> str:
    return f"{_cut(params, result)} {_order(params, result)} {_tail(params, result)} {_random(params, result)}"


def _cut(params: Params, result: Result) -> str:
    drawn = result.order.shape[1]
    on_each = f"on each of {params.ranks} ranks " if params.sampler in SPREAD else ""
    if not result.length:
        return f"len(loader) is 0 {on_each}: {drawn} indices fill no batch of {params.batch_size}, so an epoch is empty, and nothing raises."
    sizes = [len(batch[0]) for batch in result.batches[0]][: result.length]
    rule = "rounded down" if params.drop_last else "rounded up"
    return f"len(loader) is {result.length} {on_each}({params.n} samples in batches of {params.batch_size}, {rule}), of sizes {sizes}."


def _order(params: Params, result: Result) -> str:
    orders = len({tuple(order) for order in result.order.tolist()})
    counted = f"{params.epochs} epoch{'s' if params.epochs > 1 else ''} came in {orders} different order{'s' if orders > 1 else ''}."
    if params.sampler in SPREAD and not params.set_epoch and params.epochs > 1:
        return f"{counted} Without set_epoch the seed is the same in every epoch, and so is the order."
    return counted


def _tail(params: Params, result: Result) -> str:
    counts = result.counts.tolist()
    last = f"Sample {params.n - 1} was delivered {counts[-1]} times"
    if params.sampler == "WeightedRandomSampler":
        last += f", with a weight of {params.weight:g} against 1"
    never = counts.count(0)
    uneven = (
        f"the samples were delivered {min(counts)} to {max(counts)} times"
        if len(set(counts)) > 1
        else "so was every other sample"
    )
    return f"{last}; {uneven}{f', {never} of them never' if never else ''}."


def _random(params: Params, result: Result) -> str:
    if result.rand_without == result.rand_with:
        return f"Creating an iterator drew from g, so the next torch.rand is {result.rand_with:.4f} with it and without it."
    return (
        f"Creating an iterator drew from torch's global generator, although nothing was read: after seed {params.seed} the next torch.rand "
        f"is {result.rand_with:.4f} instead of {result.rand_without:.4f}."
    )


LESSON = Lesson(
    slug="batches",
    title="Sampler, batches, epochs",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="10 samples, batch_size=4, drop_last=False. What are the sizes of the batches?",
            choices=("[4, 4, 2]", "[4, 4]", "[5, 5]"),
            answer=0,
            why="The order is cut every 4 indices; what is left over becomes a short last batch unless drop_last=True.",
            proof="[len(batch) for batch in torch.utils.data.DataLoader(range(10), batch_size=4)]",
        ),
        Prediction(
            question="shuffle=True with a generator that was seeded once: does the second epoch repeat the order of the first?",
            choices=("True", "False"),
            answer=1,
            why="The seed fixes the sequence of orders, not the order: each epoch draws on from where the generator stands.",
            proof="(lambda loader: [*loader] == [*loader])(torch.utils.data.DataLoader(range(10), batch_size=None, shuffle=True, "
            "generator=torch.Generator().manual_seed(0)))",
            show={"generator": "g"},
        ),
        Prediction(
            question="shuffle=False, and the iterator is only created. Does torch's global generator move?",
            choices=("yes", "no"),
            answer=0,
            why="Every iterator draws a base seed for workers, needed or not. A loader with its own generator= leaves the global one alone.",
            proof="(lambda before: iter(torch.utils.data.DataLoader(range(2))) and "
            "('no' if torch.equal(before, torch.get_rng_state()) else 'yes'))(torch.get_rng_state())",
            show={"sampler": "SequentialSampler"},
        ),
        Prediction(
            question="10 samples on 4 ranks with DistributedSampler(drop_last=False): how many samples does an epoch serve?",
            choices=("8", "10", "12"),
            answer=2,
            why="Every rank must get equally many, so the order is padded with its own first samples: ceil(10 / 4) * 4 = 12.",
            proof="sum(len(torch.utils.data.DistributedSampler(range(10), 4, rank)) for rank in range(4))",
            show={"sampler": "DistributedSampler", "batch_size": 3},
        ),
        Prediction(
            question="3 samples on 4 ranks with DistributedSampler(drop_last=True): how many samples does an epoch serve?",
            choices=("0", "3", "4"),
            answer=0,
            why="floor(3 / 4) = 0 samples are left for each rank. Nothing raises: the training loop just has no steps.",
            proof="sum(len(torch.utils.data.DistributedSampler(range(3), 4, rank, drop_last=True)) for rank in range(4))",
            show={"sampler": "DistributedSampler", "n": 3, "drop_last": True},
        ),
    ),
    traps=(
        Trap(
            name="Forgot set_epoch",
            sentence="DistributedSampler shuffles with seed + epoch; without set_epoch every epoch has the same order.",
            source="https://github.com/lucidrains/DALLE-pytorch/issues/230",
            params={"sampler": "DistributedSampler", "set_epoch": False},
        ),
        Trap(
            name="A validation loop changes training",
            sentence="Looping over an unshuffled loader draws from the global generator, so every later random number differs.",
            source="https://github.com/pytorch/pytorch/issues/11062",
            params={"sampler": "SequentialSampler"},
        ),
        Trap(
            name="Evaluating on padded ranks",
            sentence="DistributedSampler pads the epoch with samples it has served before: a mean over ranks counts them twice.",
            source="https://github.com/pytorch/pytorch/issues/22584",
            params={"sampler": "DistributedSampler", "epochs": 1},
        ),
        Trap(
            name="drop_last on a small dataset",
            sentence="Fewer samples than batch_size and drop_last=True give a loader of length 0; the mean over its losses divides by 0.",
            source="https://github.com/arm/neural-graphics-model-gym/pull/147",
            params={"n": 3, "drop_last": True},
        ),
    ),
)
