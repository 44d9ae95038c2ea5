"""The page: a header with the way through the app, home, and a place for each lesson, which is drawn when it is first shown."""

import gradio as gr
from markupsafe import Markup

from components import CHAPTERS
from components.api import expose
from components.assets import BASE
from components.bundle import NAME
from components.home import home
from components.nav import TITLE, header
from serving.addresses import ENDPOINTS

LESSONS = tuple(slug for chapter in CHAPTERS for slug in chapter.lessons)
ROOT = "const root = window.gradio_config?.root ?? location.origin;"
START = f"{ROOT} import(`${{root}}/{BASE}/js/{NAME}`).then(({{ modules }}) => modules.site.start());"
PLACES = f"{ROOT} import(`${{root}}/{BASE}/js/{NAME}`).then(({{ modules }}) => modules.site.stage(element));"
ENLIVEN = f"""
document.getElementById("home").hidden = new URLSearchParams(location.search).has("lesson"); // before anything is loaded
{ROOT} import(`${{root}}/{BASE}/js/{NAME}`).then(({{ modules }}) => modules.home.enliven(element));
"""


def build() -> gr.Blocks:
    """Home stands at the bare address, a lesson at ?lesson=<slug>."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as demo:
        _html(header(), "site-header", START)
        _html(home(), "home", ENLIVEN)
        _html(stage(), "stage", PLACES)
    with demo.route(
        "Endpoints", ENDPOINTS
    ):  # apart, and never shown: who opens a lesson is not sent what describes them
        for slug in LESSONS:
            expose(slug)
    return demo


def stage() -> str:
    """A place for each lesson."""
    return Markup("").join(
        Markup('<div class="lesson-place" id="page-{0}" data-place="{0}" hidden></div>').format(slug)
        for slug in LESSONS
    )


def _html(value: str, name: str, script: str) -> gr.HTML:
    return gr.HTML(value, js_on_load=script, apply_default_css=False, elem_id=name)
