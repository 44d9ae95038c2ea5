"""How a public app is served: limits, headers, compression and the page's own files."""

from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from components.assets import HEAD, routes
from components.limits import LimitBody
from components.runs import route as run_route
from components.site import LESSONS

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
            "routes": [*routes(), run_route(LESSONS)],
            "middleware": [Middleware(LimitBody), Middleware(GZipMiddleware, minimum_size=2000)],
        },
    }
