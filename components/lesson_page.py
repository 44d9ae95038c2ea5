"""One lesson as a gr.HTML whose own JavaScript draws it. Nothing is mounted, nor computed, before its tab is opened."""

from typing import Any

import gradio as gr
from starlette.responses import Response

from components.answer import lesson_of, opening, state_json, to_json
from components.assets import BASE
from components.runs import calling, settled
from explorable.params import BadParam, read, shorten

MOUNT = f"""
const root = window.gradio_config?.root ?? location.origin;
import(`${{root}}/{BASE}/js/page.js`).then(({{ mount }}) => mount(element, props.slug, props.value, server, props.lessons));
"""


def lesson_page(slug: str, lessons: tuple[str, ...]) -> gr.HTML:
    """A lesson's page. The first one of the app knows all slugs and carries its opening state in the page itself."""
    first = slug == lessons[0]
    return gr.HTML(
        value=opening(slug, {}) if first else None,
        html_template="",
        js_on_load=MOUNT,
        apply_default_css=False,
        elem_id=f"page-{slug}",
        server_functions=[_restore(slug, lessons), _update(slug)],
        slug=slug,
        lessons=list(lessons) if first else None,
    )


def _restore(slug: str, lessons: tuple[str, ...]) -> Any:
    def restore(query: Any) -> Response:
        """The page as a link opens it; whatever the link gets wrong falls to its default and is named."""
        asked = {str(key): str(value) for key, value in query.items()} if isinstance(query, dict) else {}
        known = asked.get("lesson", slug) in lessons
        opened = opening(slug, asked if known else {})
        if not known:
            opened["state"]["notes"].insert(0, f"There is no lesson {shorten(asked['lesson'])}; this is {slug}.")
        return _json(to_json(opened))

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
