"""torch's default generator is shared by every thread, and Gradio runs handlers in threads."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_lock = threading.RLock()
# A worker process forked while another thread is inside an operator may inherit a lock that nobody releases: forks wait.
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block as if `torch.manual_seed(seed)` stood above it, and leave the generator as it was.

    One block at a time: operators such as F.dropout take no generator of their own.
    """
    with _lock, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
