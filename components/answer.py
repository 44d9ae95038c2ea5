"""Params in, everything the page shows out, computed once for equal Params."""

import gzip
import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from functools import cache, lru_cache
from importlib import import_module
from itertools import pairwise
from threading import Lock
from types import ModuleType
from typing import Any, NamedTuple

from components import CHAPTERS, gpu
from components.kept import Kept
from explorable.lesson import Lesson, Prediction
from explorable.literal import escape_hidden
from explorable.params import BadParam, controls, from_query, in_own_words, not_in_a_link, shorten, to_query
from explorable.progress import Cancelled
from explorable.tape import Operators, OperatorTape
from explorable.wire import plain
from lessons.shipped import damaged


@cache
def _room(room: str, slug: str) -> ModuleType:
    return import_module(f"{room}.{slug}")


def lesson_of(slug: str) -> Lesson:
    """The lesson `lessons/<slug>.py`."""
    return _room("lessons", slug).LESSON


OURS = ("lesson", "hide", "view", "q", "answered")  # names in a link that are no Params
_states = Kept(largest=32_000_000)  # compressed: some 5,000 of them
_operators = Kept(largest=4_000_000)
_openings = Kept(largest=8_000_000)
_slow = Lock()


class Computed(NamedTuple):
    """A run and what is to be said about it."""

    result: Any
    ran: Mapping[int, Operators] | None  # by line: the operators torch dispatched; None where nobody took them down
    notes: list[str]  # where it ran, if not where it was meant to


@lru_cache(maxsize=32)  # few: a Result may hold a visitor's whole file
def computed(slug: str, params: Any) -> Computed:
    """A lesson's run."""
    return _run(slug, params, None)


@lru_cache(maxsize=32)
def taped(slug: str, params: Any) -> Computed:
    """The same with its operators, which takes as long again."""
    return _run(slug, params, lesson_of(slug).program.tape(params))


def _run(slug: str, params: Any, tape: OperatorTape | None) -> Computed:
    lesson = lesson_of(slug)
    try:
        with _slow if lesson.slow else nullcontext(), tape or nullcontext():
            result, note = gpu.run(lesson, params)
    except (BadParam, Cancelled):
        raise
    except Exception as error:
        if not (problems := damaged()):
            raise
        raise BadParam(f"This lesson cannot run here: {' '.join(problems)}") from error
    return Computed(result, tape.by_line if tape else None, [note] if note else [])


def tells_operators(slug: str) -> bool:
    """Whether operators stand beside the lines: not where a run takes seconds, and a button starts it."""
    return not lesson_of(slug).button


def _whole(slug: str, params: Any) -> Computed:
    """A run with the operators, where they are told."""
    return taped(slug, params) if tells_operators(slug) else computed(slug, params)


def words(slug: str, params: Any, done: Computed) -> dict[str, Any]:
    """What a lesson says about these Params: caption, code, link, and where it ran."""
    return {
        "params": asdict(params),
        "caption": caption(slug, params, done.result),
        "details": details(slug, params, done.result),
        "code": lesson_of(slug).snippet(params),
        "cells": _cells(slug, params, None),
        "link": to_query(slug, params),
        "notes": done.notes,
    }


def _cells(slug: str, params: Any, ran: Mapping[int, Operators] | None) -> list[dict[str, Any]]:
    """The program's cells, and beside each line the operators that torch dispatched there: {index: [[name, times], ...]}."""
    return plain(lesson_of(slug).program.cells(params, ran))


def caption(slug: str, params: Any, result: Any) -> str:
    return escape_hidden(lesson_of(slug).caption(params, result))


def details(slug: str, params: Any, result: Any) -> str:
    """What the caption leaves out; "" where a lesson says all of it there."""
    say = lesson_of(slug).details
    return escape_hidden(say(params, result)) if say else ""


def figure(slug: str, params: Any, result: Any) -> dict[str, Any]:
    return _room("figures", slug).draw(params, result)


def picture(slug: str, params: Any, result: Any) -> dict[str, Any]:
    """What is seen of a Result so far."""
    return {"caption": caption(slug, params, result), "figure": figure(slug, params, result)}


def answer(slug: str, params: Any) -> dict[str, Any]:
    """What the API says: `words`, the operators that torch dispatched, and the Result as plain values."""
    done = _whole(slug, params)
    return {**words(slug, params, done), "cells": _cells(slug, params, done.ran), "numbers": plain(done.result)}


def state(slug: str, params: Any) -> dict[str, Any]:
    """What the page shows for these Params: `words`, the figure, and what a link cannot hold."""
    return _state(slug, params, computed(slug, params))


def _state(slug: str, params: Any, done: Computed) -> dict[str, Any]:
    notes = [*done.notes, *not_in_a_link(params).values()]
    return {**words(slug, params, done), "figure": figure(slug, params, done.result), "notes": notes}


def state_json(slug: str, params: Any, run: Callable[[str, Any], Computed] = computed) -> bytes:
    """`state` as JSON without NaN, made once for equal Params; `run`: how, if it must be."""
    return gzip.decompress(state_zip(slug, params, run))


def state_zip(slug: str, params: Any, run: Callable[[str, Any], Computed] = computed) -> bytes:
    """The same compressed, as it is kept and sent."""
    makeshift = False

    def make() -> bytes:
        nonlocal makeshift
        done = run(slug, params)
        makeshift = bool(done.notes)
        return zipped(to_json({"state": _state(slug, params, done)}))

    body = _states.get((slug, params), make)
    if makeshift:  # the GPU was full or refused; the next run may have it
        forget(slug, params)
    return body


def operators_zip(slug: str, params: Any) -> bytes:
    """{"ran": for each cell of the state, index of a line -> [[operator, times], ...]}, compressed. Not for a lesson with a button."""

    def make() -> bytes:
        cells = _cells(slug, params, taped(slug, params).ran)
        return zipped(to_json({"ran": [cell["ran"] for cell in cells]}))

    return _operators.get((slug, params), make)


def kept_operators(slug: str, params: Any) -> bytes | None:
    """What `operators_zip` answers, if it need not compute."""
    return _operators.find((slug, params))


def shown_json(slug: str, params: Any) -> bytes:
    """`state_json` and, but for a lesson with a button, the operators, of one run: JSON."""
    state = state_json(slug, params, _whole)
    return _with_operators(state, operators_zip(slug, params)) if tells_operators(slug) else state


def kept_shown_json(slug: str, params: Any) -> bytes | None:
    """What `shown_json` answers, if it need not compute."""
    state, ran = kept_json(slug, params), kept_operators(slug, params)
    if state is None or not tells_operators(slug):
        return state
    return None if ran is None else _with_operators(state, ran)


def _with_operators(state: bytes, ran: bytes) -> bytes:
    return b"%s,%s" % (gzip.decompress(ran)[:-1], state[1:])


def kept_zip(slug: str, params: Any) -> bytes | None:
    """What `state_zip` answers, if it need not compute."""
    return _states.find((slug, params))


def kept_json(slug: str, params: Any) -> bytes | None:
    """What `state_json` answers, if it need not compute."""
    kept = kept_zip(slug, params)
    return None if kept is None else gzip.decompress(kept)


def zipped(body: bytes) -> bytes:
    return gzip.compress(body, 5, mtime=0)


def pin(slug: str, params: Any) -> None:
    """Keep the state of these Params and its operators, once they are made: what a tab opens with, and the ready examples."""
    for kept in (_states, _operators):
        kept.pin((slug, params))


def forget(slug: str, params: Any) -> None:
    """Let the next run of these Params measure again."""
    for kept in (_states, _operators, _openings):
        kept.forget((slug, params))
    computed.cache_clear()
    taped.cache_clear()


class Opening(NamedTuple):
    """A lesson as a link opens it."""

    body: bytes  # JSON, compressed: `spec`, `state`, `ran`, `notes` on what the link got wrong, and `asked`, see `opening`
    lasting: bool  # whether the same link is always answered with the same


def opening(slug: str, query: Mapping[str, str]) -> Opening:
    """What the page is built from, the first state, and what a link got wrong.

    A lesson with a button that would first have to run opens with the state of its defaults; the page runs `asked`.
    """
    lesson = lesson_of(slug)
    params, notes = linked(lesson, query)
    later = bool(lesson.button) and params != lesson.Params() and kept_zip(slug, params) is None
    shown = lesson.Params() if later else params
    if not notes and not later and (kept := _openings.find((slug, params))) is not None:
        return Opening(kept, True)
    try:
        state = shown_json(slug, shown)
    except BadParam as problem:  # a text that the lesson cannot read, or worker processes that are not to be had now
        state, note = _default_instead(slug, problem)
        notes = [*notes, note]
    lasting = not (notes or later or in_own_words(params)) and kept_zip(slug, params) is not None
    asked = b',"asked":%s' % to_json(asdict(params)) if later else b""
    body = zipped(b'{"spec":%s,"notes":%s%s,%s' % (_spec_json(slug), to_json(notes), asked, state[1:]))
    return Opening(_openings.get((slug, params), lambda: body) if lasting else body, lasting)


def linked(lesson: Lesson, query: Mapping[str, str]) -> tuple[Any, list[str]]:
    """The Params that a link opens, and a sentence for each part of it that is none of the lesson's."""
    params, notes = from_query(lesson.Params, query)
    if not any(name in vars(params) for name in query) and not lesson.button:
        asked = question_of(lesson, query.get("q", ""))
        params = lesson.Params(**asked.show) if asked else lesson.Params()
    return params, notes + _unknown(lesson.slug, params, query)


def question_of(lesson: Lesson, q: str) -> Prediction | None:
    """The question that a link names by its id or its number."""
    numbered = enumerate(lesson.predictions, 1)
    return next((one for number, one in numbered if q in (one.id, str(number))), None)


def _default_instead(slug: str, problem: BadParam) -> tuple[bytes, str]:
    """The state of the defaults, or one without a picture where the lesson cannot run at all; and what is to be said."""
    default = lesson_of(slug).Params()
    try:
        return shown_json(slug, default), f"{problem} The link's values were replaced by the defaults."
    except BadParam as none:
        empty = {"caption": "", "details": "", "code": "", "cells": [], "notes": [], "figure": {"rows": []}}
        return to_json({"state": {**empty, "params": asdict(default), "link": to_query(slug, default)}}), str(none)


def _unknown(slug: str, params: Any, query: Mapping[str, str]) -> list[str]:
    """A sentence for each of the first names in the link that the lesson does not have."""
    return [
        f"{shorten(name)} is not a parameter of {slug}; the link's value was left out."
        for name in query
        if name not in vars(params) and name not in OURS and not name.startswith("__")
    ][:5]


@cache
def _spec_json(slug: str) -> bytes:
    return to_json(_spec(lesson_of(slug)))


def _spec(lesson: Lesson) -> dict[str, Any]:
    """What the page is built from."""
    return {
        "slug": lesson.slug,
        "title": lesson.title,
        "truth": lesson.truth,
        "button": lesson.button,
        "instant": lesson.instant,
        "examples": [asdict(example) for example in lesson.examples],
        "controls": controls(lesson.Params),
        "predictions": [_question(lesson, prediction) for prediction in lesson.predictions],
        "main": lesson.main,
        "next": next(iter(_next_after(lesson.slug)), None),
        "related": [_door(slug) for slug in lesson.related],
        "traps": [asdict(trap) for trap in lesson.traps],
    }


def _question(lesson: Lesson, prediction: Prediction) -> dict[str, Any]:
    """A question; its proof, a program of a few lines, is opened when it has been answered."""
    return {**asdict(prediction), "proof": lesson.program.proof(prediction.proof)}


def _next_after(slug: str) -> list[dict[str, str]]:
    """The lesson that follows in its chapter or in the next one; none after the last."""
    slugs = [slug for chapter in CHAPTERS for slug in chapter.lessons]
    return [_door(after) for before, after in pairwise(slugs) if before == slug]


def _door(slug: str) -> dict[str, str]:
    """How a page leads to another lesson: by its title and its first question."""
    lesson = lesson_of(slug)
    return {"slug": slug, "title": lesson.title, "question": lesson.predictions[0].question}


def to_json(value: Any) -> bytes:
    """Half of a surrogate pair, which UTF-8 cannot hold, is written as JSON escapes it."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode(
        errors="backslashreplace"
    )
