"""Share and present: loaded when they are used, and the links they make open what they say."""

import zlib

import pytest

from lessons.dropout import LESSON, Params
from tests.browser.conftest import clean_page
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


@pytest.fixture(scope="module")
def dialog(browser, app_url):
    """Share, over dropout with p=0.3."""
    with clean_page(browser) as page:
        lesson = LessonOnScreen(page, app_url, "dropout", "&p=0.3")
        lesson.root.get_by_role("button", name="Share").click()
        yield lesson.root.get_by_role("dialog")


def saved(dialog, name):
    with dialog.page.expect_download() as download:
        dialog.get_by_role("button", name=name).click()
    return download.value


def test_the_picture_is_saved_as_shapes_and_words(dialog):
    drawn = saved(dialog, "SVG").path().read_text()
    assert drawn.startswith("<svg") and "foreignObject" not in drawn
    assert drawn.count("<rect") > 40 and ">5.0<" in drawn and "single entries" in drawn
    assert drawn.count("url(#shade-") > 3  # the hatching of what was dropped
    link = f"{dialog.page.url.partition('?')[0]}?lesson=dropout&amp;p=0.3&amp;answered=1</dc:source>"
    assert link in drawn and "each times 1.429; the next call draws a new mask.</dc:description>" in drawn


def test_a_png_carries_its_sentence_and_its_link(dialog):
    """Read chunk by chunk, with their checksums, as the specification of PNG says."""
    rest, said = saved(dialog, "PNG").path().read_bytes(), {}
    assert rest.startswith(b"\x89PNG\r\n\x1a\n")
    rest = rest[8:]
    while rest:
        length = int.from_bytes(rest[:4], "big")
        kind, body, check = rest[4:8], rest[8 : 8 + length], rest[8 + length : 12 + length]
        assert zlib.crc32(kind + body) == int.from_bytes(check, "big")
        if kind == b"iTXt":
            keyword, _, text = body.partition(b"\0\0\0\0\0")
            said[keyword.decode()] = text.decode()
        if kind == b"IHDR":
            assert int.from_bytes(body[:4], "big") > 1200
        rest = rest[12 + length :]
    assert said["Source"].endswith("?lesson=dropout&p=0.3&answered=1") and "draws a new mask" in said["Description"]


def test_the_numbers_of_any_panel_are_saved_to_their_last_digit(dialog):
    dialog.get_by_label("numbers of").select_option(label="call 2 [3, 4] float32 cpu, ≠ call 1")
    file = saved(dialog, "CSV")
    assert file.suggested_filename == "call_2_3_4_float32_cpu.csv"
    head, *rows = [line.split(",") for line in file.path().read_text().splitlines()]
    wanted = LESSON.run(Params(p=0.3)).calls[1].tolist()
    assert head == ["row", "0", "1", "2", "3"] and [[float(cell) for cell in row[1:]] for row in rows] == wanted


def test_the_program_is_saved_as_it_ran(dialog):
    assert "p = 0.3  # probability" in saved(dialog, "Python (.py)").path().read_text()
    notebook = saved(dialog, "notebook (.ipynb)")
    assert notebook.suggested_filename == "dropout.ipynb" and '"nbformat": 4' in notebook.path().read_text()


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
