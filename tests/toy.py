"""A program in small, for tests that need a lesson and no text of its own."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from explorable.tape import OperatorTape


def program(run: Callable[[Any], Any]) -> Any:
    """What a lesson asks of its program: `run` runs it, and its text is one line."""
    return SimpleNamespace(
        run=run,
        text=lambda params: "done = 4",
        tape=lambda params: OperatorTape(__file__),
        cells=lambda params, ran: [],
    )
