"""Whether the process answers: for a container, a proxy or a Space. Needs no thread, so a busy app is not a dead one."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def _healthz(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok", headers={"Cache-Control": "no-store"})


def route() -> Route:
    """GET /healthz: 200 from the first moment on, also while models load."""
    return Route("/healthz", _healthz)
