"""Answers kept in memory: made once even when asked for twice at once, and bounded together in bytes."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager


class Kept:
    """The answers asked for last, at most `largest` bytes with their keys; one of a quarter of that is not kept."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._answers: OrderedDict[Hashable, tuple[bytes, int]] = OrderedDict()  # and the bytes they take
        self._pinned: set[Hashable] = set()
        self._bytes = 0
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._wanted: Counter[Hashable] = Counter()  # threads that make an answer or wait for it

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The answer to `key`, made if there is none. What `make` raises goes to its caller; the next one tries again."""
        with self._turn(key):
            found = self.find(key)
            return self._keep(key, make()) if found is None else found

    def find(self, key: Hashable) -> bytes | None:
        with self._lock:
            if key not in self._answers:
                return None
            self._answers.move_to_end(key)
            return self._answers[key][0]

    def pin(self, key: Hashable) -> None:
        """Keep the answer to `key`, whatever else is asked for."""
        with self._lock:
            self._pinned.add(key)

    def forget(self, key: Hashable) -> None:
        with self._lock:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        self._bytes -= self._answers.pop(key, (b"", 0))[1]

    def _keep(self, key: Hashable, answer: bytes) -> bytes:
        weight = len(answer) + len(repr(key))
        if weight * 4 <= self._largest:
            with self._lock:
                self._drop(key)
                self._answers[key] = answer, weight
                self._bytes += weight
                while self._bytes > self._largest and (oldest := self._oldest()) is not None:
                    self._drop(oldest)
        return answer

    def _oldest(self) -> Hashable | None:
        return next((key for key in self._answers if key not in self._pinned), None)

    @contextmanager
    def _turn(self, key: Hashable) -> Iterator[None]:
        """One thread at a time for one key; its lock goes with the last that wants it."""
        with self._lock:
            self._wanted[key] += 1
            making = self._making.setdefault(key, threading.Lock())
        try:
            with making:
                yield
        finally:
            with self._lock:
                self._wanted[key] -= 1
                if not self._wanted[key]:
                    del self._wanted[key], self._making[key]
