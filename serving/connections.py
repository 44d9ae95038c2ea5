"""Connections: how many there may be, in all and of one address, and how long a request may take to arrive."""

import asyncio
import resource
from collections import Counter
from typing import Any

from serving.visitor import address_of, proxies

DEADLINE = 10.0  # seconds from a connection, or the first byte of its next request, to the last byte of that request
MOST = 4000
RESERVED = 256  # descriptors for files, workers and what Python opens
SHARE = 2 / 3  # of the connections, for one address: a class shares one, and others are still let in
LATE = b"A request must arrive within 10 seconds."
ANSWER = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%s"
) % (len(LATE), LATE)


def most_connections() -> int:
    """So many that descriptors never run out; the limit of this process is raised as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + RESERVED
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(MOST, soft - RESERVED))


class Connections:
    """Counts what is open, for all connections of one server."""

    def __init__(self, most: int, deadline: float = DEADLINE) -> None:
        self.most, self.deadline = most, deadline
        self.open: Counter[str] = Counter()

    def come(self, address: str) -> bool:
        """Count one more; False where it is one too many. Behind proxies all come from the proxy, which bounds them."""
        self.open[address] += 1
        shared = self.open[address] > self.most * SHARE and not proxies()
        return not shared and self.open.total() <= self.most

    def go(self, address: str) -> None:
        self.open[address] -= 1
        self.open += Counter()  # without those that are 0

    def bounded(self, protocol: type) -> type:
        """`protocol`, one of uvicorn's for HTTP, within these bounds."""
        return type("Bounded", (_Bounded, protocol), {"connections_of_all": self})


def bound_connections(config: Any) -> None:
    """For a server that listens: its next connections are bounded. `config` is uvicorn's."""
    config.http_protocol_class = Connections(most_connections()).bounded(config.http_protocol_class)


class _Bounded:
    """What goes before uvicorn's own methods; `cycle` is uvicorn's: the request that has come, and its answer."""

    connections_of_all: Connections
    transport: asyncio.Transport
    cycle: Any

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)  # type: ignore[misc]
        self._address = address_of({"client": transport.get_extra_info("peername"), "headers": []})
        self._late: asyncio.TimerHandle | None = None
        if self.connections_of_all.come(self._address):
            self._watch()
        else:
            transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.connections_of_all.go(self._address)
        self._arrived()
        super().connection_lost(error)  # type: ignore[misc]

    def data_received(self, data: bytes) -> None:
        super().data_received(data)  # type: ignore[misc]
        cycle = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete:  # there is more to come of a request
            self._watch()
        else:
            self._arrived()

    def _watch(self) -> None:
        if self._late is None and not self.transport.is_closing():
            loop = asyncio.get_running_loop()
            self._late = loop.call_later(self.connections_of_all.deadline, self._end)

    def _arrived(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end(self) -> None:
        if self.cycle is None or not self.cycle.response_started:
            self.transport.write(ANSWER)
        self.transport.close()
