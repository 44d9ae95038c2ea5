"""The page: a header, a tab for each chapter and in it one for each lesson."""

import json
from importlib.metadata import version
from typing import Any

import gradio as gr

from components import CHAPTERS
from components.answer import lesson_of
from components.api import expose
from components.assets import BASE
from components.lesson_page import lesson_page

TITLE = "Torch Explorables"
LESSONS = tuple(slug for chapter in CHAPTERS for slug in chapter.lessons)
FOLLOW = f"""
const root = window.gradio_config?.root ?? location.origin;
import(`${{root}}/{BASE}/js/tabs.js`).then(({{ follow }}) => follow(() => trigger("navigate")));
"""


def build() -> gr.Blocks:
    """All chapters; the first lesson of the first chapter is the one that opens."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as demo:
        header = gr.HTML(_header(), js_on_load=FOLLOW, apply_default_css=False, elem_id="site-header")
        with gr.Tabs(elem_id="chapters") as chapters:
            inner = [_chapter(chapter) for chapter in CHAPTERS]
        header.navigate(None, None, [chapters, *inner], js=_select_tabs(), api_visibility="private")
        for slug in LESSONS:
            expose(slug)
    return demo


def _chapter(chapter: Any) -> gr.Tabs:
    with gr.Tab(chapter.title, id=chapter.slug, elem_id=f"chapter-{chapter.slug}"), gr.Tabs() as lessons:
        for slug in chapter.lessons:
            with gr.Tab(lesson_of(slug).title, id=slug, elem_id=f"lesson-{slug}"):
                lesson_page(slug, LESSONS)
    return lessons


def _header() -> str:
    return (
        f"<header><h1>{TITLE}</h1><p>Change one thing about PyTorch and see what really happens. "
        f"Every number comes from torch {version('torch')}.</p></header>"
    )


def _select_tabs() -> str:
    """JavaScript: the updates that select the tabs of the lesson named by the address, without a request."""
    where = {slug: [index, chapter.slug] for index, chapter in enumerate(CHAPTERS) for slug in chapter.lessons}
    return f"""() => {{
        const where = {json.dumps(where)};
        const first = Object.keys(where)[0];
        const asked = new URLSearchParams(location.search).get("lesson");
        const slug = asked in where ? asked : first;
        const [chapter, id] = where[slug];
        const keep = {{ __type__: "update" }};
        const lessons = Array.from({{ length: {len(CHAPTERS)} }}, (_, i) => i === chapter ? {{ selected: slug, ...keep }} : keep);
        return [{{ selected: id, ...keep }}, ...lessons];
    }}"""
