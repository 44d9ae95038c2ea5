"""The page: a header with the way through the app, home, and a place for each lesson, which is drawn when it is first shown."""

import gradio as gr

from components import CHAPTERS
from components.api import expose
from components.assets import BASE
from components.bundle import NAME
from components.home import home
from components.lesson_page import lesson_page
from components.nav import TITLE, header

LESSONS = tuple(slug for chapter in CHAPTERS for slug in chapter.lessons)
ROOT = "const root = window.gradio_config?.root ?? location.origin;"
START = f"{ROOT} import(`${{root}}/{BASE}/js/{NAME}`).then(({{ modules }}) => modules.site.start());"
ENLIVEN = f"""
document.getElementById("home").hidden = new URLSearchParams(location.search).has("lesson"); // before anything is loaded
{ROOT} import(`${{root}}/{BASE}/js/{NAME}`).then(({{ modules }}) => modules.home.enliven(element));
"""


def build() -> gr.Blocks:
    """Home stands at the bare address, a lesson at ?lesson=<slug>."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as demo:
        _html(header(), "site-header", START)
        _html(home(), "home", ENLIVEN)
        for slug in LESSONS:
            lesson_page(slug)
        for slug in LESSONS:
            expose(slug)
    return demo


def _html(value: str, name: str, script: str) -> gr.HTML:
    return gr.HTML(value, js_on_load=script, apply_default_css=False, elem_id=name)
