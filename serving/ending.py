"""SIGTERM and SIGINT: asked to end, the process stops taking runs, lets go of those under way, and exits with 0."""

import os
import signal
import time
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ending:
    """Whether this process was asked to end. Handlers are set for both signals, because process 1 has none by default.

    Before `serve` there is nothing to let go of, so a signal ends the process at once; so does a second one later.
    """

    def __init__(self) -> None:
        self.asked = False
        self._serving = False
        self._process = 0

    def listen(self) -> None:
        """For the main thread."""
        self._process = os.getpid()
        for number in SIGNALS:
            signal.signal(number, self._hear)

    def serve(self) -> None:
        """From now on requests may be under way."""
        self._serving = True

    def wait(self) -> None:
        """Return when the process is asked to end."""
        while not self.asked:
            time.sleep(0.1)

    def _hear(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._process:  # a forked worker
            os._exit(128 + number)
        if not self._serving or self.asked:
            os._exit(1 if self.asked else 0)
        self.asked = True


ENDING = Ending()
