"""A visitor without a browser: opens the page, keeps its heartbeat, and sends what the page sends."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from typing import Any
from uuid import uuid4

import httpx

from components.assets import VERSION


def changed(params: Any) -> dict[str, str]:
    """The Params that are not at their defaults, as the page writes them into an address."""
    return {f.name: str(getattr(params, f.name)) for f in fields(params) if getattr(params, f.name) != f.default}


class Visitor:
    """One open page of an app at `http`'s base address."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.session = uuid4().hex

    async def change(self, slug: str, params: Any) -> float:
        """Seconds until a lesson's state for these Params has arrived."""
        begun = time.perf_counter()
        answer = await self.http.get(f"/explorables/ask/{VERSION}/{slug}", params=changed(params))
        seconds = time.perf_counter() - begun
        seen = '"figure"' in answer.text or "try again in a few seconds" in answer.text
        assert answer.is_success and seen, f"{params}: {answer.status_code} {answer.text[:200]}"
        return seconds

    async def queued(self, function: int, *data: Any) -> float:
        """Seconds until an event of the queue is complete."""
        begun = time.perf_counter()
        asked = {"data": data, "fn_index": function, "session_hash": self.session}
        (await self.http.post("/gradio_api/queue/join", json=asked)).raise_for_status()
        async with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            async for line in stream.aiter_lines():
                if "process_completed" in line:
                    assert json.loads(line.removeprefix("data:"))["success"], line[:200]
                    return time.perf_counter() - begun
        raise RuntimeError("the event was not completed")


@asynccontextmanager
async def visitors(url: str, count: int) -> AsyncIterator[list[Visitor]]:
    """`count` pages that have been loaded and stay open."""
    limits = httpx.Limits(
        max_connections=None, max_keepalive_connections=None, keepalive_expiry=2
    )  # uvicorn hangs up after 5
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as http, AsyncExitStack() as open_pages:
        arrived = [Visitor(http) for _ in range(count)]
        for visitor in arrived:
            (await http.get("/")).raise_for_status()
            await open_pages.enter_async_context(http.stream("GET", f"/gradio_api/heartbeat/{visitor.session}"))
        yield arrived
