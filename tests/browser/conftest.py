"""A running app and a headless Chromium for the tests of the page."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.one_app import address

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def app_url() -> str:
    return address(Path(os.environ["TESTS_SHARE"]))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@contextmanager
def clean_page(browser: Browser, width: int = 1280, height: int = 800) -> Iterator[Page]:
    """A page on which nothing plays; it fails its test when the console shows an error or anything outside is requested."""
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page, complaints = context.new_page(), []
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" and not _is_refusal(said) else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(LOCAL) else complaints.append(asked.url))
    yield page
    context.close()
    assert complaints == []


def _is_refusal(said: ConsoleMessage) -> bool:
    """The page's own door says what is no value as 4xx with a sentence, and the browser adds a line to the console."""
    return (
        said.text.startswith("Failed to load resource")
        and "status of 4" in said.text
        and "/ask/" in said.location["url"]
    )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with clean_page(browser) as page:
        yield page


LOCAL = ("http://127.0.0.1", "data:", "blob:")
