"""From GRACE's `batch["text"]`, a list of items, to one rectangle of tensors."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

IGNORED = -100  # cross_entropy's default ignore_index
KEYS = ("input_ids", "attention_mask", "labels")

Item = Mapping[str, Tensor]  # tensors of shape (S,) or (1, S)
Batch = Mapping[str, Sequence[Item]]


def collate(batch: Batch, pad_token_id: int) -> dict[str, Tensor]:
    """Pad the items on the right: `input_ids` and `attention_mask` (N, S), perhaps `labels` (N, T).

    Raises TypeError when an item is no dict of tensors, and ValueError when there is no item, a
    shape is wrong, or only some items have labels.
    """
    items = [_item(index, item) for index, item in enumerate(_items(batch))]
    inputs = {
        "input_ids": _pad([item["input_ids"] for item in items], pad_token_id),
        "attention_mask": _pad([item["attention_mask"] for item in items], 0),
    }
    if any("labels" in item for item in items):
        inputs["labels"] = labels_of(batch)
    return inputs


def labels_of(batch: Batch) -> Tensor:
    """Labels (N, T) of all items, padded with -100; ValueError when an item has none."""
    items = [_item(index, item) for index, item in enumerate(_items(batch))]
    without = [index for index, item in enumerate(items) if "labels" not in item]
    if without:
        raise ValueError(f"batch['text'][{without[0]}] has no labels: give them to every item or to none.")
    return _pad([item["labels"] for item in items], IGNORED)


def _items(batch: Batch) -> Sequence[Item]:
    """`batch["text"]`, which must be a list: default_collate would make one dict of its items."""
    items = batch["text"]
    if not isinstance(items, (list, tuple)):
        raise TypeError(f"batch['text'] must be a list of items, not {type(items).__name__}.")
    if not items:
        raise ValueError("batch['text'] is empty.")
    return items


def _item(index: int, item: Item) -> dict[str, Tensor]:
    """The item with 1-D tensors and a mask."""
    where = f"batch['text'][{index}]"
    if not isinstance(item, Mapping) or not all(isinstance(v, Tensor) for v in item.values()):
        raise TypeError(f"{where} must be a dict of tensors, not {type(item).__name__}.")
    if "input_ids" not in item or not item.keys() <= set(KEYS):
        raise ValueError(f"{where} has the keys {sorted(item)}; read are {', '.join(KEYS)}.")
    flat = {key: _flat(f"{where}[{key!r}]", tensor) for key, tensor in item.items()}
    mask = flat.setdefault("attention_mask", torch.ones_like(flat["input_ids"]))
    if mask.shape != flat["input_ids"].shape:
        raise ValueError(f"{where}: attention_mask and input_ids differ in length.")
    return flat


def _flat(where: str, tensor: Tensor) -> Tensor:
    """(S,) from (S,) or (1, S)."""
    if tensor.dim() == 2 and tensor.shape[0] == 1:
        tensor = tensor[0]
    if tensor.dim() != 1 or not len(tensor):
        raise ValueError(f"{where} has shape {tuple(tensor.shape)}; one question is (S,) or (1, S).")
    return tensor


def _pad(rows: list[Tensor], value: int) -> Tensor:
    """(N, longest), filled with `value` on the right."""
    return pad_sequence(rows, batch_first=True, padding_value=value)
