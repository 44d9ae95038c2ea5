"""The numbers in the cells of a grid."""

import pytest

from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("slug", "place", "signed"), [("span", 1, True), ("padding_effect", 1, False)])
def test_a_sign_stands_only_before_what_may_be_negative(page, app_url, slug, place, signed):
    texts = (
        LessonOnScreen(page, app_url, slug).root.locator("table.grid").nth(place).locator(".value").all_inner_texts()
    )
    assert sum(text[-1:].isdigit() for text in texts) > 30
    assert any("+" in text for text in texts) is signed
