"""What torch ran: the operators that were really dispatched, beside the line of the program that caused them."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

Operators = tuple[tuple[str, int], ...]  # (name such as "aten.bernoulli_.float", times), in order of first use


class OperatorTape(TorchDispatchMode):
    """Records every operator below `with OperatorTape(path) as tape:` by the line of the file, or compiled text, `path`.

    The mode is thread-local, so one visitor's tape never sees another visitor's operators.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._path = str(path)
        self._counts: dict[int, dict[int, list[Any]]] = defaultdict(dict)  # by line and id: an operator, and its times
        self._outside: FrameType | None = None  # what stands around the block

    def __enter__(self) -> "OperatorTape":
        self._outside = sys._getframe(1)
        return super().__enter__()

    def __exit__(self, *raised: Any) -> None:
        self._outside = None
        super().__exit__(*raised)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """torch would import its compiler (two seconds) only to keep it away from this mode; nothing here is compiled."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        counts = self._counts[self._calling_line()]
        if (
            seen := counts.get(id(func))
        ) is None:  # torch keeps each operator, and hashing one takes as long as running it
            counts[id(func)] = [func, 1]
        else:
            seen[1] += 1
        return func(*args, **(kwargs or {}))

    def _calling_line(self) -> int:
        """The line of the outermost frame of the file: the one that is shown."""
        line, frame = 0, sys._getframe(2)
        path, outside = self._path, self._outside
        while frame is not None and frame is not outside:
            if frame.f_code.co_filename == path:
                line = frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return line

    @property
    def by_line(self) -> dict[int, Operators]:
        """Number of the line -> its operators; those that no line of the file caused are at 0.

        torch's own marks for its profiler, such as the beginning of an optimizer's step, are left out: they compute nothing.
        """
        ran = {
            number: tuple((str(func), times) for func, times in counts.values() if func.namespace != "profiler")
            for number, counts in self._counts.items()
        }
        return {number: operators for number, operators in ran.items() if operators}


@contextmanager
def off_the_tape() -> Iterator[None]:
    """Around what is made once for all visitors: else it would stand on the tape of the first one, and on no other."""
    with _disable_current_modes():
        yield
