"""What proxies say of a request is believed as far as the operator says there are proxies; a visitor can write it too."""

import os

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.visitor import forwarded_for, proxies

os.environ["FORWARDED_ALLOW_IPS"] = ""  # read by uvicorn at launch, which else believes whoever is on this machine
KEPT = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")


class Forwarded:
    """Hands on X-Forwarded-Host and -Proto as the outermost trusted proxy wrote them, and no other header of the kind.

    Who comes past the proxies has no say at all: X-Forwarded-For is then shorter than the row of proxies.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [*filter(_is_plain, scope["headers"]), *_believed(scope)]}
        await self.app(scope, receive, send)


def _is_plain(header: tuple[bytes, bytes]) -> bool:
    return not header[0].startswith((b"x-forwarded-", b"forwarded", b"x-real-ip"))


def _believed(scope: Scope) -> list[tuple[bytes, bytes]]:
    count = proxies()
    if not 0 < count <= len(forwarded_for(scope)):
        return []
    headers = Headers(scope=scope)
    believed = [(b"x-forwarded-for", value) for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for name in KEPT[1:]:
        said = [part.strip() for line in headers.getlist(name) for part in line.split(",")]
        if said and (name != "x-forwarded-proto" or said[-1] in ("http", "https")):
            believed.append((name.encode(), said[-min(count, len(said))].encode("latin-1")))
    return believed
