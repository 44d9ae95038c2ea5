"""One lesson as a gr.HTML whose own JavaScript draws it. Nothing is drawn, nor computed, before it is opened."""

from typing import Any

import gradio as gr
from starlette.responses import Response

from components.answer import lesson_of, opening, state_json, to_json
from components.assets import BASE
from components.bundle import NAME
from components.runs import calling, settled
from explorable.params import BadParam, read

OFFER = f"""
const root = window.gradio_config?.root ?? location.origin;
import(`${{root}}/{BASE}/js/{NAME}`).then(({{ modules }}) => modules.site.lesson(props.slug, element, server));
"""


def lesson_page(slug: str) -> gr.HTML:
    """The place of a lesson's page, and the two functions that answer it."""
    return gr.HTML(
        html_template="",
        js_on_load=OFFER,
        apply_default_css=False,
        elem_id=f"page-{slug}",
        server_functions=[_restore(slug), _update(slug)],
        slug=slug,
    )


def _restore(slug: str) -> Any:
    def restore(query: Any) -> Response:
        """The page as a link opens it; whatever the link gets wrong falls to its default and is named."""
        asked = {str(key): str(value) for key, value in query.items()} if isinstance(query, dict) else {}
        return _json(to_json(opening(slug, asked)))

    return restore


def _update(slug: str) -> Any:
    def update(values: Any) -> Response:
        """The page for these values; a value out of range is answered with one sentence."""
        try:
            params = read(lesson_of(slug).Params, values if isinstance(values, dict) else {})
            if not lesson_of(slug).button:
                return _json(state_json(slug, params))
            with calling():
                return _json(settled(slug, params))
        except BadParam as problem:
            return _json(to_json({"problem": str(problem)}))

    return update


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
