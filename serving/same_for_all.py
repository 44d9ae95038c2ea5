"""Answers that are the same for everybody: made and compressed once, then handed out as they are."""

import asyncio
import gzip
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple

from starlette._utils import get_route_path
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.visitor import is_https

LARGEST = 64_000_000  # bytes of all answers that are kept; the oldest goes first
SMALL = 500  # bytes: such a body is not compressed
TEXT = ("text/", "application/javascript", "application/json", "image/svg")
HASHED = re.compile(r"/assets/.*-[\w-]{8,}\.\w+|/explorables/[0-9a-f]{12}/.*")  # the name changes with the content
GRADIOS = ("/static/", "/favicon.ico", "/theme.css")  # a new Gradio may change these
FOR_GOOD, A_DAY = "public, max-age=31536000, immutable", "public, max-age=86400"
PAGES = ("/", "/config", "/gradio_api/info")
PLACE = (b"host", b"x-forwarded-host", b"x-forwarded-proto")  # what Gradio writes into its pages
CONDITIONS = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"cookie")

Key = Callable[[Scope], Hashable | None]  # what the answer depends on; None where it is not to be kept


def files(scope: Scope) -> Hashable | None:
    """The page's own files and Gradio's."""
    path = get_route_path(scope)
    known = HASHED.fullmatch(path) or path.startswith(GRADIOS)
    return (path, is_https(scope)) if known and not any(name == b"range" for name, _ in scope["headers"]) else None


def pages(scope: Scope) -> Hashable | None:
    """What Gradio makes of all blocks and endpoints, for each name that the app is asked by."""
    if get_route_path(scope) not in PAGES:
        return None
    place = tuple((name, value) for name, value in scope["headers"] if name in PLACE)
    return scope["path"], scope["query_string"], scope["scheme"], place


class Answer(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: bytes = b"none"


class SameForAll:
    """Keeps the answers 200 to GET of whatever `key` names, as `app` gives them, and says 304 to who has one already."""

    def __init__(self, app: ASGIApp, key: Key, largest: int = LARGEST) -> None:
        self.app, self._key, self._largest = app, key, largest
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._bytes = 0
        self._making: dict[Hashable, asyncio.Lock] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if key is None:
            return await self.app(scope, receive, send)
        asked = dict(scope["headers"])
        zipped = b"gzip" in asked.get(b"accept-encoding", b"")
        answer = self._kept.get((key, zipped)) or await self._made((key, zipped), scope, zipped)
        known = answer.etag in asked.get(b"if-none-match", b"")
        status = 304 if known else answer.status
        await send({"type": "http.response.start", "status": status, "headers": list(answer.headers)})
        await send({"type": "http.response.body", "body": b"" if known else answer.body})

    async def _made(self, key: Hashable, scope: Scope, zipped: bool) -> Answer:
        """Whoever asks while it is made waits for it."""
        async with self._making.setdefault(key, asyncio.Lock()):
            if key in self._kept:
                return self._kept[key]
            try:
                answer = await whole(self.app, scope)
                if answer.status == 200:
                    answer = await run_in_threadpool(_sent, answer, zipped, control(get_route_path(scope)))
                    self._keep(key, answer)
                return answer
            finally:
                self._making.pop(key, None)

    def _keep(self, key: Hashable, answer: Answer) -> None:
        self._kept[key] = answer
        self._bytes += len(answer.body)
        while self._bytes > self._largest and len(self._kept) > 1:
            self._bytes -= len(self._kept.popitem(last=False)[1].body)


def control(path: str) -> str:
    """How long a browser and a proxy may keep what stands at this path; "" where the app has said so itself."""
    return FOR_GOOD if HASHED.fullmatch(path) else A_DAY if path.startswith(GRADIOS) else ""


async def whole(app: ASGIApp, scope: Scope) -> Answer:
    """What `app` answers to a GET without conditions, in one piece."""
    said: list[Message] = []
    unheard: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        return unheard.pop() if unheard else await asyncio.Future()  # nobody leaves: who listens for that is cancelled

    async def send(message: Message) -> None:
        said.append(message)

    headers = [(name, value) for name, value in scope["headers"] if name not in CONDITIONS]
    await app({**scope, "headers": headers, "extensions": {}}, receive, send)
    return Answer(said[0]["status"], said[0]["headers"], b"".join(message.get("body", b"") for message in said[1:]))


def _sent(answer: Answer, zipped: bool, keep: str) -> Answer:
    """The answer as it goes out: smaller where that pays, with a mark by which a browser asks whether it has it."""
    headers, body = MutableHeaders(raw=answer.headers), answer.body
    etag = hashlib.sha256(body).hexdigest()[:16]
    if headers.get("content-type", "").startswith(TEXT) and len(body) > SMALL:
        if "accept-encoding" not in headers.get("vary", "").lower():
            headers.add_vary_header("Accept-Encoding")
        if zipped:
            body, etag = gzip.compress(body, 9, mtime=0), f"{etag}-gzip"
            headers["Content-Encoding"] = "gzip"
    headers.update({"Content-Length": str(len(body)), "ETag": f'"{etag}"'})
    if keep:
        headers["Cache-Control"] = keep
    del headers["Last-Modified"], headers["Accept-Ranges"]
    return Answer(answer.status, headers.raw, body, f'"{etag}"'.encode())
