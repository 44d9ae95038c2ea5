"""The numbers in the cells of a grid."""

import pytest

from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("slug", "signed"), [("span", True), ("train_mode_answers", False)])
def test_a_sign_stands_only_before_what_may_be_negative(page, app_url, slug, signed):
    texts = LessonOnScreen(page, app_url, slug).root.locator("table.grid").first.locator(".value").all_inner_texts()
    assert len(texts) > 50 and any("+" in text for text in texts) is signed
