"""The app in this process, on a free port, for tests that ask it over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from components.server import launch_settings
from components.site import build


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
