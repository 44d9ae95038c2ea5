"""Runs with worker processes: one at a time, and none of its processes outlives it."""

import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

from explorable.params import BadParam

_turn = threading.Semaphore(1)


class Unavailable(BadParam):
    """One sentence: why these Params have no Result now. Unlike a Result it is never cached, so it can be tried again."""


@contextmanager
def worker_processes(wait: float = 0) -> Iterator[None]:
    """A block that may start processes; give its DataLoader a `timeout`, which bounds the wait for each batch.

    wait: seconds to let another such block end. Raises Unavailable when one is under way still, when the host
    starts no process, and when the workers do not answer.
    """
    if not _turn.acquire(timeout=wait):
        raise Unavailable("Another run with worker processes is under way; try again in a few seconds.")
    with suppress(ImportError):  # a worker seeds NumPy; to import it in a forked child is not safe
        import_module("numpy.random")
    before = set(multiprocessing.active_children())
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise Unavailable(f"This host did not complete the run with worker processes ({reason}).") from None
    finally:
        for child in set(multiprocessing.active_children()) - before:
            child.kill()
            child.join()
        _turn.release()
