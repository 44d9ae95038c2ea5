"""Computes every lesson's first state in the background, so that the first visitor of a tab does not wait for imports."""

import logging
import threading
from typing import Any

from components import gpu
from components.answer import lesson_of, pin, state_json
from components.site import LESSONS
from explorable.params import BadParam


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
    asked = lesson_of(slug).Params(**params)
    pin(slug, asked)
    try:
        with gpu.without_a_visitor():
            state_json(slug, asked)
    except BadParam as problem:  # the visitor will be told the same
        logging.warning("%s: %s", slug, problem)
    except Exception:  # the other lessons are to be ready all the same
        logging.exception("%s cannot be opened", slug)
