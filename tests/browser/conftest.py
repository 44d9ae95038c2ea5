"""A running app and a headless Chromium for the tests of the page."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"http://127.0.0.1:{(port := _free_port())}/"
    rooms = str(tmp_path_factory.mktemp("rooms") / "rooms.sqlite3")
    environment = {
        **os.environ, "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1", "TORCH_EXPLORABLES_ROOMS": rooms
    }  # fmt: skip
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(url, timeout=5)
                break
            except OSError:
                assert server.poll() is None, "the app stopped while starting"
                time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        server.wait(20)


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
