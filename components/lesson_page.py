"""One lesson as a gr.HTML whose own JavaScript draws it. Nothing is drawn, nor computed, before it is opened."""

import gradio as gr

from components.assets import BASE
from components.bundle import NAME

OFFER = f"""
const root = window.gradio_config?.root ?? location.origin;
import(`${{root}}/{BASE}/js/{NAME}`).then(({{ modules }}) => modules.site.lesson(props.slug, element));
"""


def lesson_page(slug: str) -> gr.HTML:
    """The place of a lesson's page, which asks at the door of door.py."""
    return gr.HTML(html_template="", js_on_load=OFFER, apply_default_css=False, elem_id=f"page-{slug}", slug=slug)
