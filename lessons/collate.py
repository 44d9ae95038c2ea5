"""What __getitem__ returns decides the type of a batch: collate keeps the sample's tree and batches each leaf; batch_size never does."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, TensorDataset

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.seeding import seeded
from lessons.source import snippet_of

HEADER = """\
import torch
from functools import partial
from typing import Any, NamedTuple
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, TensorDataset
"""
Sample = Literal[
    "TensorDataset", "tensor", "tensor (1, T)", "numpy array", "int", "float", "1 first, then 2.5", "2.5 first, then 1", "str",
    "tuple (x, label)", "list of 3 floats", "lists of unequal length", "tensors of unequal length", "dict", "dicts with other keys",
    "nested", "NamedTuple", "None", "set", "QAModel text",
]  # fmt: skip


@dataclass(frozen=True)
class Params:
    sample: Sample = choice("TensorDataset", about="what dataset[i] returns; there are 100 of them")
    batch_size: int | None = bounded(100, low=1, high=100, step=1, about="None: no batching, one sample at a time")
    collate_fn: Literal["default_collate", "list", "pad_sequence", "dict of lists"] = choice(
        "default_collate", about="list of samples -> batch"
    )


@dataclass(frozen=True)
class Result:
    sample_tree: list[tuple]  # dataset[0]
    by_size: dict[str, list[tuple] | str]  # batch_size None, 1, 2, 100 -> the first batch, or what torch said
    batch_tree: list[tuple] | None  # the first batch, None where collate refuses
    length: int | None  # len(loader): batches in an epoch
    loop: list[str] | None  # QAModel only: what its loop over batch["text"] meets
    error: str | None  # what torch said when it refused


class Point(NamedTuple):
    x: Tensor
    label: int


def tree(value: Any, name: str, depth: int = 0) -> list[tuple]:
    """A row for the value and, indented, one for each thing in it: depth, name, type, dtype and shape, value."""
    node = (depth, name, type(value).__name__, facts(value), content(value))
    return [node] + [row for key, child in children(value) for row in tree(child, key, depth + 1)]


def children(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(repr(key), child) for key, child in value.items()]
    if hasattr(value, "_asdict"):  # a NamedTuple
        return [(f".{key}", child) for key, child in value._asdict().items()]
    if isinstance(value, (list, tuple)) and not all(isinstance(child, str) for child in value):
        return [(f"[{i}]", child) for i, child in enumerate(value[:3])]
    return []


def facts(value: Any) -> str:
    if hasattr(value, "dtype"):  # a tensor, a NumPy array or a NumPy number
        return f"{value.dtype} {tuple(value.shape)}".removeprefix("torch.")
    return f"len {len(value)}" if hasattr(value, "__len__") and not isinstance(value, str) else ""


def content(value: Any) -> str:
    if hasattr(value, "dtype"):
        numbers = value.reshape(-1).tolist()
        return ", ".join(f"{number:.4g}" for number in numbers[:4]) + (", …" if len(numbers) > 4 else "")
    if isinstance(value, (list, tuple)):
        texts = [repr(child) for child in value[:3]] if all(isinstance(child, str) for child in value) else []
        return ", ".join(texts) + (", …" if len(value) > 3 else "")
    return "" if isinstance(value, dict) else repr(value)


def attempt(dataset: Any, batch_size: int | None, collate: Any) -> list[tuple] | str:
    """The tree of the first batch, or what torch says when it refuses."""
    try:
        return tree(next(iter(DataLoader(dataset, batch_size=batch_size, collate_fn=collate))), "batch")
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def dict_of_lists(samples: list[dict]) -> dict:
    return {key: [sample[key] for sample in samples] for key in samples[0].keys()}


def qa_loop(batch: Any) -> list[str]:
    """The notes' loop, one line for each item: what it is, and whether item.items() works."""
    met = []
    for item in batch["text"]:
        try:
            met.append(f"{type(item).__name__} with items {', '.join(key for key, value in item.items())}")
        except AttributeError as error:
            met.append(f"{type(item).__name__} {item!r} -> AttributeError: {error}")
    return met


def inputs(sample: str, collate_fn: str) -> tuple[Any, Any, list[tuple], dict[str, list[tuple] | str]]:  # noqa: C901, PLR0915 shown by branch
    if sample == "TensorDataset":
        dataset = TensorDataset(torch.randn(100, 10))
    if sample == "tensor":
        dataset = [torch.full((3,), float(i)) for i in range(100)]
    if sample == "tensor (1, T)":
        dataset = [torch.arange(i, i + 6).unsqueeze(0) for i in range(100)]  # as a tokenizer with return_tensors="pt"
    if sample == "numpy array":
        dataset = [torch.full((3,), float(i), dtype=torch.float64).numpy() for i in range(100)]
    if sample == "int":
        dataset = list(range(100))
    if sample == "float":
        dataset = [i / 10 for i in range(100)]
    if sample == "1 first, then 2.5":
        dataset = [1, 2.5] * 50
    if sample == "2.5 first, then 1":
        dataset = [2.5, 1] * 50
    if sample == "str":
        dataset = [f"line {i}" for i in range(100)]
    if sample == "tuple (x, label)":
        dataset = [(torch.full((3,), float(i)), i % 2, f"line {i}") for i in range(100)]
    if sample == "list of 3 floats":
        dataset = [[i + 0.0, i + 0.1, i + 0.2] for i in range(100)]
    if sample == "lists of unequal length":
        dataset = [list(range(1 + i % 3)) for i in range(100)]
    if sample == "tensors of unequal length":
        dataset = [torch.arange(1 + i % 3) for i in range(100)]
    if sample == "dict":
        dataset = [{"x": torch.full((3,), float(i)), "label": i % 2} for i in range(100)]
    if sample == "dicts with other keys":
        dataset = [{"x": float(i), "label": i} if i != 1 else {"x": float(i), "extra": i} for i in range(100)]
    if sample == "nested":
        dataset = [
            {"x": (torch.full((2, 3), float(i)), f"line {i}"), "spans": {"start": i, "end": i + 2}} for i in range(100)
        ]
    if sample == "NamedTuple":
        dataset = [Point(torch.full((3,), float(i)), i % 2) for i in range(100)]
    if sample == "None":
        dataset = [None for i in range(100)]
    if sample == "set":
        dataset = [{i} for i in range(100)]
    if sample == "QAModel text":
        ids, mask = torch.randint(3, 60, (100, 1, 6)), torch.ones(1, 6, dtype=torch.int64)
        dataset = [{"text": {"input_ids": ids[i], "attention_mask": mask}} for i in range(100)]

    if collate_fn == "default_collate":
        collate = None  # DataLoader then takes default_collate, and default_convert for batch_size=None
    if collate_fn == "list":
        collate = list
    if collate_fn == "pad_sequence":
        collate = partial(pad_sequence, batch_first=True)
    if collate_fn == "dict of lists":
        collate = dict_of_lists
    sample_tree = tree(dataset[0], "dataset[0]")
    by_size = {}
    for size in (None, 1, 2, 100):
        by_size[str(size)] = attempt(dataset, size, collate)
    return dataset, collate, sample_tree, by_size


def batched(dataset: Any, collate: Any, batch_size: int | None) -> tuple[Any, list[tuple], int]:
    loader = DataLoader(dataset, batch_size=batch_size, collate_fn=collate)
    batch = next(iter(loader))
    batch_tree = tree(batch, "batch")
    length = len(loader)
    return batch, batch_tree, length


def looped(batch: Any) -> list[str]:
    loop = qa_loop(batch)
    return loop


def run(params: Params) -> Result:
    batch_tree, length, loop, error = None, None, None, None
    with seeded(0):
        dataset, collate, sample_tree, by_size = inputs(params.sample, params.collate_fn)
        try:
            batch, batch_tree, length = batched(dataset, collate, params.batch_size)
            loop = looped(batch) if params.sample == "QAModel text" else None
        except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as refused:
            error = f"{type(refused).__name__}: {refused}"
    return Result(sample_tree, by_size, batch_tree, length, loop, error)


def snippet(params: Params) -> str:
    values = {"sample": params.sample, "collate_fn": params.collate_fn}
    helpers: list[Any] = [Point, facts, content, children, tree, attempt, dict_of_lists]
    code = snippet_of(inputs, values, seed=0, also=helpers, header=HEADER)
    code += snippet_of(batched, {"batch_size": params.batch_size}, header="")
    return code + (snippet_of(looped, {}, also=[qa_loop], header="") if params.sample == "QAModel text" else "")


def caption(params: Params, result: Result) -> str:
    sample = f"dataset[0] is of type {_kind(*result.sample_tree[0][2:4])}"
    if result.batch_tree is None:
        return f"{sample}. {params.collate_fn} refuses a list of {params.batch_size or 'one'} of them: {result.error}"
    batch = result.batch_tree
    inside = "; ".join(f"{name} {_kind(kind, facts)}" for depth, name, kind, facts, _ in batch[1:4] if depth == 1)
    types = {size: found[0][2] if isinstance(found, list) else "an error" for size, found in result.by_size.items()}
    always = ", ".join(f"{kind} for {size}" for size, kind in types.items())
    return (
        f"{sample}, the batch of type {_kind(*batch[0][2:4])}{f': {inside}' if inside else ''}. An epoch has "
        f"{result.length} batch{'' if result.length == 1 else 'es'}. The type of a batch by batch_size: {always}.{_met(result)}"
    )


def _kind(name: str, facts: str) -> str:
    return f"{name} ({facts})" if facts.startswith("len") else f"{name} {facts}".strip()


def _met(result: Result) -> str:
    if result.error:
        return f' The loop over batch["text"] cannot start: {result.error}'
    return f' The loop over batch["text"] first meets {result.loop[0]}.' if result.loop else ""


LESSON = Lesson(
    slug="collate",
    title="What a batch is",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="x has shape (100, 10). What is a batch of DataLoader(TensorDataset(x), batch_size=10)?",
            choices=("a list of 1 Tensor", "a Tensor", "a tuple of 10 Tensors"),
            answer=0,
            why="TensorDataset returns 1-tuples, and collate turns tuples into a list with one entry for each of their places.",
            proof="(lambda batch: f'a {type(batch).__name__} of {len(batch)} Tensor')(next(iter(torch.utils.data.DataLoader("
            "torch.utils.data.TensorDataset(torch.zeros(100, 10)), batch_size=10))))",
            show={"batch_size": 10},
        ),
        Prediction(
            question="Samples are Python floats. What is the dtype of the batch?",
            choices=("torch.float32", "torch.float64"),
            answer=1,
            why="A Python float has 64 bits, and collate keeps them. A float32 model then refuses the batch.",
            proof="torch.utils.data.default_collate([1.0, 2.5]).dtype",
            show={"sample": "float"},
        ),
        Prediction(
            question="Samples are lists of 3 floats, batch_size=4. What is the batch?",
            choices=("one tensor (4, 3)", "a list of 4 lists", "a list of 3 tensors (4,)"),
            answer=2,
            why="A list is read as a tuple of columns: collate transposes it and batches each place. Return a tensor to get (4, 3).",
            proof="(lambda batch: f'a list of {len(batch)} tensors {tuple(batch[0].shape)}')(torch.utils.data.default_collate([[1.0, 2.0, 3.0]] * 4))",
            show={"sample": "list of 3 floats", "batch_size": 4},
        ),
        Prediction(
            question='Samples are {"text": {"input_ids": ...}}. What does `for item in batch["text"]` yield?',
            choices=("dicts", "tensors", "key strings"),
            answer=2,
            why="default_collate merges the list of dicts into one dict, and looping over a dict yields its keys.",
            proof="{str: 'key strings', dict: 'dicts'}[type([*torch.utils.data.default_collate([{'text': {'input_ids': torch.ones(3)}}] * 2)['text']][0])]",
            show={"sample": "QAModel text", "batch_size": 2},
        ),
        Prediction(
            question="The first two samples are 1 and 2.5, in this order. What is the dtype of the batch?",
            choices=("torch.int64", "torch.float32", "torch.float64"),
            answer=1,
            why="The first sample picks the rule: an int calls torch.tensor(batch), which makes float32; a float first would ask for float64.",
            proof="torch.utils.data.default_collate([1, 2.5]).dtype",
            show={"sample": "1 first, then 2.5", "batch_size": 2},
        ),
    ),
    traps=(
        Trap(
            name="batch['text'] is one dict",
            sentence="The QAModel loops over items, but default_collate merged them; a collate_fn that keeps the list makes the loop work.",
            source="https://github.com/pytorch/pytorch/issues/23141",
            params={"sample": "QAModel text", "batch_size": 2},
        ),
        Trap(
            name="A None in the dataset",
            sentence="A __getitem__ that forgets to return, or a failed download, gives None, and collate has no rule for it.",
            source="https://github.com/Megvii-BaseDetection/YOLOX/issues/1523",
            params={"sample": "None"},
        ),
        Trap(
            name="Lists of unequal length",
            sentence="Unpadded lists cannot be transposed into columns; pad them in a collate_fn.",
            source="https://github.com/pytorch/pytorch/issues/42654",
            params={"sample": "lists of unequal length", "batch_size": 4},
        ),
        Trap(
            name="Floats become float64",
            sentence="The batch is float64 while the weights are float32; return torch.tensor(x) from __getitem__ instead.",
            source="https://github.com/pytorch/pytorch/issues/69446",
            params={"sample": "float"},
        ),
        Trap(
            name="A list is transposed",
            sentence="[x, y, z] as a sample does not become a row of a tensor: you get three column tensors.",
            source="https://github.com/pytorch/pytorch/issues/50272",
            params={"sample": "list of 3 floats", "batch_size": 4},
        ),
    ),
)
