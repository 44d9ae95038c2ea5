"""Which other sites may ask this app from a browser and read its answers: those the operator names, and no other."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}
WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")


class Origins:
    """The only one that answers by Origin. What is further in never sees that header, and so allows nobody anything.

    `https://*.school.example` names every host below school.example. `*` lets any site show the app, and none read it.
    """

    def __init__(self, app: ASGIApp, embedders: str = "") -> None:
        self.app = app
        named = [re.escape(origin).replace(r"\*", r"[\w.-]+") for origin in embedders.split() if origin != "*"]
        self._named = re.compile("|".join(named) or "(?!)")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        send = _answering(send, origin if origin and self._named.fullmatch(origin) else "")
        if origin and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            return await self._preflight(origin)(scope, receive, send)
        unsaid = [(name, value) for name, value in scope["headers"] if name != b"origin"]
        await self.app({**scope, "headers": unsaid}, receive, send)

    def _preflight(self, origin: str) -> Response:
        if self._named.fullmatch(origin):
            return Response(status_code=204, headers=PREFLIGHT)
        return PlainTextResponse("Pages of other sites may not ask this app.", 403)


def _answering(send: Send, origin: str) -> Send:
    async def with_origin(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Origin")
            if origin:
                headers.update({"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"})
        await send(message)

    return with_origin


class JsonBodies:
    """Answers 415 to a body that is not JSON: any site's form can send other types, without asking first."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in WITHOUT_BODY:
            kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                refusal = PlainTextResponse("A request with a body must be of the type application/json.", 415)
                return await refusal(scope, receive, send)
        await self.app(scope, receive, send)
