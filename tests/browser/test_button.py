"""A lesson with a button on screen: nothing runs before it is pressed, a run shows how far it is, and it can be cancelled."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from components.answer import lesson_of
from components.site import LESSONS
from tests.browser.conftest import clean_page
from tests.browser.lesson_on_screen import LessonOnScreen, first_telling_change

pytestmark = pytest.mark.browser
# The pauses before the page asks again take a twentieth of their time.
HURRY = "window.patient = setTimeout; window.setTimeout = (act, pause) => patient(act, pause / 20)"


@pytest.fixture(scope="module", params=[slug for slug in LESSONS if lesson_of(slug).button])
def opened(request, browser: Browser, app_url: str) -> Iterator[LessonOnScreen]:
    with clean_page(browser) as page:
        yield LessonOnScreen(page, app_url, request.param)


@pytest.fixture
def fresh(opened: LessonOnScreen) -> Iterator[LessonOnScreen]:
    """As it was opened: every server is asked, and every control is at its default."""
    yield opened
    opened.page.unroute_all()
    opened.page.evaluate("window.setTimeout = window.patient ?? setTimeout")
    opened.page.set_viewport_size({"width": 1280, "height": 800})
    opened.root.get_by_role("button", name="reset").click()
    opened.settle()


def change(lesson: LessonOnScreen) -> None:
    """Change a control that waits for the button, without pressing it."""
    param, value = first_telling_change(lesson.slug, lesson_of(lesson.slug).instant)
    lesson._operate(lesson.root.locator(f'[data-param="{param.name}"]'), param, value)


def test_a_change_waits_for_the_button(fresh):
    before = fresh.shown
    change(fresh)
    assert fresh.shown == before
    assert "press" in fresh.root.locator(".run-line").inner_text()
    fresh.repaint(fresh.root.locator("button.run").click)
    assert fresh.shown["picture"] != before["picture"]
    assert fresh.root.locator(".run-line").inner_text() == ""


def test_a_pressed_button_shows_progress_within_a_frame_and_a_cancelled_run_leaves_the_picture_before(fresh):
    before = fresh.shown
    change(fresh)
    fresh.page.route("**/explorables/ask/**", lambda route: None)  # a run that has no end
    fresh.root.locator("button.run").click()
    assert fresh.root.locator("progress").is_visible()
    fresh.root.get_by_role("button", name="cancel").click()
    fresh.settle()
    assert fresh.root.locator("progress").is_hidden()
    assert fresh.shown == before


def test_a_lost_connection_is_one_sentence_and_what_was_set_is_kept(fresh):
    change(fresh)
    fresh.page.route("**/explorables/ask/**", lambda route: route.fulfill(body="", content_type="text/event-stream"))
    values = fresh.root.locator(".controls :is(input, select, textarea)").evaluate_all(
        "all => all.map(one => [one.value, one.checked])"
    )
    fresh.page.evaluate(HURRY)
    fresh.root.locator("button.run").click()
    fresh.settle()
    assert "connection was lost" in fresh.root.locator(".problem").inner_text()
    assert (
        fresh.root.locator(".controls :is(input, select, textarea)").evaluate_all(
            "all => all.map(one => [one.value, one.checked])"
        )
        == values
    )


def test_the_newest_of_two_presses_is_the_one_that_is_answered(fresh):
    change(fresh)
    fresh.page.evaluate(
        "slug => { const press = document.querySelector(`[data-lesson=${slug}] button.run`); press.click(); press.click(); }",
        fresh.slug,
    )
    fresh.settle()
    assert fresh.root.locator(".problem").is_hidden()
    assert fresh.root.locator(".run-line").inner_text() == ""


def test_on_a_phone_the_answer_comes_into_view(fresh):
    fresh.page.set_viewport_size({"width": 360, "height": 740})
    fresh.repaint(fresh.root.locator("button.run").click)
    fresh.page.wait_for_function(
        "slug => document.querySelector(`[data-lesson=${slug}] .hero`).getBoundingClientRect().top < innerHeight / 2",
        arg=fresh.slug,
    )
