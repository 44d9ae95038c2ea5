"""Tokens along a text: what goes in is seen before the question is answered, and what the model made of it is not."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import clean_page
from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser
FOUND = ".is-answer, .is-start, .is-end"


def test_the_tokens_are_there_before_the_answer_and_stay_where_they_are(browser: Browser, app_url: str):
    with clean_page(browser) as page:
        lesson = LessonOnScreen(page, app_url, "span", asked=True)
        strip = lesson.root.locator("[data-part=hero] .strip")
        before, words = strip.bounding_box(), strip.inner_text()
        assert "haifa" in words and strip.locator(FOUND).count() == 0
        assert not any(
            note
            for note in strip.locator("[data-note]").evaluate_all(
                "all => all.filter((one) => one.dataset.note !== one.textContent)"
            )
        )
        lesson.root.get_by_role("button", name="just show me").click()
        lesson.settle()
        after = strip.bounding_box()
        assert strip.inner_text() == words and strip.locator(FOUND).count() > 0
        assert (after["width"], after["height"]) == (before["width"], before["height"])
