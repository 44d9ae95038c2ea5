"""What must hold of every lesson on screen; a lesson is covered as soon as it stands in a chapter."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from components.site import LESSONS
from tests.browser.lesson_on_screen import LessonOnScreen, first_telling_change

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("slug", LESSONS)]


def test_a_control_changes_picture_caption_code_and_address(page, app_url, slug):
    lesson = LessonOnScreen(page, app_url, slug)
    before = lesson.shown
    lesson.set(*first_telling_change(slug))
    after = lesson.shown
    assert [part for part in before if before[part] == after[part]] == []


def test_a_copied_link_opens_the_same_in_a_new_page(page, app_url, slug, browser):
    lesson = LessonOnScreen(page, app_url, slug)
    lesson.set(*first_telling_change(slug))
    shown = lesson.shown
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        again = LessonOnScreen(context.new_page(), app_url, slug, "&" + shown["address"].partition("?")[2])
        assert {**again.shown, "address": ""} == {**shown, "address": ""}


def test_back_and_forward_step_through_the_states(page, app_url, slug):
    lesson = LessonOnScreen(page, app_url, slug)
    first = lesson.shown
    lesson.set(*first_telling_change(slug))
    second = lesson.shown
    lesson.repaint(page.go_back)
    assert lesson.shown == first
    lesson.repaint(page.go_forward)
    assert lesson.shown == second


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, app_url, slug, theme):
    LessonOnScreen(page, app_url, slug, f"&__theme={theme}")
    found = Axe().run(page).response["violations"]
    grave = [
        (fault["id"], node["html"][:200], node["failureSummary"])
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert grave == []


def test_nothing_overflows_at_360_pixels(page, app_url, slug):
    page.set_viewport_size({"width": 360, "height": 740})
    LessonOnScreen(page, app_url, slug)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_every_prediction_can_be_answered_and_says_why(page, app_url, slug):
    from components.answer import lesson_of

    lesson = LessonOnScreen(page, app_url, slug)
    for prediction in lesson_of(slug).predictions:
        lesson.root.locator(".predict .choices button").first.click()
        assert prediction.why.replace("`", "") in lesson.root.locator(".predict .reply").inner_text()
        lesson.settle()
        lesson.root.locator(".predict .next").click()


def test_every_trap_sets_itself_up(page, app_url, slug):
    from components.answer import lesson_of

    lesson = LessonOnScreen(page, app_url, slug)
    for trap in lesson_of(slug).traps:
        lesson.root.get_by_role("button", name=trap.name, exact=True).click()
        page.wait_for_function("query => location.search.includes(query)", arg=f"lesson={slug}")
        lesson.settle()
    assert lesson.root.locator(".problem").is_hidden()
