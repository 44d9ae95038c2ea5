"""Streams of answers: Gradio opens one for whoever asks, and breaks it off with an error where there is nothing to tell."""

from itertools import chain
from typing import Any
from urllib.parse import parse_qs

from starlette._utils import get_route_path
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.addresses import SESSION

EVENT = "/gradio_api/call/"


class KnownStreams:
    """Answers 404 where nobody has asked for the answers that are to be streamed; `app.get_blocks()` is Gradio's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            path = get_route_path(scope).rstrip("/")
            if path.startswith((SESSION, EVENT)) and not is_known(path, scope, scope["app"].get_blocks()._queue):
                refusal = JSONResponse({"error": "There is no answer under way for this session or event."}, 404)
                return await refusal(scope, receive, send)
        await self.app(scope, receive, send)


def is_known(path: str, scope: Scope, queue: Any) -> bool:
    """Whether Gradio's queue holds the session that the query names, or the event that the path ends with."""
    if path == SESSION:
        [session] = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])
        return session in queue.pending_messages_per_session
    event = path.rpartition("/")[2]
    waiting = chain(queue.event_ids_to_events, *queue.pending_event_ids_session.values())
    return event in queue.pending_messages_per_session or event in waiting
