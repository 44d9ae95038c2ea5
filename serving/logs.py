"""Lines in the log for what visitors do wrong: one a second, however many come."""

import logging
import time
from collections.abc import Callable

LOGGERS = (
    "asyncio",
    "uvicorn.error",
)  # those that say a line, or a traceback, for each connection and each bad request


class OneASecond(logging.Filter):
    """Lets one record a second through, which says how many were left out since the last one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock, self._next, self._left_out = clock, 0.0, 0

    def filter(self, record: logging.LogRecord) -> bool:
        if self._clock() < self._next:
            self._left_out += 1
            return False
        if self._left_out:
            record.msg, record.args = f"{record.getMessage()} ({self._left_out} more were left out)", ()
        self._next, self._left_out = self._clock() + 1, 0
        return True


def bound_logs() -> None:
    """For a server that listens: uvicorn has set up its loggers by then."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(OneASecond())
