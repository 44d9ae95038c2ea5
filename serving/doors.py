"""Which of Gradio's addresses are open. The page uploads nothing, fetches nothing for a visitor and serves no visitor's file."""

from starlette._utils import get_route_path
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

API = "/gradio_api/"
ASK = "/explorables/ask/"  # ours, behind which lessons are computed: <version>/<slug>
LONGEST_NAME = 255  # bytes; no file system knows a file with a longer one, and asking for it is an error
OPEN = {  # the first part of what follows /gradio_api/
    "api",
    "app_id",
    "call",
    "cancel",
    "heartbeat",
    "info",
    "login_check",
    "openapi.json",
    "queue",
    "reset",
    "run",
    "startup-events",
    "theme.css",
    "user",
}
CLOSED = {"dev", "deep_link", "endpoints", "login", "logout", "monitoring", "openapi.json", "pwa_icon", "vibe-edit"}


def is_open(path: str) -> bool:
    """Whether the app answers under this path. A Gradio that gains routes does not open them here."""
    if any(len(part.encode()) > LONGEST_NAME for part in path.split("/")):
        return False
    if path.startswith(API):
        return path.removeprefix(API).split("/")[0] in OPEN and "/v2/" not in path
    return path.lstrip("/").split("/")[0] not in CLOSED


class OpenDoors:
    """Answers 404 to whatever is not open."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_open(get_route_path(scope)):
            return await PlainTextResponse("There is nothing here.", 404)(scope, receive, send)
        await self.app(scope, receive, send)
