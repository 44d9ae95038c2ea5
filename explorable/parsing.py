"""Python's parser, for many threads."""

import ast
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


def tree_of(code: str) -> ast.Module:
    """What `code` is parsed to. Raises SyntaxError."""
    with undisturbed():
        return ast.parse(code)


def value_of(text: str) -> Any:
    """The value that `text` writes. Raises ValueError or SyntaxError if it is no literal."""
    with undisturbed():
        return ast.literal_eval(text)
