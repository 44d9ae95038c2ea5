"""A public page refuses requests larger than anything it asks for."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 2_100_000  # bytes; the largest text has 1 MB, and JSON may take two bytes for one of it


def announced(scope: Scope) -> int:
    """Bytes of the body that is to come, as its sender says; the most there may be where it comes in chunks, whatever is said."""
    headers = Headers(scope=scope)
    said = headers.get("content-length", "0")
    known = "transfer-encoding" not in headers and said.isdecimal() and len(said) < 10
    return int(said) if known else LARGEST


class LimitBody:
    """Answers 413 to a request whose body is, or says it is, larger than `largest` bytes."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST) -> None:
        self.app = app
        self.largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or int(said) > self.largest:
            refusal = PlainTextResponse(f"A request may hold at most {self.largest} bytes.", 413)
            return await refusal(scope, receive, send)
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.largest:  # sent in chunks, without saying how much
                return {"type": "http.disconnect"}
            return message

        await self.app(scope, counted, send)
