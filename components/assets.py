"""The page's own files, served with names that change when their content does, so browsers keep them for good."""

import hashlib
import json
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from figures.charts import PLOTLY_JS

ASSETS = Path(__file__).parent.parent / "assets"
SCRIPTS = ASSETS / "js"
STYLES = sorted((ASSETS / "css").glob("*.css"))
LATE = ASSETS / "css" / "late"  # what only who presents or shares needs


def _digest() -> str:
    files = [*sorted(SCRIPTS.rglob("*.js")), *STYLES, *sorted(LATE.iterdir()), PLOTLY_JS]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


BASE = f"explorables/{_digest()}"  # relative to the page, whatever path a proxy serves it under
HOME = ("site", "address", "memory", "home", "dom", "search")  # the scripts that home needs at once
LESSON = (  # those of a lesson
    "site",
    "address",
    "anatomy",
    "ask",
    "page",
    "code",
    "controls",
    "dom",
    "figure",
    "memory",
    "scrub",
    "traps",
    "veil",
    "color",
    "views/small",
    "cube/svg",
    "views/grid",
    "views/error",
)
PRELOAD = f"""<script>
for (const name of new URLSearchParams(location.search).has("lesson") ? {json.dumps(LESSON)} : {json.dumps(HOME)}) {{
  const link = document.createElement("link");
  Object.assign(link, {{ rel: "modulepreload", href: `{BASE}/js/${{name}}.js` }});
  document.head.append(link);
}}
</script>"""
HEAD = "\n".join(
    [
        f'<script type="module" src="{BASE}/js/english.js"></script>',
        f'<link rel="stylesheet" href="{BASE}/style.css">',
        PRELOAD,
        '<meta name="description" content="Change one thing about PyTorch and see what really happens.">',
    ]
)


class _Kept(StaticFiles):
    """Static files that never change under their address."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _style(_: object) -> Response:
    css = "\n".join(file.read_text() for file in STYLES)
    return Response(css, media_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"})


def routes() -> list[BaseRoute]:
    """Scripts, the joined style sheet, and the plotly.min.js that the installed plotly package carries."""
    return [
        Route(f"/{BASE}/style.css", _style),
        _folder("js", SCRIPTS),
        _folder("css", LATE),
        _folder("plotly", PLOTLY_JS.parent),
    ]


def _folder(name: str, directory: Path) -> Route:
    """A folder's files. No Mount: it finds nothing behind a proxy that cuts off the path it shows the app under."""
    files = _Kept(directory=directory)

    async def file(request: Request) -> Response:
        return await files.get_response(request.path_params["path"], request.scope)

    return Route(f"/{BASE}/{name}/{{path:path}}", file)
