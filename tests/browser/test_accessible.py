"""axe finds nothing serious on home, in the way through the app, and on the pages of traps, in light and in dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser


def serious(page, part: str) -> list[str]:
    found = Axe().run(page, context=part).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_home(page, app_url, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(app_url)
    page.locator("#home textarea").fill("RuntimeError: stack expects each tensor to be equal size")
    page.locator("#home .found a").first.wait_for()
    assert serious(page, "body") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_header_of_a_lesson(page, app_url, scheme):
    page.emulate_media(color_scheme=scheme)
    LessonOnScreen(page, app_url, "batches")
    page.locator("#site-header textarea").wait_for()
    assert serious(page, "#site-header") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("slug", ["dropout", "freeze", "span"])
def test_the_colours_of_a_question_and_of_a_presentation(page, app_url, scheme, slug):
    page.emulate_media(color_scheme=scheme)
    lesson = LessonOnScreen(page, app_url, slug, asked=True)
    assert serious(page, "body") == []
    lesson.root.get_by_role("button", name="Present").click()
    page.wait_for_function("document.documentElement.dataset.view === 'present'")
    assert serious(page, "body") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["traps/", "traps/stack/unequal-shapes", "python", "teach/", "teach/45", "room/"])
def test_the_pages_without_gradio(page, app_url, scheme, path):
    page.emulate_media(color_scheme=scheme)
    page.goto(app_url + path)
    assert serious(page, "body") == []
