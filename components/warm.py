"""Computes every lesson's first state in the background, so that the first visitor of a tab does not wait for imports."""

import logging
import threading
import time
from typing import Any

from components import gpu
from components.answer import lesson_of, pin, shown_json
from components.site import LESSONS
from explorable.params import BadParam

QUIET = 1.0  # seconds without a question before the next lesson is opened
PATIENCE = 30.0  # and how long it waits for them


class Visits:
    """When somebody asked last. Visitors go first: what they ask for is made when they ask."""

    def __init__(self) -> None:
        self._last = 0.0

    def happen(self) -> None:
        self._last = time.monotonic()

    def wait_for_quiet(self) -> None:
        until = time.monotonic() + PATIENCE
        while (now := time.monotonic()) < min(until, self._last + QUIET):
            time.sleep(min(until, self._last + QUIET) - now)


VISITS = Visits()


def warm() -> threading.Thread:
    """Start the work in a daemon thread, once the page can already be served."""
    thread = threading.Thread(target=_open_every_lesson, name="warm", daemon=True)
    thread.start()
    return thread


def _open_every_lesson() -> None:
    """First what a tab opens with, then the ready examples. Nothing that goes wrong in one lesson keeps the others from it."""
    for slug in LESSONS:
        _open(slug, {})
    for slug in LESSONS:
        for example in lesson_of(slug).examples:
            _open(slug, example.params)


def _open(slug: str, params: dict[str, Any]) -> None:
    VISITS.wait_for_quiet()
    asked = lesson_of(slug).Params(**params)
    pin(slug, asked)
    try:
        with gpu.without_a_visitor():
            shown_json(slug, asked)
    except BadParam as problem:  # the visitor will be told the same
        logging.warning("%s: %s", slug, problem)
    except Exception:  # the other lessons are to be ready all the same
        logging.exception("%s cannot be opened", slug)
