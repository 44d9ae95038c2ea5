"""Where models run, and in which dtype."""

from __future__ import annotations

import os

import torch

from models.placement import is_cpu_only

VARIABLE = "TORCH_EXPLORABLES_DEVICE"


def choose_device() -> torch.device:
    """The cpu inside `on_cpu()`; else what the operator set in TORCH_EXPLORABLES_DEVICE, else cuda, else mps, else cpu.

    Raises ValueError when the variable names no device of this machine.
    """
    if is_cpu_only():
        return torch.device("cpu")
    wanted = os.environ.get(VARIABLE, "").strip().lower()
    if not wanted:
        return torch.device(_present()[0])
    kind = wanted.partition(":")[0]
    if kind not in _present():
        raise ValueError(f"{VARIABLE} is {wanted!r}; this machine has {', '.join(_present())}.")
    return _indexed(wanted)


def dtype_on(device: torch.device) -> torch.dtype:
    """float32 on a CPU. On a GPU float16: half the memory, and as exact as the shipped weights."""
    return torch.float32 if device.type == "cpu" else torch.float16


def _present() -> list[str]:
    """The kinds of device of this machine, best first."""
    has = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    return [kind for kind, here in has.items() if here]


def _indexed(wanted: str) -> torch.device:
    """`cuda:1` and the like, checked against the number of devices."""
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise ValueError(f"{VARIABLE} is {wanted!r}, which names no device.") from None
    count = torch.cuda.device_count() if device.type == "cuda" else 1
    if (device.index or 0) >= count:
        raise ValueError(f"{VARIABLE} is {wanted!r}; the highest index is {count - 1}.")
    return device
