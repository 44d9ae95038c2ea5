"""How a public app is served: limits, headers, compression and the page's own files."""

from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from components.assets import HEAD, routes
from components.calls import CheckCalls
from components.runs import routes as run_routes
from components.site import LESSONS
from serving.doors import OpenDoors
from serving.headers import SafeHeaders, embedders_from_environment
from serving.health import route as health_route
from serving.limits import LimitBody
from serving.rate import LimitRate, rate_from_environment
from serving.unread import BoundUnread

THEME = gr.themes.Base(
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "monospace"],
)


def launch_settings() -> dict[str, Any]:
    """Keyword arguments for `Blocks.launch`, measured in the notes of the project: no SSR, no uploads of size, no extras."""
    return {
        "theme": THEME,
        "head": HEAD,
        "ssr_mode": False,
        "show_error": False,
        "max_file_size": "1mb",
        "enable_monitoring": False,
        "run_history": False,
        "footer_links": [],
        "state_session_capacity": 600,
        "strict_cors": True,
        "allowed_paths": [],
        "mcp_server": False,
        "pwa": False,
        "app_kwargs": {
            "routes": [health_route(), *routes(), *run_routes(LESSONS)],
            "middleware": middleware(),
        },
    }


def middleware() -> list[Middleware]:
    """What a request passes, outermost first. None of it holds back an answer that comes in pieces."""
    return [
        Middleware(SafeHeaders, embedders=embedders_from_environment()),
        Middleware(OpenDoors),
        Middleware(LimitRate, rate=rate_from_environment()),
        Middleware(LimitBody),
        Middleware(CheckCalls),
        Middleware(BoundUnread),
        Middleware(GZipMiddleware, minimum_size=2000),
    ]
