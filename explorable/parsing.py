"""Python's parser, for many threads."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_parsing = threading.RLock()


@contextmanager
def undisturbed() -> Iterator[None]:
    """One thread at a time, and no garbage collection.

    Until Python 3.12 `ast` counts its recursion for the whole process: another thread, or a finaliser that runs in between,
    makes it raise "SystemError: AST constructor recursion depth mismatch".
    """
    with _parsing:
        collecting = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collecting:
                gc.enable()
