"""A visitor without a browser: opens the page, keeps its heartbeat, and sends what the page sends."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import httpx


class Visitor:
    """One open page of an app at `http`'s base address."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.session = uuid4().hex

    async def update(self, component: int, params: Any) -> float:
        """Seconds until a lesson's new state has arrived, or the sentence that one of its kind is still running."""
        asked = {
            "data": asdict(params),
            "component_id": component,
            "fn_name": "update",
            "session_hash": self.session,
        }
        begun = time.perf_counter()
        answer = await self.http.post("/gradio_api/component_server", json=asked)
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
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits) as http, AsyncExitStack() as open_pages:
        arrived = [Visitor(http) for _ in range(count)]
        for visitor in arrived:
            (await http.get("/")).raise_for_status()
            await open_pages.enter_async_context(http.stream("GET", f"/gradio_api/heartbeat/{visitor.session}"))
        yield arrived


async def lesson_components(url: str) -> dict[str, int]:
    """The id of the component behind each lesson, by slug."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        components = (await http.get("/config")).json()["components"]
    names = {component["id"]: str(component["props"].get("elem_id")) for component in components}
    return {name.removeprefix("page-"): id_ for id_, name in names.items() if name.startswith("page-")}
