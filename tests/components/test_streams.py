"""An answer that comes in pieces passes everything in front of it piece by piece, compressed or not."""

import asyncio
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from components.server import middleware
from serving.cost import Cost
from tests.awaited import awaited


def test_a_piece_goes_out_before_the_next_one_is_made():
    async def conversation() -> list[bytes]:
        heard, released = [], asyncio.Event()

        async def pieces() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            await released.wait()
            yield b"data: 2\n\n"

        async def run(_: object) -> StreamingResponse:
            return StreamingResponse(pieces(), media_type="text/event-stream")

        async def send(message: Message) -> None:
            if message.get("body"):
                heard.append(message["body"])
                released.set()  # the second piece is made only once the first has arrived

        requests = iter([{"type": "http.request", "body": b"{}", "more_body": False}])

        async def receive() -> Message:
            for message in requests:
                return message
            await asyncio.sleep(3600)
            raise AssertionError

        app = Starlette(routes=[Route("/explorables/ask/x/x", run, methods=["POST"])], middleware=middleware(Cost()))
        scope = {
            "type": "http", "method": "POST", "path": "/explorables/ask/x/x", "query_string": b"", "scheme": "http",
            "headers": [(b"accept-encoding", b"gzip"), (b"content-type", b"application/json")], "client": ("10.0.0.1", 1), "server": ("a", 80),
        }  # fmt: skip
        await asyncio.wait_for(app(scope, receive, send), 20)
        return heard

    assert awaited(conversation()) == [b"data: 1\n\n", b"data: 2\n\n"]
