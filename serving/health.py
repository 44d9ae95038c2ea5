"""Whether the app can be used: for a container, a proxy or a Space."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette._utils import get_route_path
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.ending import ENDING

PATH = "/healthz"
STANDS = 5.0  # seconds for which an answer stands: making the page takes some 40 ms of processor
LONGEST = 10.0  # seconds; a page that takes longer cannot be served
Check = Callable[[], Awaitable[None]]  # raises what keeps the app from being used
Lacks = Callable[[], Awaitable[list[str]]]


class Health:
    """GET /healthz: 200 and "ok" if the page can be made and every check passes, else 503 and a sentence.

    checks: the sentence -> the check that it is said of. lacks: a sentence for each thing that only some lessons need; it
    stands below the ok. This is the innermost middleware, so that `app` is the page alone.
    """

    def __init__(self, app: ASGIApp, checks: Mapping[str, Check], lacks: Lacks | None = None) -> None:
        self.app, self._checks, self._lacks = app, checks, lacks
        self._problem, self._until = "", 0.0
        self._one = asyncio.Lock()  # one caller checks, the others wait for what it finds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or get_route_path(scope) != PATH:
            return await self.app(scope, receive, send)
        async with self._one:
            if asyncio.get_running_loop().time() >= self._until:
                self._problem = await self._find_problem(scope)
                self._until = asyncio.get_running_loop().time() + STANDS
            problem = "The app ends." if ENDING.asked else self._problem  # a proxy sends visitors elsewhere
        said = problem or "\n".join(["ok", *(await self._lacks() if self._lacks else [])])
        answer = PlainTextResponse(said, 503 if problem else 200, headers={"Cache-Control": "no-store"})
        await answer(scope, receive, send)

    async def _find_problem(self, scope: Scope) -> str:
        async def page() -> None:
            await make_page(self.app, scope)

        for sentence, check in {"The page cannot be made.": page, **self._checks}.items():
            try:
                await asyncio.wait_for(check(), LONGEST)
            except Exception:
                logging.exception("%s: %s", PATH, sentence)
                return sentence
        return ""


async def make_page(app: ASGIApp, scope: Scope) -> None:
    """Ask `app` for the page, as who sent `scope` would; raises RuntimeError unless the answer is 200."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    root = scope.get("root_path", "")
    asked = {**scope, "method": "GET", "path": f"{root}/", "raw_path": f"{root}/".encode(), "query_string": b""}
    await app(asked, receive, send)
    if statuses != [200]:
        raise RuntimeError(f"the page answers {statuses}")
