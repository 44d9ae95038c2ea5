"""What one visitor types is nowhere in another's page: neither in an open one nor in one that is opened afterwards."""

import json

import pytest

from tests.browser.conftest import clean_page
from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser

SECRET = "zqtopsecretqz"
TYPED = {
    "own_data": ("data", f"name,x\nBob,{SECRET}\n"),
    "span": ("question", f"Who wrote {SECRET}"),
    "freeze": ("pattern", SECRET),
}
SENT = ("", "config", "gradio_api/info", "gradio_api/openapi.json")  # to everybody


def everything_in(page) -> str:
    """The document as it stands, what Gradio's scripts hold, and what the browser keeps."""
    held = page.evaluate("() => JSON.stringify([window.gradio_config, window.gradio_api_info, {...localStorage}])")
    return page.content() + str(held)


@pytest.mark.parametrize("slug", TYPED)
def test_what_one_types_is_nowhere_in_the_others_page(browser, app_url, slug):
    name, text = TYPED[slug]
    with clean_page(browser) as first, clean_page(browser) as second:
        opened_before = LessonOnScreen(second, app_url, slug)
        lesson = LessonOnScreen(first, app_url, slug)
        field = lesson.root.locator(f'[data-param="{name}"]').locator("input:not([type=file]), textarea").first
        with first.expect_response(lambda answer: "/ask/" in answer.url and answer.request.method == "POST"):
            field.fill(text)
            field.blur()
            for button in lesson.root.locator("button.run").all():
                button.click()
        lesson.settle()
        assert SECRET in field.input_value()
        ask_the_api(first, app_url, slug, {name: text})
        opened_before.settle()
        assert SECRET not in everything_in(second)
        LessonOnScreen(second, app_url, slug)
        assert SECRET not in everything_in(second)
        assert not [path for path in SENT if SECRET in second.request.get(app_url + path).text()]


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
