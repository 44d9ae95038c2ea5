"""torch's default generator is shared by every thread, and Gradio runs handlers in threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from models.alone import alone


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block as if `torch.manual_seed(seed)` stood above it, and leave the generator as it was.

    One block at a time: operators such as F.dropout take no generator of their own.
    """
    with alone, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
