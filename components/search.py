"""What the search field knows: the words of every lesson, trap and question, and the error texts with where they are raised.

One JSON, loaded when a visitor begins to search; assets/js/search.js looks in it, so what is pasted stays in the browser.
"""

import re
import sys
from collections import defaultdict
from functools import cache
from inspect import getsource
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from components.answer import lesson_of, to_json
from components.asked import WORDS
from components.errors import recorded
from components.site import LESSONS
from explorable.lesson import Lesson
from explorable.params import to_query

PATH = "/explorables/search.json"
COMMON = 6  # a name that more lessons use leads to none of them
_NAME = re.compile(r"[A-Za-z_]\w{2,}")


def index() -> dict[str, Any]:
    """lessons: what is found and how it is opened; names: name -> indices of the few lessons in whose source it stands."""
    return {
        "lessons": [_entry(lesson_of(slug)) for slug in LESSONS],
        "names": _names(),
        "errors": [
            [error.text, number, error.query, error.trap, error.code]
            for number, slug in enumerate(LESSONS)
            for error in recorded().get(slug, [])
        ],
    }


def _entry(lesson: Lesson) -> dict[str, Any]:
    return {
        "slug": lesson.slug,
        "title": lesson.title,
        "about": lesson.truth,
        "asked": WORDS.get(lesson.slug, ""),
        "questions": [
            [asked.id or number, asked.question, " ".join(map(str, asked.choices))]
            for number, asked in enumerate(lesson.predictions, 1)
        ],
        "traps": [
            [trap.name, trap.sentence, to_query(lesson.slug, lesson.Params(**trap.params))] for trap in lesson.traps
        ],
    }


def _names() -> dict[str, list[int]]:
    """The words of a lesson's source, also those within names: BatchNorm1d, batch_norm, batch, norm."""
    places: dict[str, set[int]] = defaultdict(set)
    for number, slug in enumerate(LESSONS):
        for name in _NAME.findall(getsource(sys.modules[f"lessons.{slug}"])):
            for word in {name.lower(), *name.lower().split("_")}:
                places[word].add(number)
    return {word: sorted(found) for word, found in sorted(places.items()) if len(word) > 2 and len(found) <= COMMON}


@cache
def _json() -> bytes:
    return to_json(index())


async def _serve(_: object) -> Response:
    return Response(_json(), media_type="application/json", headers={"Cache-Control": "public, max-age=600"})


def routes() -> list[Route]:
    return [Route(PATH, _serve)]
