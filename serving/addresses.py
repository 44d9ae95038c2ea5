"""What an address says. Gradio writes the host it was asked by into the page, and reads queries that nobody here needs."""

import re
from urllib.parse import parse_qs, urlencode

from starlette._utils import get_route_path
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.calls import NAME
from serving.doors import ASK

HOST = re.compile(rb"([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
SESSION = "/gradio_api/queue/data"
INFO = ("/gradio_api/info", "/gradio_api/openapi.json")
ENDPOINTS = "endpoints"  # Gradio's page of them, which is not shown: its description is what INFO tells
NEVER = (b"x-gradio-server",)  # Gradio's own proxy would say there which server it stands before; there is none


class ReadAddress:
    """Answers 400 to a host that is none, and hands a query on only where one is read.

    The queries of links are for the page's own script. The description of the endpoints is asked of their page: Gradio
    makes it anew for each caller, where it would otherwise keep the one with the first caller's host for all.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if not any(name == b"host" for name, _ in scope["headers"]):  # HTTP/1.0, in which Gradio finds no origin
            scope = {**scope, "headers": [*scope["headers"], (b"host", b"localhost")]}
        hosts = [value for name, value in scope["headers"] if name in (b"host", b"x-forwarded-host")]
        if not all(is_host(host) for line in hosts for host in line.split(b",")):
            return await PlainTextResponse("The Host header must name a host.", 400)(scope, receive, send)
        query = read_query(get_route_path(scope).rstrip("/"), scope["query_string"])
        if query is None:
            sentence = "session_hash must be 1 to 64 letters, digits, - or _."
            return await PlainTextResponse(sentence, 400)(scope, receive, send)
        headers = [(name, value) for name, value in scope["headers"] if name not in NEVER]
        await self.app({**scope, "query_string": query, "headers": headers}, receive, _for_the_asker_alone(send))


def _for_the_asker_alone(send: Send) -> Send:
    """Pages and JSON name the host that was asked: unless they say otherwise, no cache on the way may hand them to others."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith(("text/html", "application/json")):
                headers.setdefault("Cache-Control", "private, no-cache")
        await send(message)

    return answer


def is_host(host: bytes) -> bool:
    """Whether this is a name or an address, with a port or without."""
    found = HOST.fullmatch(host.strip())
    return found is not None and int((found[3] or b":0")[1:]) < 2**16


def read_query(path: str, query: bytes) -> bytes | None:
    """The query that goes on; None where the path needs a session and the query names none."""
    if path == SESSION:
        [session, *more] = parse_qs(query.decode("latin-1")).get("session_hash", [""])
        return urlencode({"session_hash": session}).encode() if NAME.fullmatch(session) and not more else None
    if path.startswith(ASK):
        return query
    return b"page=" + ENDPOINTS.encode() if path in INFO else b""
