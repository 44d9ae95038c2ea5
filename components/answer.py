"""Params in, everything the page shows out, computed once for equal Params."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache, lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from lessons.lesson import Lesson
from lessons.params import BadParam, controls, from_query, shorten, to_query
from lessons.tape import OperatorTape
from lessons.wire import plain


@cache
def _room(room: str, slug: str) -> ModuleType:
    return import_module(f"{room}.{slug}")


def lesson_of(slug: str) -> Lesson:
    """The lesson `lessons/<slug>.py`."""
    return _room("lessons", slug).LESSON


@lru_cache(maxsize=256)
def computed(slug: str, params: Any) -> tuple[Any, list[Any]]:
    """The Result, and for each line of the lesson the operators torch dispatched: [[line, [[name, times], ...]], ...]."""
    with OperatorTape(_room("lessons", slug).__file__ or "") as tape:
        result = lesson_of(slug).run(params)
    return result, plain([(line.source, line.operators) for line in tape.lines])


def words(slug: str, params: Any) -> dict[str, Any]:
    """What a lesson says about these Params: caption, code, operators and link."""
    lesson = lesson_of(slug)
    result, ran = computed(slug, params)
    return {
        "params": asdict(params),
        "caption": lesson.caption(params, result),
        "code": lesson.snippet(params),
        "ran": ran,
        "link": to_query(slug, params),
    }


def numbers(slug: str, params: Any) -> dict[str, Any]:
    """The Result as plain values: the API's answer beside `words`."""
    return plain(computed(slug, params)[0])


def state(slug: str, params: Any, notes: list[str] | None = None) -> dict[str, Any]:
    """What the page shows for these Params: `words`, the figure, and what a link got wrong."""
    picture = _room("figures", slug).draw(params, computed(slug, params)[0])
    return {**words(slug, params), "figure": picture, "notes": notes or []}


@lru_cache(maxsize=512)
def state_json(slug: str, params: Any) -> bytes:
    """`state` as the body of a response; JSON without NaN."""
    return to_json({"state": state(slug, params)})


def opening(slug: str, query: Mapping[str, str]) -> dict[str, Any]:
    """A lesson as a link opens it: what the page is built from, and the first state."""
    lesson = lesson_of(slug)
    params, notes = from_query(lesson.Params, query)
    notes += [
        f"{shorten(name)} is not a parameter of {slug}; the link's value was left out."
        for name in query
        if name not in vars(params) and name not in ("lesson", "hide") and not name.startswith("__")
    ][:5]
    try:
        shown = state(slug, params, notes)
    except BadParam as problem:  # worker processes are not to be had now
        shown = state(slug, lesson.Params(), [*notes, f"{problem} The link's values were replaced by the defaults."])
    spec = {
        "slug": slug,
        "title": lesson.title,
        "truth": lesson.truth,
        "controls": controls(lesson.Params),
        "predictions": [
            {key: value for key, value in asdict(prediction).items() if key != "proof"}
            for prediction in lesson.predictions
        ],
        "traps": [asdict(trap) for trap in lesson.traps],
    }
    return {"spec": spec, "state": shown}


def to_json(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
