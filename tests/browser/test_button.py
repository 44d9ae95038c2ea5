"""A lesson with a button on screen: nothing runs before it is pressed, a run shows how far it is, and it can be cancelled."""

import pytest

from components.answer import lesson_of
from components.site import LESSONS
from tests.browser.lesson_on_screen import LessonOnScreen, first_telling_change

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("slug", [slug for slug in LESSONS if lesson_of(slug).button]),
]


def change(lesson: LessonOnScreen) -> None:
    """Change a control that waits for the button, without pressing it."""
    param, value = first_telling_change(lesson.slug, lesson_of(lesson.slug).instant)
    lesson._operate(lesson.root.locator(f'[data-param="{param.name}"]'), param, value)


def test_a_change_waits_for_the_button(page, app_url, slug):
    lesson = LessonOnScreen(page, app_url, slug)
    before = lesson.shown
    change(lesson)
    assert lesson.shown == before
    assert "press" in lesson.root.locator(".run-line").inner_text()
    lesson.repaint(lesson.root.locator("button.run").click)
    assert lesson.shown["picture"] != before["picture"]
    assert lesson.root.locator(".run-line").inner_text() == ""


def test_a_pressed_button_shows_progress_within_a_frame_and_a_cancelled_run_leaves_the_picture_before(
    page, app_url, slug
):
    lesson = LessonOnScreen(page, app_url, slug)
    before = lesson.shown
    change(lesson)
    page.route("**/explorables/run/**", lambda route: None)  # a run that has no end
    lesson.root.locator("button.run").click()
    assert lesson.root.locator("progress").is_visible()
    lesson.root.get_by_role("button", name="cancel").click()
    lesson.settle()
    assert lesson.root.locator("progress").is_hidden()
    assert lesson.shown == before


def test_a_lost_connection_is_one_sentence_and_what_was_set_is_kept(page, app_url, slug):
    lesson = LessonOnScreen(page, app_url, slug)
    change(lesson)
    page.route("**/explorables/run/**", lambda route: route.fulfill(body="", content_type="text/event-stream"))
    values = lesson.root.locator(".controls :is(input, select, textarea)").evaluate_all(
        "all => all.map(one => [one.value, one.checked])"
    )
    lesson.root.locator("button.run").click()
    lesson.settle()
    assert "connection was lost" in lesson.root.locator(".problem").inner_text()
    assert (
        lesson.root.locator(".controls :is(input, select, textarea)").evaluate_all(
            "all => all.map(one => [one.value, one.checked])"
        )
        == values
    )


def test_the_newest_of_two_presses_is_the_one_that_is_answered(page, app_url, slug):
    lesson = LessonOnScreen(page, app_url, slug)
    change(lesson)
    page.evaluate(
        "slug => { const press = document.querySelector(`[data-lesson=${slug}] button.run`); press.click(); press.click(); }",
        slug,
    )
    lesson.settle()
    assert lesson.root.locator(".problem").is_hidden()
    assert lesson.root.locator(".run-line").inner_text() == ""


def test_on_a_phone_the_answer_comes_into_view(page, app_url, slug):
    page.set_viewport_size({"width": 360, "height": 740})
    lesson = LessonOnScreen(page, app_url, slug)
    lesson.repaint(lesson.root.locator("button.run").click)
    page.wait_for_function(
        "slug => document.querySelector(`[data-lesson=${slug}] .hero`).getBoundingClientRect().top < innerHeight / 2",
        arg=slug,
    )
