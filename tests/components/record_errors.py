"""`make errors`: run every trap and corner of the lessons once, and keep the error texts. `make errors ONLY=stack` renews one."""

import os
import sys
from collections.abc import Iterator
from typing import Any

from components.answer import lesson_of
from components.errors import FILE, Raised, blanked, raised_at, recorded, write
from components.site import LESSONS
from explorable.lesson import Lesson
from explorable.params import BadParam, to_query
from lessons.mistakes import MISTAKES, Mistake, code_of
from tests.corners import some_corners

SLOW = {"dropout_reset", "padding_effect", "device", "workers", "train_mode_answers"}  # a corner takes seconds there


def found_in(lesson: Lesson) -> list[Raised]:
    """Each text once, where it is raised first: by a trap if by any."""
    texts: dict[str, Raised] = {}
    for name, params in _tried(lesson):
        try:
            for text in raised_at(lesson.slug, params):
                texts.setdefault(text, Raised(text, to_query(lesson.slug, params), name))
        except BadParam:
            continue  # a text that the lesson refuses
    for mistake in MISTAKES.get(lesson.slug, ()):
        text = blanked(text_of(mistake))
        texts.setdefault(text, Raised(text, f"lesson={lesson.slug}", "", code_of(mistake)))
    return list(texts.values())


def text_of(mistake: Mistake) -> str:
    """What torch says of it, as the last line of a traceback does."""
    try:
        mistake()
    except BaseException as error:  # a panic of the tokenizers is no Exception
        return f"{type(error).__name__}: {error}"
    raise AssertionError(f"{code_of(mistake)} raises nothing")


def _tried(lesson: Lesson) -> Iterator[tuple[str, Any]]:
    """(trap or "", Params)."""
    yield from ((trap.name, lesson.Params(**trap.params)) for trap in lesson.traps)
    yield from (("", lesson.Params(**question.show)) for question in lesson.predictions)
    if not lesson.button and lesson.slug not in SLOW:
        yield from (("", params) for params in some_corners(lesson))


def main(only: list[str]) -> None:
    found = recorded() if FILE.exists() else {}
    for slug in only or LESSONS:
        found = {**found, slug: found_in(lesson_of(slug))}
        print(f"{slug}: {len(found[slug])}", file=sys.stderr)
        write({slug: found.get(slug, []) for slug in LESSONS})


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main(sys.argv[1:])
