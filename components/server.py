"""How a public app is served: limits, headers, compression and the page's own files."""

from functools import partial
from typing import Any

import gradio as gr
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from components.answer import lesson_of, state, to_json
from components.api import arguments
from components.assets import HEAD, routes
from components.document import routes as document_routes
from components.door import routes as door_routes
from components.search import routes as search_routes
from components.site import LESSONS
from components.takeaway import routes as takeaway_routes
from components.teach import routes as teach_routes
from components.thumbs import routes as thumb_routes
from components.worksheet import routes as worksheet_routes
from lessons.shipped import damaged
from serving.addresses import ReadAddress
from serving.bounded_bodies import BoundBodies
from serving.calls import ReadCalls
from serving.cost import BoundCost, Cost
from serving.doors import OpenDoors
from serving.headers import SafeHeaders, embedders_from_environment
from serving.health import Check, Health
from serving.limits import LimitBody
from serving.origins import JsonBodies
from serving.outermost import outermost
from serving.rate import LimitRate, rate_from_environment
from serving.same_for_all import SameForAll, pages
from serving.streams import KnownStreams
from serving.unread import BoundUnread

THEME = gr.themes.Base(
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "monospace"],
)


def launch_settings() -> dict[str, Any]:
    """Keyword arguments for `Blocks.launch`, for a public app: no SSR, no uploads of size, no extras."""
    cost = Cost()
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
            "routes": [
                *routes(),
                *door_routes(LESSONS, cost),
                *takeaway_routes(),
                *search_routes(),
                *document_routes(),
                *thumb_routes(),
                *teach_routes(),
                *worksheet_routes(),
            ],
            "middleware": middleware(cost),
            "lifespan": outermost,
        },
    }


def _those(what: str) -> frozenset[str]:
    """The lessons that have a button, or are slow."""
    return frozenset(slug for slug in LESSONS if getattr(lesson_of(slug), what))


def health_checks() -> dict[str, Check]:
    """Beside the page itself: the first lesson's picture is drawn, on a thread of its own, so that a busy app is not a dead one."""
    limiter, slug = CapacityLimiter(1), LESSONS[0]

    def draw() -> None:
        to_json(state(slug, lesson_of(slug).Params()))

    async def lesson_is_drawn() -> None:
        await run_sync(draw, limiter=limiter)

    return {f"The lesson {slug} cannot be drawn.": lesson_is_drawn}


def middleware(cost: Cost) -> list[Middleware]:
    """What a request passes, outermost first. None of it holds back an answer that comes in pieces."""
    return [
        Middleware(SafeHeaders, embedders=embedders_from_environment()),
        Middleware(OpenDoors),
        Middleware(ReadAddress),
        Middleware(JsonBodies),
        Middleware(LimitRate, rate=rate_from_environment()),
        Middleware(LimitBody),
        Middleware(BoundBodies),
        Middleware(ReadCalls, endpoints={slug: arguments(slug) for slug in LESSONS}),
        Middleware(BoundCost, cost=cost, runs=_those("button"), slow=_those("slow")),
        Middleware(KnownStreams),
        Middleware(BoundUnread),
        Middleware(SameForAll, key=pages),
        Middleware(GZipMiddleware, minimum_size=2000, compresslevel=5),
        Middleware(Health, checks=health_checks(), lacks=partial(run_sync, damaged)),
    ]
