"""Laws of a page: one clear thing on the first screen, a fair question, traps beside it. A lesson is covered once it is converted."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from components.answer import lesson_of
from components.site import LESSONS
from tests.browser.conftest import clean_page
from tests.browser.lesson_on_screen import LessonOnScreen
from tests.corners import is_converted

CONVERTED = [slug for slug in LESSONS if is_converted(lesson_of(slug))]
FIRST_SCREEN = ("question", "choices", "hero", "caption", "controls")
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("slug", CONVERTED)]


@pytest.fixture
def newcomer(browser: Browser, app_url: str) -> Any:
    """Opens a lesson in a browser that remembers nothing."""

    @contextmanager
    def opened(slug: str, query: str = "", width: int = 1280, height: int = 800) -> Iterator[LessonOnScreen]:
        with clean_page(browser, width, height) as page:
            yield LessonOnScreen(page, app_url, slug, query, asked=True)

    return opened


def part(lesson: LessonOnScreen, name: str) -> Any:
    return lesson.root.locator(f"[data-part={name}]")


def box(lesson: LessonOnScreen, name: str) -> dict[str, float]:
    return part(lesson, name).bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0}


def nothing_scrolls_sideways(lesson: LessonOnScreen, width: int) -> None:
    """Nor is anything of the picture cut off, in the page or in a scroller of its own."""
    assert lesson.page.evaluate("document.documentElement.scrollWidth") <= width
    cut = """hero => [hero, ...hero.querySelectorAll("*")].filter(one => one.scrollWidth > one.clientWidth + 1
        && one.clientWidth && getComputedStyle(one).overflowX !== "visible" && !one.matches(".for-ears, input")).map(one => one.className)"""
    assert part(lesson, "hero").evaluate(cut) == []


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1024, 768)])
def test_the_first_screen_holds_question_choices_picture_caption_and_controls(newcomer, slug, width, height):
    with newcomer(slug, "", width, height) as lesson:
        for name in FIRST_SCREEN:
            found = box(lesson, name)
            assert found["height"] > 0 and found["y"] >= 0 and found["y"] + found["height"] <= height, name
            assert found["x"] >= 0 and found["x"] + found["width"] <= width, name
        nothing_scrolls_sideways(lesson, width)


def test_on_a_phone_the_picture_begins_early_and_stands_before_the_controls(newcomer, slug):
    with newcomer(slug, "", 390, 844) as lesson:
        assert box(lesson, "hero")["y"] < 320
        assert box(lesson, "hero")["y"] + box(lesson, "hero")["height"] <= box(lesson, "controls")["y"]
        nothing_scrolls_sideways(lesson, 390)


def test_with_its_folds_closed_a_page_is_two_screens(newcomer, slug):
    with newcomer(slug, "&answered=1") as lesson:
        assert lesson.page.evaluate("document.documentElement.scrollHeight") <= 1700


SMALLEST = """hero => Math.min(...[...hero.querySelectorAll("*")].filter(one => one.checkVisibility() && !one.closest(".for-ears")
    && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(one => parseFloat(getComputedStyle(one).fontSize) * (one.currentCSSZoom ?? 1) * (one.getCTM?.()?.a ?? 1)))"""


@pytest.mark.parametrize(("query", "least"), [("&answered=1", 11.9), ("&answered=1&view=present", 21.9)])
def test_no_type_of_the_picture_is_too_small_to_be_read(newcomer, slug, query, least):
    with newcomer(slug, query) as lesson:
        if "present" in query:
            lesson.page.wait_for_function("document.documentElement.dataset.view === 'present'")
        assert part(lesson, "hero").evaluate(SMALLEST) >= least


VISIBLE = """root => [...root.querySelectorAll("[data-part]:not([data-part=question], [data-part=choices], [data-part=controls]),
        .truth, .details, .pinned, .controls :is(.name, label, .about)")]
    .filter(one => one.checkVisibility()).map(one => one.innerText).join("\\n")"""
SPOKEN = """root => [...root.querySelectorAll("[aria-label], [title], [data-note]")].filter(one => !one.closest(".choices, .controls") && one.checkVisibility())
    .map(one => [one.ariaLabel, one.title, one.dataset.note].join(" ")).join("\\n")"""


def test_no_part_of_the_page_answers_a_question_before_it_is_asked(newcomer, slug):
    for prediction in lesson_of(slug).predictions:
        with newcomer(slug, f"&q={prediction.id}") as lesson:
            assert part(lesson, "question").inner_text() == prediction.question.replace("`", "")
            assert lesson.root.locator("[data-veiled]").count()
            for words in (lesson.root.evaluate(VISIBLE), lesson.root.evaluate(SPOKEN)):
                given_away = re.search(rf"(?<![\w.,-]){re.escape(prediction.right.text)}(?!\w)", words)
                assert not given_away, f"{prediction.question} ... {words[max(0, given_away.start() - 60) :][:120]}"


def test_answering_shows_the_case_rings_what_decides_it_and_replies_to_the_choice(newcomer, slug):
    predictions = lesson_of(slug).predictions
    for prediction in predictions:
        wrong = (prediction.answer + 1) % len(prediction.choices)
        with newcomer(slug, f"&q={prediction.id}") as lesson:
            lesson.root.locator(".answers > button").nth(wrong).click()
            ringed = part(lesson, "hero").locator("[data-ring]")
            ringed.wait_for(timeout=60_000)
            lesson.settle()
            assert ringed.get_attribute("data-ring") == prediction.right.text, prediction.question
            reply = lesson.root.locator(".reply").inner_text()
            for said in (prediction.choices[wrong].reply, prediction.right.reply, prediction.right.text):
                assert said.replace("`", "") in reply
            assert not lesson.root.locator("[data-veiled]").count() and lesson.root.locator(".truth").is_visible()


def test_what_was_answered_is_remembered_and_the_next_question_is_asked(newcomer, slug):
    first, second = lesson_of(slug).predictions[:2]
    with newcomer(slug) as lesson:
        lesson.root.get_by_role("button", name="guessing").click()
        lesson.root.locator(".answers > button").nth(first.answer).click()
        lesson.settle()
        kept = lesson.page.evaluate("JSON.parse(localStorage['torch-explorables']).answers")[f"{slug}.{first.id}"]
        assert (kept["choice"], kept["right"], kept["sure"]) == (first.answer, True, False)
        lesson.page.goto(lesson.page.url.split("?")[0] + f"?lesson={slug}")
        lesson.settle()
        assert part(lesson, "question").inner_text() == second.question.replace("`", "")
        assert lesson.root.locator("[data-veiled]").count()


def test_the_end_of_a_lesson_is_a_score_what_was_missed_and_a_way_on(newcomer, slug):
    predictions = lesson_of(slug).predictions
    with newcomer(slug) as lesson:
        for number, prediction in enumerate(predictions):
            chosen = prediction.answer if number else (prediction.answer + 1) % len(prediction.choices)
            lesson.root.locator(".answers > button").nth(chosen).click()
            lesson.settle()
            if number < len(predictions) - 1:
                lesson.root.locator(".reply .go").click()
                lesson.settle()
        words = part(lesson, "next").inner_text()
        assert f"{len(predictions) - 1} of {len(predictions)} right" in words
        assert predictions[0].question.replace("`", "") in words
        assert part(lesson, "next").get_by_role("link").count()


def test_a_trap_stands_over_the_picture_with_what_it_changed_and_where_it_is_from(newcomer, slug):
    defaults = vars(lesson_of(slug).Params())
    for trap in lesson_of(slug).traps:
        with newcomer(slug) as lesson:
            lesson.root.get_by_role("button", name=trap.name, exact=True).click()
            lesson.settle()
            pinned = lesson.root.locator(".pinned")
            assert trap.sentence.replace("`", "") in pinned.inner_text()
            for name, value in trap.params.items():
                assert (
                    value == defaults[name]
                    or f"{name} {written(defaults[name])} → {written(value)}" in pinned.inner_text()
                )
            assert pinned.get_by_role("link").get_attribute("href") == trap.source
            top, picture = pinned.bounding_box(), box(lesson, "hero")
            assert (
                0 <= top["y"]
                and top["y"] + top["height"] <= picture["y"] + 1
                and picture["y"] + min(picture["height"], 240) <= 800
            )
            assert not lesson.root.locator("[data-veiled]").count()


def written(value: Any) -> str:
    """As JavaScript writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_steps_begin_at_the_first_one_and_a_screen_reader_hears_how_far_they_are(newcomer, slug):
    with newcomer(slug, "&answered=1") as lesson:
        if (scrub := part(lesson, "hero").locator("input[data-scrub]")).count() and scrub.is_visible():
            last = int(scrub.get_attribute("max")) + 1
            assert scrub.input_value() == "0" and scrub.get_attribute("aria-valuetext").startswith(f"1 of {last}")
            lesson.root.get_by_role("button", name="one step on").click()
            assert scrub.get_attribute("aria-valuetext").startswith(f"2 of {last}")


@pytest.mark.parametrize("query", ["", "&answered=1", "&view=present"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(newcomer, slug, query, theme):
    with newcomer(slug, f"{query}&__theme={theme}") as lesson:
        if not query:
            lesson.root.locator(".answers > button").first.click()
            lesson.settle()
        found = Axe().run(lesson.page).response["violations"]
        grave = [
            (fault["id"], node["html"][:200])
            for fault in found
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]
        assert grave == []


def test_share_makes_links_that_open_what_they_say(newcomer, slug, browser, app_url):
    with newcomer(slug) as lesson:
        lesson.root.get_by_role("button", name="Share").click()
        dialog = lesson.root.get_by_role("dialog")
        address = dialog.get_by_label("link", exact=True)
        assert address.input_value().endswith(f"?lesson={slug}&q={lesson_of(slug).predictions[0].id}")
        dialog.get_by_label("as a question").uncheck()
        dialog.get_by_label("without the traps").check()
        shared = address.input_value()
        assert "<iframe" in dialog.get_by_label("frame for another page").input_value()
        assert dialog.get_by_role("img", name="QR code").locator("path").get_attribute("d").count("M") > 200
    with newcomer(slug, f"&{shared.partition('&')[2]}") as lesson:
        assert not lesson.root.locator("[data-veiled]").count() and part(lesson, "traps").is_hidden()
