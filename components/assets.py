"""The page's own files, under names that change when their content does: serving/same_for_all.py keeps them for good."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles

from components.bundle import NAME, SCRIPTS, bundle, modules, stand_in
from components.version import what_answers

ASSETS = Path(__file__).parent.parent / "assets"
STYLES = sorted((ASSETS / "css").glob("*.css"))
LATE = ASSETS / "css" / "late"  # what only who presents or shares needs


def _digest() -> str:
    files = [*sorted(SCRIPTS.rglob("*.js")), *STYLES, *sorted(LATE.iterdir())]
    parts = [what_answers(), bundle().encode(), *(file.read_bytes() for file in files)]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


VERSION = _digest()  # of the page's files and of every answer; the page asks its own, whichever app it has come to
BASE = f"explorables/{VERSION}"  # relative to the page, whatever path a proxy serves it under
HEAD = "\n".join(
    [
        f'<script type="module" src="{BASE}/js/{NAME}"></script>',
        f'<link rel="stylesheet" href="{BASE}/style.css">',
        '<meta name="description" content="Change one thing about PyTorch and see what really happens.">',
    ]
)


def _style(_: object) -> Response:
    css = "\n".join(file.read_text() for file in STYLES)
    return Response(css, media_type="text/css")


def routes() -> list[BaseRoute]:
    """Scripts and the joined style sheet."""
    return [
        Route(f"/{BASE}/style.css", _style),
        *(Route(f"/{BASE}/js/{name}", _script(text)) for name, text in _joined().items()),
        _folder("js", SCRIPTS),
        _folder("css", LATE),
    ]


def _joined() -> dict[str, str]:
    """What the scripts' folder does not hold as it is served: the file that joins some of them, and their stand-ins."""
    return {NAME: bundle(), **{f"{name}.js": stand_in(name) for name in modules()}}


def _script(text: str) -> Callable[[Request], Response]:
    return lambda _: Response(text, media_type="text/javascript")


def _folder(name: str, directory: Path) -> Route:
    """A folder's files. No Mount: it finds nothing behind a proxy that cuts off the path it shows the app under."""
    files = StaticFiles(directory=directory)

    async def file(request: Request) -> Response:
        return await files.get_response(request.path_params["path"], request.scope)

    return Route(f"/{BASE}/{name}/{{path:path}}", file)
