"""The way through the app, on every page: the name, a tab for each chapter, and for each lesson of the chapter on screen."""

from markupsafe import Markup

from components import CHAPTERS
from components.answer import lesson_of
from components.chapter import Chapter

TITLE = "Torch Explorables"


def header() -> str:
    """The tabs are links, so that each can be opened in a window of its own. assets/js/site.js shows the lessons of one chapter."""
    chapters = Markup("").join(map(_chapter_tab, CHAPTERS))
    lists = Markup("").join(map(_lesson_tabs, CHAPTERS))
    return Markup(
        '<a class="skip" href="#stage">Skip to the content</a>'
        '<header class="site"><h1><a href="./" data-home>{}</a></h1>'
        '<nav aria-label="Chapters"><div role="tablist" aria-label="Chapters" class="chapters">{}</div></nav>'
        '<div class="search-box" data-part="search"></div></header>'
        '<nav class="lessons" aria-label="Lessons of this chapter" hidden>'
        '<a class="step" data-step="prev" hidden>‹</a>'
        '<button type="button" class="place" aria-expanded="false" aria-controls="lesson-tabs"></button>'
        '<div id="lesson-tabs">{}</div>'
        '<a class="step" data-step="next" hidden>›</a></nav>'
    ).format(TITLE, chapters, lists)


def _chapter_tab(chapter: Chapter) -> Markup:
    return Markup(
        '<a role="tab" aria-selected="false" id="chapter-{0}" data-chapter="{0}" href="?lesson={1}">{2}</a>'
    ).format(chapter.slug, chapter.lessons[0], chapter.title)


def _lesson_tabs(chapter: Chapter) -> Markup:
    tabs = Markup("").join(
        Markup(
            '<a role="tab" aria-selected="false" id="lesson-{0}" data-lesson-tab="{0}" href="?lesson={0}">{1}</a>'
        ).format(slug, lesson_of(slug).title)
        for slug in chapter.lessons
    )
    return Markup('<div role="tablist" aria-label="Lessons of {}" data-of="{}" hidden>{}</div>').format(
        chapter.title, chapter.slug, tabs
    )
