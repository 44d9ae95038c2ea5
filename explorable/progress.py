"""How far a long run is: told to whoever watches it, who may also stop it there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from explorable.seeding import giving_way

Watcher = Callable[[int, int, Callable[[], Any] | None], None]  # done, of how many, the Result so far

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


class Cancelled(Exception):
    """Raised out of a run that nobody watches any more."""


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Runs inside the block tell `watcher` how far they are; it raises Cancelled to stop them."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


class Bar:
    """What a program gets in place of tqdm's bar: `for step in tqdm(range(steps)):`, or `tqdm(total=…)` and `update()`.

    One that is disabled, or of a part of a step (`leave=False`), is told to nobody, but others may draw between its steps too.
    """

    def __init__(
        self,
        items: Iterable[Any] = (),
        *,
        total: int | None = None,
        disable: bool = False,
        leave: bool = True,
        so_far: Callable[[], Any] | None = None,
    ) -> None:
        self._silent = disable or not leave
        self._items, self._so_far, self._done = items, so_far, 0
        self._total = len(items) if total is None and isinstance(items, Sequence) else total or 0

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            yield item
            self.update()

    def update(self, n: int = 1) -> None:
        self._done += n
        if self._silent:
            with giving_way():
                return
        tell(self._done, max(self._done, self._total), self._so_far)


def tell(done: int, total: int, so_far: Callable[[], Any] | None = None) -> None:
    """Pass on to who watches, if anybody does, how far a run is that goes on elsewhere."""
    watcher = _watcher.get()
    with giving_way():
        if watcher is not None:
            watcher(done, total, so_far)
