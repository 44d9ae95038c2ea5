"""A run where the GPU is lent for a while, or too small: what torch has to know of it."""

from collections.abc import Callable
from typing import Any

import torch

from models.placement import is_cpu_only, on_cpu

FULL = "The GPU's memory was full, so this was computed on the CPU."


def hide_cuda() -> None:
    """For a process whose GPU is lent to its workers alone; `spaces` tells it that there is one, and shows it to them."""
    torch.cuda.is_available = lambda: False


def alone() -> None:
    """For a worker process: the thread pool of torch's operators does not survive a fork."""
    torch.set_num_threads(1)


def or_on_cpu(run: Callable[[Any], Any], params: Any) -> tuple[Any, str]:
    """The Result, and one sentence when the GPU had no room for it and the CPU computed it. Others keep the GPU."""
    try:
        return run(params), ""
    except torch.OutOfMemoryError:
        pass  # what the failed run holds is let go before the next one begins
    torch.cuda.empty_cache()
    return cpu_alone(run, params), FULL


def cpu_alone(run: Callable[[Any], Any], params: Any) -> Any:
    """The Result for a visitor who gets no GPU."""
    with on_cpu():
        if torch.cuda.is_available():  # a lesson's code asks so, in the words of its snippet
            torch.cuda.is_available = _but_on_cpu(torch.cuda.is_available)
        return run(params)


def _but_on_cpu(found: Callable[[], bool]) -> Callable[[], bool]:
    """torch's own answer, and False inside `on_cpu()`. Other threads go on as before."""
    return lambda: not is_cpu_only() and found()
