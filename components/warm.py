"""Computes every lesson's first state in the background, so that the first visitor of a tab does not wait for imports."""

import threading

from components.answer import lesson_of, state_json
from components.site import LESSONS


def warm() -> threading.Thread:
    """Start the work in a daemon thread, once the page can already be served."""
    thread = threading.Thread(target=_open_every_lesson, name="warm", daemon=True)
    thread.start()
    return thread


def _open_every_lesson() -> None:
    for slug in LESSONS:
        state_json(slug, lesson_of(slug).Params())
