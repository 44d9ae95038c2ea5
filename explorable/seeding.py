"""torch's default generator is shared by every thread, and Gradio runs handlers in threads."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from models.alone import alone

_blocks = threading.local()  # states: what the generator is set back to, for each block that this thread is inside of


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block as if `torch.manual_seed(seed)` stood above it, and leave the generator as it was.

    One block at a time: operators such as F.dropout take no generator of their own. A block that tells how far it is lets
    others go between two of its steps.
    """
    with alone:
        _states().append(torch.get_rng_state())
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_rng_state(_states().pop())


@contextmanager
def giving_way() -> Iterator[None]:
    """Inside a `seeded` block: others may draw meanwhile, and this one goes on where its generator stood."""
    if len(_states()) != 1:  # no block, or one inside another, whose turn it is
        yield
        return
    own = torch.get_rng_state()
    torch.set_rng_state(_states().pop())
    alone.release()
    try:
        time.sleep(0.0005)  # a lock that is taken again at once is not seen by those who wait for it
        yield
    finally:
        alone.acquire()
        _states().append(torch.get_rng_state())
        torch.set_rng_state(own)


def _states() -> list[Tensor]:
    if not hasattr(_blocks, "states"):
        _blocks.states = []
    return _blocks.states
