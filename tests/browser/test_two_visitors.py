"""What one visitor types is nowhere in another's page: neither in an open one nor in one that is opened afterwards."""

import json

import pytest

from tests.browser.conftest import clean_page
from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser

TYPED = {
    "own_data": ("data", "name,x\nBob,zqtopsecretqz\n"),
    "span": ("question", "Who wrote zqtopsecretqz"),
    "freeze": ("pattern", "zqtopsecretqz"),
}
KEEPS_OPEN = ("/heartbeat/", "/queue/data")


def everything_in(page) -> str:
    """The document as it stands, what Gradio's scripts hold, and what the browser keeps."""
    held = page.evaluate("() => JSON.stringify([window.gradio_config, window.gradio_api_info, {...localStorage}])")
    return page.content() + str(held)


@pytest.mark.parametrize("slug", TYPED)
def test_what_one_types_is_nowhere_in_the_others_page(browser, app_url, slug):
    name, text = TYPED[slug]
    with clean_page(browser) as first, clean_page(browser) as second:
        received = []
        second.on("response", received.append)
        before = LessonOnScreen(second, app_url, slug)
        lesson = LessonOnScreen(first, app_url, slug)
        field = lesson.root.locator(f'[data-param="{name}"]').locator("input:not([type=file]), textarea").first

        def type_text():
            field.fill(text)
            field.blur()

        lesson.repaint(type_text)
        assert "zqtopsecretqz" in everything_in(first) + first.url  # it was typed, and the page shows it
        ask_the_api(first, app_url, slug, {name: text})
        before.settle()
        assert "zqtopsecretqz" not in everything_in(second)
        second.reload()
        LessonOnScreen(second, app_url, slug)
        assert "zqtopsecretqz" not in everything_in(second)
        bodies = [
            answer.text() for answer in received if not any(part in answer.url for part in KEEPS_OPEN) and answer.ok
        ]
        assert len(bodies) > 10 and not any("zqtopsecretqz" in body for body in bodies)


def ask_the_api(page, app_url, slug, changed):
    """The same values through the lesson's endpoint, as the page tells its visitors to do."""
    from components.answer import lesson_of

    values = vars(lesson_of(slug).Params()) | changed
    answer = page.request.post(
        f"{app_url}gradio_api/run/{slug}",
        headers={"content-type": "application/json"},
        data=json.dumps({"data": list(values.values())}),
    )
    assert answer.status < 500
