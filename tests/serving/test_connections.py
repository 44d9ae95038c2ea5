"""A request arrives soon or is refused, and no address takes all connections."""

import asyncio
import resource
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn

from serving import connections
from serving.connections import ANSWER, RESERVED, Connections, most_connections
from tests.awaited import awaited

HALVES = {
    "nothing": b"",
    "half a header": b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
    "half a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
}
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def app(scope, receive, send) -> None:
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] != "http.disconnect":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(bounds: Connections):
    config = uvicorn.Config(app, log_level="warning", lifespan="off", loop="asyncio")
    config.load()
    protocol: Any = bounds.bounded(config.http_protocol_class)
    state = uvicorn.Server(config).server_state
    loop = asyncio.get_running_loop()
    make = partial(protocol, config=config, server_state=state, app_state={}, _loop=loop)
    server = await loop.create_server(make, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_half_a_request_is_refused_at_the_deadline_and_forgotten(half):
    async def visit() -> tuple[bytes, int]:
        bounds = Connections(most=10, deadline=0.2)
        async with serving(bounds) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(half)
            said = await reader.read()  # until the connection is closed
            writer.close()
            await asyncio.sleep(0.05)
            return said, bounds.open.total()

    assert awaited(visit()) == (ANSWER, 0)


def test_dripping_bytes_buy_no_time():
    async def visit() -> bytes:
        async with serving(Connections(most=10, deadline=0.2)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HALVES["half a header"])

            async def drip() -> None:
                while True:
                    writer.write(b"x")
                    await asyncio.sleep(0.02)

            dripping = asyncio.create_task(drip())
            said = await reader.readuntil(b"seconds.")
            dripping.cancel()
            return said

    assert awaited(visit()) == ANSWER


def test_whole_requests_may_come_one_after_the_other_past_the_deadline():
    async def visit() -> list[bytes]:
        async with serving(Connections(most=10, deadline=0.2)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            answers = []
            for _ in range(4):
                writer.write(WHOLE)
                answers.append((await reader.readuntil(b"ok"))[:15])
                await asyncio.sleep(0.1)
            writer.close()
            return answers

    assert awaited(visit()) == [b"HTTP/1.1 200 OK"] * 4


def test_one_address_has_two_thirds_of_the_connections_unless_it_is_a_proxy(monkeypatch):
    monkeypatch.setattr(connections, "proxies", lambda: 0)
    bounds = Connections(most=30)
    assert [bounds.come("me") for _ in range(22)] == [True] * 20 + [False] * 2
    bounds.go("me"), bounds.go("me")
    assert [bounds.come("you") for _ in range(11)] == [True] * 10 + [False]
    monkeypatch.setattr(connections, "proxies", lambda: 1)
    bounds = Connections(most=30)
    assert [bounds.come("proxy") for _ in range(31)] == [True] * 30 + [False]


def test_one_too_many_is_closed_at_once():
    async def visit() -> list[bytes]:
        async with serving(Connections(most=3)) as port:
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            said = []
            for reader, writer in opened:
                writer.write(WHOLE)
                try:
                    said.append(await reader.read(15))
                except ConnectionResetError:
                    said.append(b"")
                writer.close()
            return said

    assert sorted(awaited(visit())) == [b"", b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK"]


def test_there_are_fewer_connections_than_descriptors():
    assert most_connections() <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED
