"""The page is English, and says so, whatever language the browser asks for."""

import pytest

pytestmark = pytest.mark.browser


def test_the_page_is_english_in_a_german_browser(browser, app_url):
    with browser.new_context(locale="de-DE") as context:
        page = context.new_page()
        page.goto(f"{app_url}?lesson=dropout")
        page.locator('[data-lesson="dropout"] .caption').wait_for()
        page.wait_for_load_state("networkidle")
        assert page.locator("html").get_attribute("lang") == "en"
        page.evaluate("document.documentElement.lang = 'de'")
        assert page.evaluate("document.documentElement.lang") == "en"
