# %% parameters
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, TensorDataset

sample: str = "TensorDataset"  # what dataset[i] returns
batch_size: int | None = 100
collate_fn: str = "default_collate"


class Point(NamedTuple):
    x: Tensor
    label: int


def dict_of_lists(samples: list[dict]) -> dict:
    return {key: [sample[key] for sample in samples] for key in samples[0].keys()}


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


torch.manual_seed(0)
dataset: Any
if sample == "TensorDataset":
    dataset = TensorDataset(torch.randn(100, 10))
elif sample == "tensor":
    dataset = [torch.full((3,), float(i)) for i in range(100)]
elif sample == "tensor (1, T)":
    dataset = [torch.arange(i, i + 6).unsqueeze(0) for i in range(100)]  # as a tokenizer with return_tensors="pt"
elif sample == "numpy array":
    dataset = [torch.full((3,), float(i), dtype=torch.float64).numpy() for i in range(100)]
elif sample == "int":
    dataset = list(range(100))
elif sample == "float":
    dataset = [i / 10 for i in range(100)]
elif sample == "1 first, then 2.5":
    dataset = [1, 2.5] * 50
elif sample == "2.5 first, then 1":
    dataset = [2.5, 1] * 50
elif sample == "str":
    dataset = [f"line {i}" for i in range(100)]
elif sample == "tuple (x, label)":
    dataset = [(torch.full((3,), float(i)), i % 2, f"line {i}") for i in range(100)]
elif sample == "list of 3 floats":
    dataset = [[i + 0.0, i + 0.1, i + 0.2] for i in range(100)]
elif sample == "lists of unequal length":
    dataset = [list(range(1 + i % 3)) for i in range(100)]
elif sample == "tensors of unequal length":
    dataset = [torch.arange(1 + i % 3) for i in range(100)]
elif sample == "dict":
    dataset = [{"x": torch.full((3,), float(i)), "label": i % 2} for i in range(100)]
elif sample == "dicts with other keys":
    dataset = [{"x": float(i), "label": i} if i != 1 else {"x": float(i), "extra": i} for i in range(100)]
elif sample == "nested":
    dataset = [
        {"x": (torch.full((2, 3), float(i)), f"line {i}"), "spans": {"start": i, "end": i + 2}} for i in range(100)
    ]
elif sample == "NamedTuple":
    dataset = [Point(torch.full((3,), float(i)), i % 2) for i in range(100)]
elif sample == "None":
    dataset = [None for i in range(100)]
elif sample == "set":
    dataset = [{i} for i in range(100)]
else:
    ids, mask = torch.randint(3, 60, (100, 1, 6)), torch.ones(1, 6, dtype=torch.int64)
    dataset = [{"text": {"input_ids": ids[i], "attention_mask": mask}} for i in range(100)]
sample_tree = tree(dataset[0], "dataset[0]")
next_trees = [tree(dataset[i], f"dataset[{i}]") for i in range(1, min(3, batch_size or 1))]  # of the batch

collate: Callable[[list[Any]], Any] | None
if collate_fn == "default_collate":
    collate = None  # DataLoader then takes default_collate, and default_convert for batch_size=None
elif collate_fn == "list":
    collate = list
elif collate_fn == "pad_sequence":
    collate = partial(pad_sequence, batch_first=True)
else:
    collate = dict_of_lists

by_size = dict[str, list[tuple] | str]()
for size in (None, 1, 2, 100):
    try:
        first = next(iter(DataLoader(dataset, batch_size=size, collate_fn=collate)))
        by_size[str(size)] = tree(first, "batch")
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as refused:
        by_size[str(size)] = f"{type(refused).__name__}: {refused}"

# %% collate makes one batch of the samples
loader = DataLoader(dataset, batch_size=batch_size, collate_fn=collate)
batch = next(iter(loader))

# %% what is in the batch
batch_tree = tree(batch, "batch")
length = len(loader)
if sample == "QAModel text":
    items = iter(batch["text"])  # as a QAModel does that answers one question after the other
    loop = []
    for item in items:
        try:
            loop.append(f"{type(item).__name__} with items {', '.join(key for key, value in item.items())}")
        except AttributeError as refused:
            loop.append(f"{type(item).__name__} {item!r} -> AttributeError: {refused}")

# %% print
for depth, name, kind, described, value in batch_tree:
    print("  " * depth, name, kind, described, value)

# %% proof: a TensorDataset
x = torch.zeros(100, 10)
batch = next(iter(DataLoader(TensorDataset(x), batch_size=100)))
print(type(batch).__name__, "of", len(batch), type(batch[0]).__name__)

# %% proof: floats
batch = next(iter(DataLoader([1.0, 2.5], batch_size=2)))
print(type(batch).__name__, str(batch.dtype).removeprefix("torch."))

# %% proof: lists of floats
batch = next(iter(DataLoader([[0.0, 0.1, 0.2]] * 4, batch_size=4)))
print(type(batch).__name__, "of", len(batch), type(batch[0]).__name__)

# %% proof: the loop
samples = [{"text": {"input_ids": torch.ones(1, 6)}}] * 2
batch = next(iter(DataLoader(samples, batch_size=2)))
print("key strings" if all(isinstance(item, str) for item in batch["text"]) else "dicts")

# %% proof: an int first
batch = next(iter(DataLoader([1, 2.5], batch_size=2)))
print(type(batch).__name__, str(batch.dtype).removeprefix("torch."))
