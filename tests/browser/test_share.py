"""Share and present: loaded when they are used, and the links they make open what they say."""

import pytest

from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser


def test_share_makes_links_that_open_what_they_say(page, app_url, browser):
    lesson = LessonOnScreen(page, app_url, "dropout", asked=True)
    late = []
    page.on("request", lambda request: late.append(request.url.rpartition("/")[2]))
    lesson.root.get_by_role("button", name="Share").click()
    dialog = lesson.root.get_by_role("dialog")
    address = dialog.get_by_label("link", exact=True)
    assert address.input_value() == f"{app_url}?lesson=dropout&q=three_calls"
    assert {"share.js", "share.css", "lean-qr.js"} <= set(late)
    assert dialog.get_by_role("img", name="QR code of the link").locator("path").get_attribute("d").count("M") > 200
    dialog.get_by_label("as a question").uncheck()
    dialog.get_by_label("without the traps").check()
    assert "<iframe" in dialog.get_by_label("frame for another page").input_value()
    with browser.new_context() as context:
        shown = context.new_page()
        shown.goto(address.input_value())
        other = shown.locator('[data-lesson="dropout"][data-state=ready]')
        other.wait_for()
        assert not other.locator("[data-veiled]").count() and other.locator("[data-part=traps]").is_hidden()


def test_the_picture_is_saved_as_shapes_and_words(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    lesson.root.get_by_role("button", name="Share").click()
    with page.expect_download() as saved:
        lesson.root.get_by_role("button", name="save the picture").click()
    drawn = saved.value.path().read_text()
    assert drawn.startswith("<svg") and "foreignObject" not in drawn
    assert drawn.count("<rect") > 40 and ">6.0<" in drawn and "single entries" in drawn


def test_arrow_keys_show_what_comes_out_and_then_ask_the_next_question(page, app_url):
    lesson = LessonOnScreen(page, app_url, "stack", "&view=present", asked=True)
    page.wait_for_function("document.documentElement.dataset.view === 'present'")
    veiled = lesson.root.locator("[data-veiled]")
    assert veiled.count() and lesson.root.locator(".side").is_hidden()
    page.keyboard.press("ArrowRight")
    lesson.root.locator("[data-ring='(2, 4)']").wait_for()
    page.keyboard.press("ArrowRight")
    lesson.root.locator("[data-part=question]", has_text="dim=1").wait_for()
    page.wait_for_function("location.search.includes('q=last_axis') && location.search.includes('view=present')")
    lesson.settle()
    assert veiled.count()
    page.keyboard.press("Escape")
    assert lesson.root.locator(".side").is_visible()


def test_the_steps_of_a_picture_play_unless_less_motion_is_wanted(page, app_url):
    page.emulate_media(reduced_motion="no-preference")
    lesson = LessonOnScreen(page, app_url, "dropout")
    slider = lesson.root.locator("input[data-scrub]")
    page.wait_for_function("one => +one.value > 0", arg=slider.element_handle())
    lesson.root.get_by_role("button", name="pause").click()
    at = int(slider.input_value())
    lesson.root.get_by_role("button", name="one step on").click()
    assert slider.get_attribute("aria-valuetext").startswith(f"{at + 2} of 12")


def test_without_a_memory_nothing_is_kept(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", asked=True)
    lesson.root.locator(".answers > button").first.click()
    lesson.root.get_by_label("remember my answers").uncheck()
    assert page.evaluate("localStorage['torch-explorables']") == '{"off":true}'
    lesson.root.locator(".reply .go").click()
    lesson.root.locator(".answers > button").first.click()
    assert page.evaluate("localStorage['torch-explorables']") == '{"off":true}'
