"""A map-style dataset answers what sample i is; a DataLoader decides which samples come next, and which come together."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from explorable.lesson import Choice, Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.parsing import value_of
from explorable.program import Program
from explorable.words import count, one_of

Kind = Literal[
    "Dataset with both", "Dataset with both and IndexError", "Dataset without __len__", "Dataset without __getitem__",
    "class that is no Dataset", "list", "range", "str", "dict with keys 0, 1, ...", "dict with keys a, b, ...", "set", "generator",
]  # fmt: skip
WHO, PROTOCOL, PATH = "Dataset or loader?", "kinds of dataset", "wrapped datasets"


@dataclass(frozen=True)
class Params:
    view: Literal["Dataset or loader?", "kinds of dataset", "wrapped datasets"] = choice(
        WHO, about="which part of the lesson"
    )
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
    samples: Tensor | None  # Dataset or loader?: (n,) what the dataset holds
    batches: list[list[int]] | None  # Dataset or loader?: what one epoch of the loader hands out
    calls: int | None  # Dataset or loader?: of __getitem__, in that epoch
    replaced: str | None  # Dataset or loader?: the class of the sampler that shuffle=True makes
    jobs: dict[str, str] | None  # Dataset or loader?: expression -> what it gives
    outcomes: dict[str, str] | None  # kinds of dataset: expression -> what it gives
    index: Tensor | None  # wrapped datasets: (n,) the indices of the dataset
    reached: Tensor | None  # wrapped datasets: (m,) the index that position k of the wrapper stands for
    parts: list[list[int]] | None  # wrapped datasets: the samples of each part
    path: list[str] | None  # wrapped datasets: from k to the sample
    sample: Tensor | None  # wrapped datasets: wrapped[k], None where torch refuses
    error: str | None


JOBS = (  # job, what the dataset gives, what the loader gives, who does it
    ("say what sample 0 is", "dataset[0]", "loader[0]", "Dataset"),
    ("know how many there are", "len(dataset)", "len(loader)", "each its own"),
    ("read and tokenise a sample", "dataset.__getitem__(2)", "loader.__getitem__(2)", "Dataset"),
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
NAMED = {  # as a sentence says the kind
    "Dataset with both": "a Dataset with both methods",
    "Dataset with both and IndexError": "a Dataset with both methods and an IndexError past the end",
    "Dataset without __len__": "a Dataset without __len__",
    "Dataset without __getitem__": "a Dataset without __getitem__",
    "class that is no Dataset": "a class that is no Dataset",
    "list": "a list",
    "range": "a range",
    "str": "a str",
    "dict with keys 0, 1, ...": "a dict whose keys are the integers from 0 on",
    "dict with keys a, b, ...": "a dict whose keys are letters",
    "set": "a set",
    "generator": "a generator",
}


def caption(params: Params, result: Result) -> str:
    if result.batches is not None:
        assert result.jobs is not None
        told = f"Asked by index the loader raises {result.jobs['loader[0]'].partition(':')[0]}; it only hands out what comes next"
        batches = (
            f"{count(len(result.batches), 'batch')} of {'up to ' if params.batch_size > 1 else ''}{params.batch_size}"
        )
        return f"{told}: {batches}."
    if result.outcomes is not None:
        works = sum(not is_refusal(outcome) for outcome in result.outcomes.values())
        verb = one_of(works, "works", "work")
        return (
            f"With {NAMED[params.kind]} as the dataset {works or 'none'} of {len(result.outcomes)} expressions {verb}."
        )
    assert result.reached is not None
    name = "first part of random_split" if params.wrapper == "random_split" else params.wrapper
    held = f"The {name} holds {count(len(result.reached), 'sample')}"
    if result.error:
        return f"{held}: wrapped[{params.k}] raises {result.error.split(':')[0]}."
    assert result.sample is not None
    return f"{held}: index {params.k} leads to sample {result.sample.item()}."


def details(params: Params, result: Result) -> str:
    if result.jobs is not None:
        return (
            f"One epoch called __getitem__ {count(result.calls or 0, 'time')}, once a sample: Squares has no __getitems__, which "
            f"would be handed all indices of a batch. loader[0] gives {result.jobs['loader[0]']}."
        )
    if result.outcomes is not None:
        told = [
            f"{expression}: {result.outcomes[expression].removesuffix('.')}." for expression in ("len(ds)", "ds[2]")
        ]
        return " ".join([*told, _looped(params)]).rstrip()
    assert result.parts is not None
    held = [len(part) for part in result.parts]
    holds = f"parts hold {held}" if len(held) > 1 else f"part holds {held[0]}"
    lengths = f"Of {count(params.n, 'sample')} the {holds}."
    if result.error:
        return f"{lengths} {result.error}."
    assert result.path is not None and result.sample is not None
    return f"{lengths} {' = '.join(result.path)} = {result.sample.item()}."


def _looped(params: Params) -> str:
    """Why a for loop over these classes has no end."""
    if params.kind == "Dataset with both and IndexError":
        return "A for loop over ds asks for ds[0], ds[1], ... until an IndexError, and ds[6] raises one."
    if params.kind not in ("Dataset with both", "Dataset without __len__", "class that is no Dataset"):
        return ""
    says = "" if params.kind == "Dataset without __len__" else ", whatever len(ds) says"
    return f"A for loop over ds asks for ds[0], ds[1], ... until an IndexError{says}; here none comes."


def is_refusal(outcome: str) -> bool:
    """Whether an outcome is the text of an exception."""
    return outcome.split(":")[0].endswith("Error")


def loop(outcome: str) -> str:
    """What becomes of a for loop over ds, of which the first 9 items were asked for."""
    if is_refusal(outcome):
        return f"it raises {outcome.split(':')[0]}"
    items = len(value_of(outcome))
    return "it never ends" if items == 9 else f"it ends after {items}"


def verdict(outcome: str) -> str:
    """In short: `it works`, or `a TypeError`."""
    if not is_refusal(outcome):
        return "it works"
    name = outcome.split(":")[0]
    return f"{'an' if name[0] in 'AI' else 'a'} {name}"


LESSON = Lesson(
    slug="dataset",
    title="Dataset or DataLoader",
    truth=__doc__,
    Params=Params,
    program=Program("dataset", Result, raises=(IndexError, ValueError)),
    caption=caption,
    details=details,
    minutes=7,
    main=("view", "kind", "wrapper", "batch_size"),
    related=("batches", "iterable", "collate"),
    predictions=(
        Prediction(
            id="loader_0",
            question="loader = DataLoader(dataset, batch_size=4). What is loader[0]?",
            choices=(
                Choice(
                    "the first batch",
                    "A loader hands out batches, but only as next ones: it has no __getitem__. next(iter(loader)) is the first.",
                ),
                Choice("the first sample", "That is dataset[0]: what sample i is, is the dataset's to say."),
                Choice("a TypeError", "A DataLoader has no __getitem__: it only hands out what comes next."),
            ),
            answer=2,
            proof="loader[0]",
            show={},
            ring="subscript",
        ),
        Prediction(
            id="lengths",
            question="10 samples, DataLoader(dataset, batch_size=4). What does len(loader) count?",
            choices=(
                Choice("10 samples", "That is len(dataset). The loader's steps are batches."),
                Choice(
                    "3 batches",
                    "10 / 4 rounded up: the last batch holds 2 samples. drop_last=True would make it 2 batches.",
                ),
                Choice("4 batches", "4 is the most samples that a batch holds, not how many batches there are."),
            ),
            answer=1,
            proof="length",
            show={},
            ring="length",
        ),
        Prediction(
            id="shuffle",
            question="DataLoader(dataset, shuffle=True) instead of shuffle=False. What has been replaced?",
            choices=(
                Choice(
                    "the sampler, by a RandomSampler",
                    "The dataset is asked for the same samples, in the order that the sampler gives.",
                ),
                Choice(
                    "the dataset, by a shuffled copy",
                    "dataset[0] stays what it was. Only the order in which indices are asked for changes.",
                ),
                Choice(
                    "collate_fn, by one that mixes",
                    "Then samples would only change places within their batch. shuffle mixes the whole epoch.",
                ),
            ),
            answer=0,
            proof="shuffle",
            show={},
            ring="shuffle",
        ),
        Prediction(
            id="no_len",
            question="A Dataset has __getitem__ and no __len__. What becomes of DataLoader(ds, sampler=[2, 0])?",
            choices=(
                Choice(
                    "a TypeError",
                    "So it is with the default samplers, which ask for len(ds). This sampler brings its own indices.",
                ),
                Choice("it works", "Only __getitem__ is needed here: the sampler says which indices, and how many."),
                Choice(
                    "a NotImplementedError",
                    "That is what Dataset raises for __getitem__ where a class forgets it. Of __len__ it says nothing.",
                ),
            ),
            answer=1,
            proof="no len",
            show={"view": PROTOCOL, "kind": "Dataset without __len__"},
            ring="own",
        ),
        Prediction(
            id="loop",
            question="A Dataset has __len__, 6, and a __getitem__ that returns i * i. What becomes of `for x in ds`?",
            choices=(
                Choice(
                    "it ends after 6",
                    "So it is for a list, and for a loop over DataLoader(ds). Python's loop over ds does not ask for len(ds).",
                ),
                Choice(
                    "it never ends",
                    "Without __iter__ Python asks for ds[0], ds[1], ... until an IndexError, and this __getitem__ raises none.",
                ),
                Choice(
                    "it raises TypeError",
                    "A class without __iter__ can be looped over all the same, if it has __getitem__.",
                ),
            ),
            answer=1,
            proof="loop",
            show={"view": PROTOCOL},
            ring="loop",
        ),
        Prediction(
            id="list",
            question="ds = [0, 1, 4, 9, 16, 25], a plain list. What becomes of DataLoader(ds)?",
            choices=(
                Choice(
                    "it works",
                    "A list has __getitem__ and __len__, which is all that the default sampler and the loader ask for.",
                ),
                Choice(
                    "a TypeError",
                    "ds need not be a Dataset: whatever is no IterableDataset counts as map-style, and is asked by index.",
                ),
                Choice(
                    "an AttributeError",
                    "The loader calls len(ds) and ds[i], which a list answers. It needs nothing that only a Dataset has.",
                ),
            ),
            answer=0,
            proof="list",
            show={"view": PROTOCOL, "kind": "list"},
            ring="default",
        ),
        Prediction(
            id="keys",
            question="ds is a dict with the keys a to f, sampler=['c', 'a']. What becomes of the DataLoader?",
            choices=(
                Choice(
                    "a KeyError",
                    "So it is with the default sampler, which asks for 0. This one asks for keys that are there.",
                ),
                Choice(
                    "a TypeError", "An index need not be an integer: the loader passes on whatever the sampler yields."
                ),
                Choice("it works", "The loader passes on whatever the sampler yields to ds.__getitem__."),
            ),
            answer=2,
            proof="keys",
            show={"view": PROTOCOL, "kind": "dict with keys a, b, ..."},
            ring="keys",
        ),
        Prediction(
            id="split",
            question="random_split of 10 samples by [0.33, 0.33, 0.34]: how long are the parts?",
            choices=(
                Choice(
                    "[3, 3, 4]", "As if the largest fraction took the rest. It is dealt out from the first part on."
                ),
                Choice(
                    "[4, 3, 3]", "Each part gets floor(10 * fraction) = 3, and what is left goes to the first part."
                ),
                Choice("[3, 3, 3]", "Nothing is lost: the fractions sum to 1, and so do the parts to 10."),
            ),
            answer=1,
            proof="split",
            show={"view": PATH, "wrapper": "random_split"},
            ring="lengths",
        ),
    ),
    traps=(
        Trap(
            name="A batch by its number",
            sentence="'DataLoader' object is not subscriptable: take next(iter(loader)) for a batch, dataset[0] for a sample.",
            source="https://github.com/NielsRogge/Transformers-Tutorials/issues/118",
            params={"batch_size": 1},
        ),
        Trap(
            name="No __len__",
            sentence="The default samplers ask for len(ds) and raise a TypeError without it; a sampler of your own needs none.",
            source="https://github.com/vahidk/tfrecord/issues/43",
            params={"view": PROTOCOL, "kind": "Dataset without __len__"},
        ),
        Trap(
            name="next(loader)",
            sentence="A DataLoader is an iterable, not an iterator: next(iter(loader)), and each iter() begins a new epoch.",
            source="https://github.com/KarhouTam/SCAFFOLD-PyTorch/issues/2",
            params={"view": PROTOCOL},
        ),
        Trap(
            name="for x in dataset",
            sentence="A loop over the dataset itself ends at an IndexError, not at len(): raise one past the end, or loop over the loader.",
            source="https://github.com/pytorch/pytorch/issues/3636",
            params={"view": PROTOCOL, "kind": "class that is no Dataset"},
        ),
        Trap(
            name="Keys that are not 0, 1, ...",
            sentence="The default samplers ask for 0 to len - 1, whatever the keys of a dict are; give the keys as the sampler.",
            source="https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix/issues/205",
            params={"view": PROTOCOL, "kind": "dict with keys a, b, ..."},
        ),
    ),
)
