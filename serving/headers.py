"""Headers that tell the browser what this page will never do."""

import os
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.visitor import is_https

VARIABLE = "TORCH_EXPLORABLES_EMBED"  # more sites that may show the app in a frame, with spaces between; * for all
SPACES = "https://huggingface.co https://*.hf.space"
HTTPS = {"Strict-Transport-Security": "max-age=31536000"}  # a year; its subdomains are others' to decide
_ORIGIN = re.compile(r"(https?://(\*\.)?[\w.-]+(:\d+)?|\*)")


def embedders_from_environment() -> str:
    """TORCH_EXPLORABLES_EMBED; raises ValueError when a part of it is no origin."""
    given = os.environ.get(VARIABLE, "").split()
    for origin in given:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{VARIABLE} must hold origins such as https://example.org, not {origin!r}.")
    return " ".join(given)


def policy(embedders: str = "") -> str:
    """The Content-Security-Policy. Gradio's page needs its inline scripts and `new Function`; nothing comes from elsewhere."""
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self'{' https://huggingface.co' if os.environ.get('SPACE_ID') else ''}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors 'self' {SPACES} {embedders}".rstrip(),
        ]
    )


class SafeHeaders:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp, embedders: str = "") -> None:
        self.app = app
        self.added = {
            "Content-Security-Policy": policy(embedders),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",  # the address holds what a visitor typed
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",  # frames, and sites that may ask, are not what it forbids
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.added | (HTTPS if is_https(scope) else {}))
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
