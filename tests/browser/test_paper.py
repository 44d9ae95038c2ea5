"""On paper, and in a frame of another page."""

import re

import pytest

from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser
SEEN = """root => [...root.querySelectorAll("[data-part], .paper")].filter(one => one.checkVisibility() && one.offsetHeight)
  .map(one => one.dataset.part ?? one.className.split("-")[1])"""


def press_print(page):
    """Ctrl+P, up to where the browser's own dialog would open."""
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.keyboard.press("Control+p")
    page.wait_for_function("window.printed")


@pytest.mark.parametrize("slug", ["dropout", "span"])
def test_a_lesson_prints_on_one_or_two_pages(page, app_url, slug):
    lesson = LessonOnScreen(page, app_url, slug)
    press_print(page)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))) in (1, 2)
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    assert not lesson.root.locator(".paper").count()


def test_paper_holds_question_picture_sentence_point_traps_and_the_code_of_the_link(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", "&p=0.3")
    page.emulate_media(media="print", color_scheme="dark")
    press_print(page)
    assert lesson.root.evaluate(SEEN) == ["question", "choices", "hero", "caption", "point", "traps", "foot"]
    foot = lesson.root.locator(".paper-foot")
    assert "Dropout with p = 0.3" in foot.inner_text() and "?lesson=dropout&p=0.3&answered=1" in foot.inner_text()
    assert foot.get_by_role("img", name="QR code of the link").is_visible()
    assert "Forgot eval()." in lesson.root.locator(".paper-traps").inner_text()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("#site-header").is_visible()


def test_the_menu_of_the_browser_prints_the_same_as_the_button(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    page.evaluate("document.documentElement.dispatchEvent(new Event('mouseleave'))")
    page.wait_for_function("[...document.styleSheets].some(sheet => /print\\.css/.test(sheet.href))")
    page.wait_for_timeout(100)  # until the events are listened to
    page.emulate_media(media="print")
    for _ in range(2):
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert lesson.root.evaluate(SEEN) == ["question", "choices", "hero", "caption", "point", "traps", "foot"]
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert not lesson.root.locator(".paper").count()


def test_the_frame_of_share_shows_the_lesson_alone_and_is_as_high_as_it(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", "&p=0.3")
    lesson.root.get_by_role("button", name="Share").click()
    dialog = lesson.root.get_by_role("dialog")
    dialog.get_by_label("without the traps").check()
    snippet = dialog.get_by_label("frame for another page").input_value()
    plain = f"<!doctype html><title>a page</title><h1>My lecture</h1><div style='width:900px'>{snippet}</div>"
    page.route("**/lecture.html", lambda asked: asked.fulfill(body=plain, content_type="text/html"))
    page.goto(f"{app_url}lecture.html")
    inside = page.frame_locator("iframe")
    shown = inside.locator("[data-lesson=dropout][data-state=ready]")
    shown.wait_for()
    for away in ("header.site", "[data-part=traps]"):
        inside.locator(away).wait_for(state="hidden")
    assert "0.3" in shown.locator("[data-part=controls] [data-param=p] input").first.input_value()
    page.wait_for_function(
        """() => { const frame = document.querySelector("iframe"), high = frame.contentDocument.scrollingElement.scrollHeight;
           const lesson = frame.contentDocument.querySelector("[data-lesson=dropout]").getBoundingClientRect().height;
           return Math.abs(frame.clientHeight - high) < 2 && frame.clientHeight - lesson < 40; }"""
    )
