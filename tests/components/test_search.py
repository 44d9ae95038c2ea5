"""What the search knows is what the lessons say and raise now."""

import re
from urllib.parse import parse_qsl

import pytest

from components.answer import lesson_of
from components.asked import WORDS
from components.errors import FILE, Raised, blanked, raised_at, recorded
from components.search import index
from components.site import LESSONS
from explorable.params import BadParam, from_query
from lessons.mistakes import MISTAKES, code_of
from tests.components.record_errors import text_of

STALE = "assets/data/errors.json is not what the lessons raise now: run `make errors` (`make errors ONLY={0}` renews {0} alone)."


def test_every_lesson_trap_and_question_can_be_found():
    for slug, entry in zip(LESSONS, index()["lessons"], strict=True):
        lesson = lesson_of(slug)
        assert [trap[0] for trap in entry["traps"]] == [trap.name for trap in lesson.traps]
        assert [question[1] for question in entry["questions"]] == [asked.question for asked in lesson.predictions]


def test_the_file_is_small_and_every_entry_is_of_a_lesson():
    assert FILE.stat().st_size < 200_000
    assert set(recorded()) <= set(LESSONS) and set(WORDS) <= set(LESSONS) and set(MISTAKES) <= set(LESSONS)


def test_the_file_names_no_folder_of_the_machine_that_made_it():
    assert "/work/" not in FILE.read_text() and "site-packages" not in FILE.read_text()


def raised_live(slug: str) -> dict[str, list[Raised]]:
    """By link, the entries of a lesson that its own Params raise."""
    links: dict[str, list[Raised]] = {}
    for entry in recorded().get(slug, []):
        if not entry.code:
            links.setdefault(entry.query, []).append(entry)
    return links


@pytest.mark.parametrize("slug", [slug for slug in LESSONS if not lesson_of(slug).button])
def test_what_a_trap_raises_is_in_the_file(slug):
    """A lesson whose runs take seconds is held by the next test alone."""
    texts = {entry.text for entry in recorded().get(slug, [])}
    for trap in lesson_of(slug).traps:
        assert set(raised_at(slug, lesson_of(slug).Params(**trap.params))) <= texts, STALE.format(slug)


@pytest.mark.parametrize("slug", LESSONS)
def test_what_is_in_the_file_is_raised_where_it_says(slug):
    links = list(raised_live(slug).items())
    for query, entries in links[:: max(1, len(links) // 12)]:  # a dozen of them
        params, notes = from_query(lesson_of(slug).Params, _read(query))
        try:
            found = raised_at(slug, params)
        except BadParam:
            found = []
        assert not notes and {entry.text for entry in entries} <= set(found), STALE.format(slug)


def _read(query: str) -> dict[str, str]:
    return {name: value for name, value in parse_qsl(query, keep_blank_values=True) if name != "lesson"}


@pytest.mark.parametrize("slug", MISTAKES)
def test_each_mistake_raises_what_the_file_says(slug):
    texts = [in_any_order(entry.text) for entry in recorded().get(slug, [])]
    for mistake in MISTAKES[slug]:
        assert in_any_order(blanked(text_of(mistake))) in texts, f"{code_of(mistake)}: {STALE.format(slug)}"


def in_any_order(text: str) -> list[str]:
    """The words of an error, as one that prints a set of names has them in another order in each process."""
    return sorted(re.findall(r"[\w#]+", text))


def test_numbers_are_blanked_and_names_are_not():
    assert blanked("mat1 and mat2: 4x3,\n got 1.5e-3 (2D)") == "mat1 and mat2: #x3, got # (#D)"
