"""A Result as plain JSON values, for the API: tensors become shape, dtype, device and nested lists."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor

AS_IT_IS = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Any:
    """The value with only dict, list, str, int, float, bool and None; NaN and infinities become text."""
    kind = type(value)
    if kind in AS_IT_IS:  # most of what there is; asked for first, because a state has thousands of values
        return value
    if kind is dict:
        return {str(key): plain(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return _tensor(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (str, int)):
        return value
    return str(value)  # torch.dtype, torch.Size and the like


def _tensor(tensor: Tensor) -> dict[str, Any]:
    values = tensor.detach().tolist()
    return {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "device": str(tensor.device),
        "values": values if tensor.isfinite().all() else plain(values),
    }
