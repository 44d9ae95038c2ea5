"""A call of a page's Python function is read before Gradio sees it, which would fail on a component it does not know."""

import json
from typing import Any

from starlette._utils import get_route_path
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATH = "/gradio_api/component_server"
SHAPE = {"component_id": int, "fn_name": str, "session_hash": str}


class CheckCalls:
    """Answers 400 to what is no call and 404 to a function that does not exist; `app.get_blocks()` is Gradio's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or get_route_path(scope).rstrip("/") != PATH:
            return await self.app(scope, receive, send)
        body = await _read(receive)
        if body is None:
            return  # the visitor has gone
        refusal = _refusal(body, dict(scope["headers"]), scope["app"].get_blocks().blocks)
        if refusal:
            return await refusal(scope, receive, send)
        await self.app(scope, _again(body, receive), send)


async def _read(receive: Receive) -> bytes | None:
    """The whole body, which serving/limits.py bounds; None when the connection ends before."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Hands out the body that was read, then what comes after it."""
    handed = False

    async def replay() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _refusal(body: bytes, headers: dict[bytes, bytes], blocks: dict[int, Any]) -> PlainTextResponse | None:
    if not headers.get(b"content-type", b"").startswith(b"application/json"):
        return PlainTextResponse("A call must be JSON.", 415)
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        return PlainTextResponse("The body is no JSON.", 400)
    if not isinstance(call, dict) or not all(type(call.get(name)) is kind for name, kind in SHAPE.items()):
        return PlainTextResponse(f"A call is an object with {', '.join(SHAPE)} and data.", 400)
    function = getattr(blocks.get(call["component_id"]), call["fn_name"], None)
    if "data" not in call or not getattr(function, "_is_server_fn", False):
        return PlainTextResponse("There is no such function.", 404)
    return None
