"""A bar that shows one of the Params is a second handle of its slider."""

import pytest

from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser


def test_a_dragged_bar_moves_its_control_the_picture_and_the_address(page, app_url):
    lesson = LessonOnScreen(page, app_url, "logits")
    bar = lesson.root.locator(".handle").nth(1)
    box = bar.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    lesson.repaint(lambda: page.mouse.move(box["x"] + box["width"] * 0.8, box["y"]))
    page.mouse.up()
    lesson.settle()
    assert lesson.root.locator('[data-param="z1"] input[type=number]').input_value() == "6"
    assert bar.get_attribute("aria-valuenow") == "6" and "z1=6" in page.url


def test_the_arrow_keys_move_a_bar_by_its_step(page, app_url):
    lesson = LessonOnScreen(page, app_url, "logits")
    bar = lesson.root.get_by_role("slider", name="z0, class 0")
    lesson.repaint(lambda: bar.press("ArrowLeft"))
    lesson.repaint(lambda: bar.press("PageDown"))
    assert float(bar.get_attribute("aria-valuenow")) == pytest.approx(0.9)
