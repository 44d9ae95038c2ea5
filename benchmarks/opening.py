"""A class opens a lesson at the same moment, each with an empty cache: processor time a visitor, and the wait of the last."""

import asyncio
import time
from urllib.parse import urlsplit

from benchmarks.browser import chromium
from benchmarks.capacity import cpu_seconds, wait_until_idle
from benchmarks.report import limit, ratio
from benchmarks.server import MINIMAL, OURS, Server, serving

VISITORS = 200
CONNECTIONS = 6  # that a browser opens to one host
READY = "[data-lesson=dropout][data-state=ready]"
MILLISECONDS, SECONDS = 15.0, 5.0  # a visitor's processor; until the last has it
Asked = tuple[str, str, str]  # method, address, body


def asked_by_a_browser(url: str, ready: str) -> list[Asked]:
    """What an empty browser asks until the page is ready, in this order."""
    with chromium() as browser:
        page = browser.new_page()
        asked: list[Asked] = []
        page.on("request", lambda one: asked.append((one.method, one.url, one.post_data or "")))
        page.goto(url)
        page.wait_for_selector(ready)
        page.wait_for_timeout(1000)
    return [one for one in asked if one[1].startswith("http")]


class Wire:
    """A connection that is kept: HTTP/1.1 as plain as it goes, so that the visitors cost next to nothing."""

    def __init__(self, url: str, *headers: str) -> None:
        self.host, self.port, self.headers = urlsplit(url).hostname, urlsplit(url).port, headers

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def ask(self, method: str, url: str, body: str) -> int:
        """The bytes of the answer's body."""
        address = urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl()
        head = [f"{method} {address} HTTP/1.1", f"Host: {self.host}:{self.port}", "Accept-Encoding: gzip, deflate, br"]
        head += self.headers
        head += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"] if body else []
        self.writer.write("\r\n".join([*head, "", body]).encode() if body else "\r\n".join([*head, "", ""]).encode())
        said = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        assert said.split()[1] in ("200", "204", "304"), f"{method} {url}: {said.splitlines()[0]}"
        if "content-length:" in said:
            length = int(said.split("content-length:")[1].split("\r\n")[0])
            await self.reader.readexactly(length)
            return length
        return await self._chunks() if "chunked" in said else 0

    async def _chunks(self) -> int:
        length = 0
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            await self.reader.readexactly(size + 2)
            length += size
        await self.reader.readexactly(2)
        return length


async def visit(url: str, asked: list[Asked]) -> float:
    """Seconds until all of it has arrived, over as many connections as a browser has."""
    begun = time.perf_counter()
    left = list(reversed(asked))
    first = Wire(url)
    await first.open()
    await first.ask(*left.pop())  # the page, which names the rest

    async def fetch(wire: Wire) -> None:
        if wire is not first:
            await wire.open()
        while left:
            await wire.ask(*left.pop())
        wire.writer.close()

    await asyncio.gather(fetch(first), *(fetch(Wire(url)) for _ in range(CONNECTIONS - 1)))
    return time.perf_counter() - begun


async def crowd(url: str, asked: list[Asked]) -> float:
    """Seconds until the last of the visitors has everything."""
    return max(await asyncio.gather(*(visit(url, asked) for _ in range(VISITORS))))


def measure(server: Server, path: str, ready: str) -> tuple[float, float, int]:
    """Milliseconds of processor a visitor, seconds of the last, requests of each."""
    asked = asked_by_a_browser(server.url + path, ready)
    wait_until_idle(server.pid)
    begun = cpu_seconds(server.pid)
    last = asyncio.run(crowd(server.url, asked))
    return 1000 * (cpu_seconds(server.pid) - begun) / VISITORS, last, len(asked)


def main() -> None:
    with serving(*OURS) as ours, serving(*MINIMAL) as minimal:
        mine = measure(ours, "/?lesson=dropout", READY)
        floor = measure(minimal, "/", "#out p")
    ratio(f"opening a lesson, {VISITORS} at once: processor a visitor", mine[0], floor[0], "ms", goal=1.0)
    ratio("the same: until the last has it", mine[1], floor[1], "s", goal=1.0)
    ratio("the same: requests", mine[2], floor[2], "", goal=1.0)
    limit("the same: processor a visitor", mine[0], MILLISECONDS, "ms")
    limit("the same: until the last has it", mine[1], SECONDS, "s")


if __name__ == "__main__":
    main()
