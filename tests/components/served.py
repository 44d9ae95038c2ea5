"""The app in this process, on a free port, or the page's door alone, for tests that ask them over HTTP."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.testclient import TestClient

from components.answer import opening
from components.assets import VERSION
from components.door import routes
from components.server import launch_settings
from components.site import LESSONS, build
from serving.cost import Cost


@contextmanager
def served() -> Iterator[httpx.Client]:
    demo = build()
    demo.queue()
    try:
        _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_settings())
        with httpx.Client(base_url=url, timeout=30) as client:
            yield client
    finally:
        demo.close()


def at_the_door(*slugs: str) -> TestClient:
    """The door of these lessons, or of all, with nothing in front of it; addresses are relative to it."""
    app = Starlette(routes=routes(slugs or LESSONS, Cost()))
    return TestClient(app, base_url=f"http://app/explorables/ask/{VERSION}/", raise_server_exceptions=False)


def opened_by(slug: str, link: dict[str, str]) -> dict[str, Any]:
    """A lesson as this link opens it."""
    return json.loads(gzip.decompress(opening(slug, link).body))
