"""Laws of a page: one clear thing on the first screen, a fair question, traps beside it."""

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import pytest
from playwright.sync_api import Browser

from components.answer import lesson_of
from components.site import LESSONS
from tests.browser.conftest import clean_page
from tests.browser.lesson_on_screen import LessonOnScreen
from tests.browser.walk import Walk

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=LESSONS)
def walk(request, browser: Browser, app_url: str) -> Iterator[Walk]:
    with clean_page(browser) as page:
        yield Walk(LessonOnScreen(page, app_url, request.param, asked=True)).go()


@pytest.fixture
def slug(walk: Walk) -> str:
    return walk.lesson.slug


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1024, 768)])
def test_the_first_screen_holds_question_choices_picture_caption_and_controls(walk, width, height):
    for name, box in walk.screens[width, height].boxes.items():
        assert box["height"] > 0 and box["y"] >= 0 and box["y"] + box["height"] <= height, name
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, name


def test_on_a_phone_the_picture_begins_early_and_stands_before_the_controls(walk):
    boxes = walk.screens[390, 844].boxes
    assert boxes["hero"]["y"] < 320
    assert boxes["hero"]["y"] + boxes["hero"]["height"] <= boxes["controls"]["y"]


def test_nothing_scrolls_sideways_and_nothing_of_the_picture_is_cut_off(walk):
    for (width, _), screen in walk.screens.items():
        assert screen.width <= width and screen.cut == [], width


def test_with_its_folds_closed_a_page_is_two_screens(walk):
    assert walk.height <= 1700


def test_no_type_of_the_picture_is_too_small_to_be_read(walk):
    assert walk.type_sizes["page"] >= 12
    assert walk.type_sizes["present"] >= 22


def test_no_part_of_the_page_answers_a_question_before_it_is_asked(walk, slug):
    for prediction, asked in zip(lesson_of(slug).predictions, walk.asked, strict=True):
        assert asked.headline == plain(prediction.question)
        assert asked.veiled
        for words in asked.before:
            found = re.search(rf"(?<![\w.,-]){re.escape(prediction.right.text)}(?!\w)", words)
            seen = words[max(0, found.start() - 60) :][:120] if found else ""
            assert not found, f"{prediction.question} {prediction.right.text!r} is seen before the answer, in: {seen}"


def test_the_picture_is_as_large_while_it_is_veiled_and_stays_where_it_is(walk):
    before, after = walk.asked[0].heroes
    assert abs(after["height"] - before["height"]) <= 2
    assert abs(after["y"] - before["y"]) <= MORE_REPLY


MORE_REPLY = 50  # px: a wrong choice has a reply beside the right one's, which the page keeps room for


def test_answering_rings_what_decides_it_and_replies_to_the_choice(walk, slug):
    for prediction, asked in zip(lesson_of(slug).predictions, walk.asked, strict=True):
        wrong = prediction.choices[(prediction.answer + 1) % len(prediction.choices)]
        assert asked.ring == prediction.right.text, prediction.question
        for said in (wrong.reply, prediction.right.reply, prediction.right.text):
            assert plain(said) in asked.reply
        assert asked.truth and not asked.veiled_after


def test_what_was_answered_is_remembered_with_how_sure_the_visitor_was(walk, slug):
    for prediction in lesson_of(slug).predictions:
        kept = walk.memory[f"{slug}.{prediction.id}"]
        assert kept["choice"] == (prediction.answer + 1) % len(prediction.choices)
        assert kept["right"] is False and kept["sure"] is False and kept["at"] > 0


def test_the_end_of_a_lesson_is_a_score_and_what_was_missed(walk, slug):
    assert f"0 of {len(walk.asked)} right" in walk.end
    assert all(plain(prediction.question) in walk.end for prediction in lesson_of(slug).predictions)


def test_a_trap_stands_over_the_picture_with_what_it_changed_and_where_it_is_from(walk, slug):
    defaults = vars(lesson_of(slug).Params())
    for trap, seen in zip(lesson_of(slug).traps, walk.traps, strict=True):
        assert plain(trap.sentence) in seen.words and seen.source == trap.source
        for name, value in trap.params.items():
            if value != defaults[name]:  # an empty text takes no room in HTML
                assert " ".join(f"{name} {difference(defaults[name], value)}".split()) in seen.words
        assert 0 <= seen.pinned["y"] and seen.pinned["y"] + seen.pinned["height"] <= seen.hero["y"] + 1
        assert seen.hero["y"] + min(seen.hero["height"], 240) <= 800


def test_axe_finds_nothing_serious_however_the_page_stands(walk):
    assert [state for state, found in walk.grave.items() if found] == [], walk.grave


def test_a_reload_asks_nothing_that_was_answered_and_a_question_may_be_linked_to(walk, slug, browser, app_url):
    page = walk.lesson.page
    page.goto(f"{app_url}?lesson={slug}")
    walk.lesson.settle()
    assert not walk.lesson.root.locator("[data-veiled]").count()
    page.evaluate("localStorage.clear()")
    last = lesson_of(slug).predictions[-1]
    page.goto(f"{app_url}?lesson={slug}&q={last.id}")
    walk.lesson.settle()
    assert walk.part("question").inner_text() == plain(last.question)
    assert walk.lesson.root.locator("[data-veiled]").count()
    steps_end_at_the_answer_and_begin_at_the_first(walk)


def steps_end_at_the_answer_and_begin_at_the_first(walk: Walk) -> None:
    root, scrub = walk.lesson.root, walk.part("hero").locator("input[data-scrub]")
    for button, shown in (("just show me", "max"), ("reset", "min")):
        root.get_by_role("button", name=button).click()
        walk.lesson.settle()
        if scrub.count() and scrub.is_visible():
            at, last = scrub.get_attribute(shown), int(scrub.get_attribute("max")) + 1
            assert scrub.input_value() == at
            assert scrub.get_attribute("aria-valuetext").startswith(f"{int(at) + 1} of {last}: ")


def plain(text: str) -> str:
    """As it stands on the page: without the marks of code."""
    return text.replace("`", "")


def difference(before: Any, after: Any) -> str:
    """As the page writes a change: of texts with several lines the first line that differs."""
    lines = zip_longest(written(before).split("\n"), written(after).split("\n"), fillvalue="")
    return " → ".join(next(pair for pair in lines if pair[0] != pair[1]))


def written(value: Any) -> str:
    """As JavaScript writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)
