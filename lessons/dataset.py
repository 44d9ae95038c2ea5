"""A Dataset answers what sample i is; a DataLoader decides which samples come next, and which come together."""

# The expressions are tried because some of them are wrong, which is what mypy would say.
# mypy: disable-error-code="arg-type, attr-defined, call-overload, index, list-item, operator, var-annotated"

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import ConcatDataset, DataLoader, Dataset, DistributedSampler, Subset, random_split

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.seeding import seeded
from lessons.source import snippet_of

HEADER = """\
import torch
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import ConcatDataset, DataLoader, Dataset, DistributedSampler, Subset, random_split
"""
Kind = Literal[
    "Dataset with both", "Dataset without __len__", "Dataset without __getitem__", "class that is no Dataset", "list", "range",
    "str", "dict with keys 0, 1, ...", "dict with keys a, b, ...", "set", "generator",
]  # fmt: skip
WHO, PROTOCOL, PATH = "who does it?", "protocol", "index path"


@dataclass(frozen=True)
class Params:
    view: Literal["who does it?", "protocol", "index path"] = choice(WHO, about="what to look at")
    kind: Kind = choice(
        "Dataset with both", about="what is given to the DataLoader as its dataset", when={"view": (PROTOCOL,)}
    )
    wrapper: Literal["Subset", "ConcatDataset", "random_split", "Subset of ConcatDataset"] = choice(
        "Subset of ConcatDataset", about="a dataset made of datasets", when={"view": (PATH,)}
    )
    n: int = bounded(10, low=3, high=12, step=1, about="samples in the dataset", when={"view": (WHO, PATH)})
    batch_size: int = bounded(4, low=1, high=6, step=1, about="samples in a batch", when={"view": (WHO,)})
    k: int = bounded(2, low=-6, high=14, step=1, about="the index that is asked for", when={"view": (PATH,)})
    seed: int = bounded(
        0, low=0, high=99, step=1, about="of the split", when={"view": (PATH,), "wrapper": ("random_split",)}
    )


@dataclass(frozen=True)
class Result:
    jobs: dict[str, str] | None  # who does it?: expression -> what it gives
    outcomes: dict[str, str] | None  # protocol: expression -> what it gives
    index: Tensor | None  # index path: (n,) the indices of the dataset
    reached: Tensor | None  # index path: (m,) the index that position k of the wrapper stands for
    parts: list[list[int]] | None  # index path: the samples of each part
    path: list[str] | None  # index path: from k to the sample
    sample: Tensor | None  # index path: wrapped[k], None where torch refuses
    error: str | None


class Squares(Dataset):
    """Sample i is i * i. Counts how often it was asked."""

    def __init__(self, n: int) -> None:
        self.x = torch.arange(n) ** 2
        self.calls = 0

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Tensor:
        self.calls += 1
        return self.x[i]


class Both(Dataset):
    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> int:
        return i * i


class NoLen(Dataset):
    def __getitem__(self, i: int) -> int:
        return i * i


class NoGetItem(Dataset):
    def __len__(self) -> int:
        return 6


class Plain:
    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> int:
        return i * i


def attempt(expression: Callable[[], Any]) -> str:
    """What an expression gives, or what Python says when it refuses."""
    try:
        return str(expression())
    except (AttributeError, KeyError, IndexError, NotImplementedError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


JOBS = (  # job, what the dataset gives, what the loader gives, who does it
    ("say what sample 2 is", "dataset[2]", "loader[2]", "Dataset"),
    ("know how many there are", "len(dataset)", "len(loader)", "each its own"),
    ("read and tokenise a sample", "dataset.calls", "loader.calls", "Dataset"),
    ("group samples into batches", "[s.item() for s in dataset]", "[b.tolist() for b in loader]", "DataLoader"),
    ("shuffle in every epoch", "[s.item() for s in dataset]", "[b.tolist() for b in shuffled]", "DataLoader"),
    ("pad to the longest", "[len(line) for line in lines]", "[tuple(b.shape) for b in padded]", "DataLoader"),
    ("hand out the next batch", "next(dataset)", "next(iter(loader)).tolist()", "DataLoader"),
    ("drop a short last batch", "dataset.drop_last", "[len(b) for b in dropping]", "DataLoader"),
    ("share an epoch among ranks", "[s.item() for s in dataset]", "[b.item() for b in rank0]", "DataLoader"),
    ("run worker processes", "dataset.num_workers", "loader.num_workers", "DataLoader"),
    ("pin memory", "dataset.pin_memory", "loader.pin_memory", "DataLoader"),
    ("split off validation", "[len(part) for part in random_split(dataset, [n - 2, 2])]", "loader[:2]", "Dataset"),
    ("join two sources", "len(dataset + dataset)", "len(loader + loader)", "Dataset"),
    ("move to the GPU", "dataset[0].device", "next(iter(loader)).device", "your loop"),
)


def who(n: int, batch_size: int) -> dict[str, str]:
    dataset = Squares(n)
    loader = DataLoader(dataset, batch_size=batch_size)
    shuffled = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    dropping = DataLoader(dataset, batch_size=batch_size, drop_last=True)
    rank0 = DataLoader(dataset, sampler=DistributedSampler(dataset, 2, 0, shuffle=False))
    lines = [torch.arange(1 + i % 3) for i in range(n)]  # samples of unequal length
    padded = DataLoader(lines, batch_size=batch_size, collate_fn=partial(pad_sequence, batch_first=True))
    jobs = {
        "dataset[2]": attempt(lambda: dataset[2]),
        "loader[2]": attempt(lambda: loader[2]),
        "len(dataset)": attempt(lambda: len(dataset)),
        "len(loader)": attempt(lambda: len(loader)),
        "[s.item() for s in dataset]": attempt(lambda: [s.item() for s in dataset]),
        "[b.tolist() for b in loader]": attempt(lambda: [b.tolist() for b in loader]),
        "[b.tolist() for b in shuffled]": attempt(lambda: [b.tolist() for b in shuffled]),
        "[len(line) for line in lines]": attempt(lambda: [len(line) for line in lines]),
        "[tuple(b.shape) for b in padded]": attempt(lambda: [tuple(b.shape) for b in padded]),
        "next(dataset)": attempt(lambda: next(dataset)),
        "next(iter(loader)).tolist()": attempt(lambda: next(iter(loader)).tolist()),
        "dataset.drop_last": attempt(lambda: dataset.drop_last),
        "[len(b) for b in dropping]": attempt(lambda: [len(b) for b in dropping]),
        "[b.item() for b in rank0]": attempt(lambda: [b.item() for b in rank0]),
        "dataset.num_workers": attempt(lambda: dataset.num_workers),
        "loader.num_workers": attempt(lambda: loader.num_workers),
        "dataset.pin_memory": attempt(lambda: dataset.pin_memory),
        "loader.pin_memory": attempt(lambda: loader.pin_memory),
        "[len(part) for part in random_split(dataset, [n - 2, 2])]": attempt(
            lambda: [len(part) for part in random_split(dataset, [n - 2, 2])]
        ),
        "loader[:2]": attempt(lambda: loader[:2]),
        "len(dataset + dataset)": attempt(lambda: len(dataset + dataset)),
        "len(loader + loader)": attempt(lambda: len(loader + loader)),
        "dataset[0].device": attempt(lambda: dataset[0].device),
        "next(iter(loader)).device": attempt(lambda: next(iter(loader)).device),
        "dataset.calls": attempt(lambda: dataset.calls),
        "loader.calls": attempt(lambda: loader.calls),
    }
    return jobs


def protocol(kind: str) -> dict[str, str]:  # noqa: C901 shown by branch
    if kind == "Dataset with both":
        ds = Both()
    if kind == "Dataset without __len__":
        ds = NoLen()
    if kind == "Dataset without __getitem__":
        ds = NoGetItem()
    if kind == "class that is no Dataset":
        ds = Plain()
    if kind == "list":
        ds = [0, 1, 4, 9, 16, 25]
    if kind == "range":
        ds = range(6)
    if kind == "str":
        ds = "tensor"
    if kind == "dict with keys 0, 1, ...":
        ds = {i: i * i for i in range(6)}
    if kind == "dict with keys a, b, ...":
        ds = {letter: i * i for i, letter in enumerate("abcdef")}
    if kind == "set":
        ds = {0, 1, 4, 9, 16, 25}
    if kind == "generator":
        ds = (i * i for i in range(6))
    outcomes = {
        "ds[2]": attempt(lambda: ds[2]),
        "ds[-1]": attempt(lambda: ds[-1]),
        "len(ds)": attempt(lambda: len(ds)),
        "[*islice(ds, 9)]": attempt(lambda: [*islice(ds, 9)]),
        "[*DataLoader(ds, batch_size=None)]": attempt(lambda: [*DataLoader(ds, batch_size=None)]),
        "len(DataLoader(ds, batch_size=4))": attempt(lambda: len(DataLoader(ds, batch_size=4))),
        "len([*DataLoader(ds, shuffle=True)])": attempt(lambda: len([*DataLoader(ds, shuffle=True)])),
        "[*DataLoader(ds, batch_size=None, sampler=[2, 0])]": attempt(
            lambda: [*DataLoader(ds, batch_size=None, sampler=[2, 0])]
        ),
        "[*DataLoader(ds, batch_size=None, sampler=['c', 'a'])]": attempt(
            lambda: [*DataLoader(ds, batch_size=None, sampler=["c", "a"])]
        ),
        "next(DataLoader(ds, sampler=[0]))": attempt(lambda: next(DataLoader(ds, sampler=[0]))),
    }
    return outcomes


def wrapped_by(wrapper: str, n: int, seed: int) -> tuple[Any, Tensor, Tensor, list[list[int]]]:
    index = torch.arange(n)  # dataset[i] is i, so that every sample says where it comes from
    if wrapper == "Subset":
        wrapped = Subset(index, range(n - 1, -1, -2))  # every second one, from the end
        parts = [list(wrapped.indices)]
    if wrapper == "ConcatDataset":
        wrapped = ConcatDataset([index[: n // 3], index[n // 3 :]])
        parts = [child.tolist() for child in wrapped.datasets]
    if wrapper == "random_split":
        split = random_split(index, [0.33, 0.33, 0.34], generator=torch.Generator().manual_seed(seed))
        wrapped = split[0]
        parts = [list(part.indices) for part in split]
    if wrapper == "Subset of ConcatDataset":
        both = ConcatDataset([index[: n // 3], index[n // 3 :]])
        wrapped = Subset(both, range(n - 1, -1, -2))
        parts = [child.tolist() for child in both.datasets]
    reached = torch.tensor([wrapped[position].item() for position in range(len(wrapped))])
    return wrapped, index, reached, parts


def through(wrapper: str, wrapped: Any, k: int) -> tuple[Tensor, list[str]]:
    sample = wrapped[k]
    if wrapper == "Subset" or wrapper == "random_split":
        path = [f"wrapped[{k}]", f"index[wrapped.indices[{k}]]", f"index[{wrapped.indices[k]}]"]
    if wrapper == "ConcatDataset":
        child, local = located(wrapped, k)
        path = [f"wrapped[{k}]", f"wrapped.datasets[{child}][{local}]"]
    if wrapper == "Subset of ConcatDataset":
        child, local = located(wrapped.dataset, wrapped.indices[k])
        path = [
            f"wrapped[{k}]",
            f"both[wrapped.indices[{k}]]",
            f"both[{wrapped.indices[k]}]",
            f"both.datasets[{child}][{local}]",
        ]
    return sample, path


def located(joined: ConcatDataset, k: int) -> tuple[int, int]:
    """(child, index in it) of index k, from cumulative_sizes as ConcatDataset reads them."""
    at = k if k >= 0 else len(joined) + k
    child = sum(at >= size for size in joined.cumulative_sizes)
    return child, at - (joined.cumulative_sizes[child - 1] if child else 0)


def run(params: Params) -> Result:
    nothing = dict.fromkeys(field.name for field in fields(Result))
    with seeded(0):
        if params.view == WHO:
            return Result(**nothing | {"jobs": who(params.n, params.batch_size)})  # type: ignore[arg-type]
        if params.view == PROTOCOL:
            return Result(**nothing | {"outcomes": protocol(params.kind)})  # type: ignore[arg-type]
        return _path(params, nothing)


def _path(params: Params, nothing: dict[str, None]) -> Result:
    wrapped, index, reached, parts = wrapped_by(params.wrapper, params.n, params.seed)
    found: dict[str, Any] = {"index": index, "reached": reached, "parts": parts}
    try:
        found["sample"], found["path"] = through(params.wrapper, wrapped, params.k)
    except (IndexError, ValueError) as refused:
        found["error"] = f"{type(refused).__name__}: {refused}"
    return Result(**nothing | found)  # type: ignore[arg-type]


def snippet(params: Params) -> str:
    values = vars(params)
    if params.view == WHO:
        return snippet_of(who, values, seed=0, also=[Squares, attempt], header=HEADER)
    if params.view == PROTOCOL:
        return snippet_of(protocol, values, seed=0, also=[Both, NoLen, NoGetItem, Plain, attempt], header=HEADER)
    code = snippet_of(wrapped_by, values, header=HEADER)
    return code + snippet_of(through, {"wrapper": params.wrapper, "k": params.k}, also=[located], header="")


def caption(params: Params, result: Result) -> str:
    if result.jobs is not None:
        return (
            f"len(dataset) counts samples, {result.jobs['len(dataset)']}; len(loader) counts batches of {params.batch_size}, "
            f"{result.jobs['len(loader)']}. The loader has no sample 2: {result.jobs['loader[2]']}. These {len(result.jobs)} lines called "
            f"__getitem__ {result.jobs['dataset.calls']} times; the loader calls it, and decides for which indices."
        )
    if result.outcomes is not None:
        refused = [expression for expression, outcome in result.outcomes.items() if is_refusal(outcome)]
        return (
            f"{params.kind}: {len(result.outcomes) - len(refused)} of {len(result.outcomes)} expressions work. "
            f"len(ds): {result.outcomes['len(ds)']}; ds[2]: {result.outcomes['ds[2]']}."
        )
    assert result.reached is not None and result.parts is not None
    lengths = [len(part) for part in result.parts]
    if result.error:
        return f"{params.wrapper} of {params.n} samples has no index {params.k}: {result.error}. It has {len(result.reached)} samples; parts {lengths}."
    assert result.path is not None and result.sample is not None
    way = " = ".join(result.path)
    return f"{params.wrapper}, {len(result.reached)} samples out of {params.n}, parts of {lengths}: {way} = {result.sample.item()}."


def is_refusal(outcome: str) -> bool:
    """Whether an outcome is the text of an exception."""
    return outcome.split(":")[0].endswith("Error")


LESSON = Lesson(
    slug="dataset",
    title="Dataset or DataLoader",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="What is loader[0]?",
            choices=("the first batch", "the first sample", "TypeError"),
            answer=2,
            why="A DataLoader has no __getitem__: it only hands out what comes next. Ask the dataset for sample 0.",
            proof="'the first batch' if hasattr(torch.utils.data.DataLoader, '__getitem__') else 'TypeError'",
        ),
        Prediction(
            question="Who pads the samples of a batch to the longest of them?",
            choices=("Dataset", "collate_fn of the DataLoader", "sampler"),
            answer=1,
            why="A dataset sees one sample at a time; only collate_fn sees the samples that came together.",
            proof="[b.shape[1] for b in torch.utils.data.DataLoader([torch.zeros(1), torch.zeros(3)], batch_size=2, "
            "collate_fn=lambda xs: nn.utils.rnn.pad_sequence(xs, batch_first=True))] == [3] and 'collate_fn of the DataLoader'",
        ),
        Prediction(
            question="Who turns one line of text into token ids?",
            choices=("Dataset", "sampler of the DataLoader", "batch_sampler of the DataLoader"),
            answer=0,
            why="What a sample is, is the dataset's to say: a sampler knows only indices. (collate_fn may tokenise a whole batch at once.)",
            proof="(lambda lines: 'Dataset' if [ids.tolist() for ids in torch.utils.data.DataLoader(lines, batch_size=None)] == [[3], [4]] else None)"
            "(type('Lines', (), {'__len__': lambda self: 2, '__getitem__': lambda self, i: torch.tensor([len(['cat', 'bird'][i])])})())",
        ),
        Prediction(
            question="Who shuffles?",
            choices=("Dataset", "collate_fn of the DataLoader", "sampler of the DataLoader"),
            answer=2,
            why="shuffle=True only chooses a RandomSampler; the dataset is asked for the same samples in another order.",
            proof="{'RandomSampler': 'sampler of the DataLoader'}[type(torch.utils.data.DataLoader(range(9), shuffle=True).sampler).__name__]",
        ),
        Prediction(
            question="Who decides which samples form a batch?",
            choices=("collate_fn of the DataLoader", "batch_sampler of the DataLoader", "Dataset"),
            answer=1,
            why="batch_size=4 makes a BatchSampler that cuts the sampler's order every 4 indices; collate_fn only joins what came together.",
            proof="[*torch.utils.data.DataLoader(range(5), batch_size=4).batch_sampler] == [[0, 1, 2, 3], [4]] and 'batch_sampler of the DataLoader'",
            show={"n": 5},
        ),
        Prediction(
            question="Who shares an epoch among the ranks of a distributed training?",
            choices=("sampler of the DataLoader", "Dataset", "collate_fn of the DataLoader"),
            answer=0,
            why="Each rank's loader has a DistributedSampler that yields its own share of the indices; every rank holds the whole dataset.",
            proof="[[*torch.utils.data.DistributedSampler(range(4), 2, rank, shuffle=False)] for rank in (0, 1)] == [[0, 2], [1, 3]] "
            "and 'sampler of the DataLoader'",
        ),
        Prediction(
            question="Does torch.utils.data.Dataset define __len__?",
            choices=("yes", "no"),
            answer=1,
            why="Only __getitem__ is required. __len__ is asked for by the default samplers and by len(loader).",
            proof="'yes' if '__len__' in vars(torch.utils.data.Dataset) else 'no'",
            show={"view": PROTOCOL, "kind": "Dataset without __len__"},
        ),
        Prediction(
            question="Can a plain Python list be the dataset of a DataLoader?",
            choices=("yes", "no: it must subclass Dataset"),
            answer=0,
            why="Map-style means that it has __getitem__ and, for the default sampler, __len__; a list has both.",
            proof="'yes' if [*torch.utils.data.DataLoader([5, 6, 7], batch_size=None)] == [5, 6, 7] else 'no: it must subclass Dataset'",
            show={"view": PROTOCOL, "kind": "list"},
        ),
        Prediction(
            question="{'a': 5, 'b': 6} is the dataset and ['a', 'b'] the sampler. Does the DataLoader work?",
            choices=("yes", "no: keys must be integers"),
            answer=0,
            why="The loader passes on whatever the sampler yields: an index may be any key that __getitem__ understands.",
            proof="'yes' if [*torch.utils.data.DataLoader({'a': 5, 'b': 6}, sampler=['a', 'b'], batch_size=None)] == [5, 6] else 'no: keys must be integers'",
            show={"view": PROTOCOL, "kind": "dict with keys a, b, ..."},
        ),
        Prediction(
            question="random_split of 10 samples by [0.33, 0.33, 0.34]: how long are the parts?",
            choices=("[3, 3, 4]", "[4, 3, 3]", "ValueError"),
            answer=1,
            why="Each part gets floor(10 * fraction) = 3, and what is left is dealt out one by one from the first part on.",
            proof="[len(part) for part in torch.utils.data.random_split(range(10), [0.33, 0.33, 0.34])]",
            show={"view": PATH, "wrapper": "random_split"},
        ),
    ),
    traps=(
        Trap(
            name="loader[0]",
            sentence="'DataLoader' object is not subscriptable: take next(iter(loader)) for a batch, dataset[0] for a sample.",
            source="https://github.com/NielsRogge/Transformers-Tutorials/issues/118",
            params={"batch_size": 1},
        ),
        Trap(
            name="No __len__",
            sentence="Without __len__ the default samplers, len(loader) and random_split fail; a sampler of your own still works.",
            source="https://github.com/vahidk/tfrecord/issues/43",
            params={"view": PROTOCOL, "kind": "Dataset without __len__"},
        ),
        Trap(
            name="next(loader)",
            sentence="A DataLoader is an iterable, not an iterator: next(iter(loader)), and iter() restarts the epoch each time.",
            source="https://github.com/KarhouTam/SCAFFOLD-PyTorch/issues/2",
            params={"view": PROTOCOL},
        ),
        Trap(
            name="Keys that are not 0, 1, ...",
            sentence="The default samplers ask for 0 to len - 1, whatever the keys of a dict are; give the keys as the sampler.",
            source="https://github.com/pytorch/pytorch/issues/17466",
            params={"view": PROTOCOL, "kind": "dict with keys a, b, ..."},
        ),
    ),
)
