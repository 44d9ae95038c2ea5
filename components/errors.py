"""The error texts that the lessons raise, kept with their numbers blanked, so that a pasted one finds the Params that raise it.

assets/data/errors.json is made by running every trap and corner once: `make errors`.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from components import gpu
from components.answer import computed, figure
from explorable.wire import plain

FILE = Path(__file__).parent.parent / "assets" / "data" / "errors.json"
LONGEST = 300  # characters of a text; its beginning says which one it is
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning|Interrupt)(?:: \S|$)")
_NUMBER = re.compile(r"(?<![A-Za-z_])\d+(?:\.\d+)?(?:e[-+]?\d+)?")


class Raised(NamedTuple):
    """An error text and where it is raised."""

    text: str  # numbers blanked
    query: str  # the link that raises it live, "lesson=stack&n=1"
    trap: str  # the name of the trap that this is, or ""
    code: str = ""  # of a text that no Params raise: the line that does, and the query opens the lesson


def raised_at(slug: str, params: Any) -> list[str]:
    """The error texts in the Result and in the picture for these Params, blanked, each once."""
    with gpu.without_a_visitor():
        result = computed(slug, params).result
    shown = [*_texts(plain(result)), *_texts(figure(slug, params, result))]
    return list(dict.fromkeys(blanked(text[found.start() :]) for text in shown if (found := _ERROR.search(text))))


def blanked(text: str) -> str:
    """The text without its numbers, and without the traceback that a worker process puts behind it."""
    return _NUMBER.sub("#", " ".join(text.split("Original Traceback")[0].split()))[:LONGEST]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


@cache
def recorded() -> dict[str, list[Raised]]:
    """By lesson, what `make errors` found."""
    return {slug: [Raised(*entry) for entry in found] for slug, found in json.loads(FILE.read_text("utf-8")).items()}


def write(found: dict[str, list[Raised]]) -> None:
    """One text a line, so that a difference can be read."""
    lessons = (
        f"{json.dumps(slug)}: [\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n]"
        for slug, entries in found.items()
        if entries
    )
    FILE.write_text("{\n" + ",\n".join(lessons) + "\n}\n", "utf-8")
    recorded.cache_clear()
