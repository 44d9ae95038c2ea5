"""What must hold of every lesson on screen; a lesson is covered as soon as it stands in a chapter.

One page is opened for each lesson; the tests of that lesson share it, and none relies on what another left.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from components.answer import lesson_of
from components.site import LESSONS
from tests.browser.conftest import clean_page
from tests.browser.lesson_on_screen import LessonOnScreen, first_telling_change

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=LESSONS)
def opened(request, browser: Browser, app_url: str) -> Iterator[LessonOnScreen]:
    with clean_page(browser) as page:
        yield LessonOnScreen(page, app_url, request.param)


@pytest.fixture(scope="module")
def history(opened: LessonOnScreen) -> dict[str, dict[str, str]]:
    """What is on screen as the lesson opens, after a control was changed, one step back, and forward again."""
    shown = {"first": opened.shown}
    opened.set(*first_telling_change(opened.slug))
    shown["changed"] = opened.shown
    opened.repaint(opened.page.go_back)
    shown["back"] = opened.shown
    opened.repaint(opened.page.go_forward)
    shown["forward"] = opened.shown
    return shown


def test_a_control_changes_picture_caption_code_and_address(history):
    first, changed = history["first"], history["changed"]
    assert [part for part in first if first[part] == changed[part]] == []


def test_back_and_forward_step_through_the_states(history):
    assert history["back"] == history["first"]
    assert history["forward"] == history["changed"]


def test_a_copied_link_opens_the_same(history, opened, app_url):
    changed = history["changed"]
    again = LessonOnScreen(opened.page, app_url, opened.slug, "&" + changed["address"].partition("?")[2])
    assert {**again.shown, "address": ""} == {**changed, "address": ""}


def test_nothing_overflows_at_360_pixels(opened):
    opened.page.set_viewport_size({"width": 360, "height": 740})
    opened.settle()
    width = opened.page.evaluate("document.documentElement.scrollWidth")
    opened.page.set_viewport_size({"width": 1280, "height": 800})
    assert width <= 360


def test_every_ready_example_sets_itself_up(opened):
    for example in lesson_of(opened.slug).examples:
        opened.root.get_by_label("Ready examples").select_option(label=example.name)
        opened.settle()
        assert opened.root.locator(".problem").is_hidden(), example.name
        for name, value in example.params.items():
            control = opened.root.locator(f'[data-param="{name}"] :is(textarea, input[type=text])')
            assert not control.count() or control.input_value() == value
