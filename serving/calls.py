"""What is posted to Gradio is read here first, and written anew: Gradio sees only fields that were checked."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette._utils import get_route_path
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.bodies import Refused, in_place_of, json_object, whole, with_length

API = "/gradio_api/"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of a session or an event: a random word of the browser or of Gradio
LARGEST_ID = 2**31
Arguments = list[Any]
Endpoints = Mapping[
    str, Callable[[Arguments], Arguments]
]  # name -> its arguments, read; raises ValueError with a sentence


class ReadCalls:
    """Answers with one sentence what is no call, and hands on the others with the fields they need and no more.

    endpoints: by name, what reads the arguments. An argument that cannot be read is refused at once where the answer is the
    visitor's own (`run`, `api`, `call`). Behind the queue it travels on as `{"refused": sentence}`, so that gradio_client
    raises the sentence; the argument itself never reaches Gradio, which keeps what it was called with.
    """

    def __init__(self, app: ASGIApp, endpoints: Endpoints) -> None:
        self.app, self._endpoints = app, endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = get_route_path(scope).rstrip("/") if scope["type"] == "http" else ""
        if not path.startswith(API) or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return await self.app(scope, receive, send)
        door, _, name = path.removeprefix(API).partition("/")
        body = await whole(receive)
        if body is None:
            return  # the visitor has gone
        try:
            call = json_object(body)
            read = self._read(door, name, call, scope["app"].get_blocks())
        except Refused as problem:
            return await JSONResponse({"error": str(problem)}, problem.status)(scope, receive, send)
        written = json.dumps(read).encode()
        await self.app(with_length(scope, len(written)), in_place_of(receive, written), _refusals_as_400(send))

    def _read(self, door: str, name: str, call: dict[str, Any], blocks: Any) -> dict[str, Any]:
        """The body that Gradio gets at this door; `blocks` are Gradio's."""
        if door in ("run", "api", "call"):
            fn_index = next((fn._id for fn in blocks.fns.values() if fn.api_name == name), None)
            return self._call(name, fn_index, call)
        if (door, name) == ("queue", "join"):
            fn = blocks.fns.get(_id(call, "fn_index"))
            return self._call(getattr(fn, "api_name", ""), call["fn_index"], call, queued=True)
        if (door, name) == ("cancel", ""):
            return {"fn_index": _id(call, "fn_index"), **_names(call, "session_hash", "event_id")}
        if (door, name) == ("reset", ""):
            return _names(call, "event_id")
        raise Refused(404, "There is nothing here.")

    def _call(self, name: Any, fn_index: int | None, call: dict[str, Any], queued: bool = False) -> dict[str, Any]:
        if fn_index is None or name not in self._endpoints:
            raise Refused(404, "There is no such endpoint.")
        session = _names(call, "session_hash") if queued or call.get("session_hash") is not None else {}
        arguments = call.get("data")
        if not isinstance(arguments, list):
            raise Refused(400, "data must be a list with the arguments.")
        try:
            arguments = self._endpoints[name](arguments)
        except ValueError as problem:
            if not queued:
                raise Refused(400, str(problem)) from None
            arguments = [{"refused": str(problem)}] * len(arguments)
        return {"data": arguments, "fn_index": fn_index, **session}


def _id(call: dict[str, Any], field: str) -> int:
    value = call.get(field)
    if type(value) is not int or not 0 <= value < LARGEST_ID:
        raise Refused(400, f"{field} must be a whole number from 0.")
    return value


def _names(call: dict[str, Any], *fields: str) -> dict[str, str]:
    for field in fields:
        if not isinstance(call.get(field), str) or not NAME.fullmatch(call[field]):
            raise Refused(400, f"{field} must be 1 to 64 letters, digits, - or _.")
    return {field: call[field] for field in fields}


def _refusals_as_400(send: Send) -> Send:
    """Gradio says 500 of whatever a function raises. What it may repeat to the visitor, `{"error": sentence}`, is a refusal."""
    failed: list[Message] = []

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 500:
            failed.append(message)
        elif failed:
            start = failed.pop()
            await send({**start, "status": 400 if _has_sentence(message.get("body", b"")) else 500})
            await send(message)
        else:
            await send(message)

    return answer


def _has_sentence(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body)["error"], str)
    except (ValueError, KeyError, TypeError):
        return False
