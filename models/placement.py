"""Whether this computation must do without the GPU that the process has."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_cpu_only: ContextVar[bool] = ContextVar("cpu_only", default=False)


@contextmanager
def on_cpu() -> Iterator[None]:
    """Models that are asked for inside the block are on the CPU; other threads go on as before."""
    token = _cpu_only.set(True)
    try:
        yield
    finally:
        _cpu_only.reset(token)


def is_cpu_only() -> bool:
    return _cpu_only.get()
