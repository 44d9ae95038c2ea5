"""A running app and a headless Chromium for the tests of the page."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from benchmarks.browser import chromium
from tests.browser.one_app import address


@pytest.fixture(scope="session")
def app_url() -> str:
    return address(Path(os.environ["TESTS_SHARE"]))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextmanager
def clean_page(browser: Browser, width: int = 1280, height: int = 800) -> Iterator[Page]:
    """A page on which nothing plays; it fails its test when the console shows an error or anything outside is requested.

    What an earlier page had fetched is still in the cache of its context, as at a visitor's second lesson; no other
    page of the context is open, and what they stored is gone.
    """
    context = FREE.pop() if FREE else browser.new_context(reduced_motion="reduce")
    page, complaints, origins = context.new_page(), [], set()
    page.set_viewport_size({"width": width, "height": height})
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" and not _is_refusal(said) else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith(LOCAL) else complaints.append(asked.url))
    page.on("framenavigated", lambda frame: origins.add("{0.scheme}://{0.netloc}".format(urlsplit(frame.url))))
    yield page
    forget(page, origins)
    page.close()
    FREE.append(context)
    assert complaints == []


def forget(page: Page, origins: set[str]) -> None:
    """Nothing that pages of these origins stored is left in the page's context, but for what they fetched."""
    page.goto("about:blank")  # what is written as a page is left is written by now
    for other in page.context.pages:
        if other is not page:
            other.close()
    session = page.context.new_cdp_session(page)
    for origin in origins:
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage,indexeddb"})
    page.context.clear_cookies()
    page.context.clear_permissions()


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
FREE: list[BrowserContext] = []  # of this process's browser: no page is open in them
