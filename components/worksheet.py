"""A chapter on paper: its questions with choices to tick, and behind them the key on pages of its own."""

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from components import CHAPTERS
from components.answer import lesson_of
from components.assets import BASE
from components.chapter import Chapter
from components.document import page
from components.text import rich
from explorable.lesson import Lesson, Prediction

LETTERS = "ABCDEFGH"


def routes() -> list[Route]:
    return [Route("/worksheet/{chapter}", _worksheet)]


def offers() -> Markup:
    """Links to all worksheets."""
    links = (Markup('<a href="worksheet/{}">{}</a>').format(chapter.slug, chapter.title) for chapter in CHAPTERS)
    return Markup(", ").join(links)


async def _worksheet(request: Request) -> Response:
    chapter = next((one for one in CHAPTERS if one.slug == request.path_params["chapter"]), None)
    if chapter is None:
        raise HTTPException(404)
    about = f"The questions of the chapter {chapter.title}, to print; the key begins on a page of its own."
    return page(request, f"{chapter.title}: worksheet", about, _body(chapter))


def _body(chapter: Chapter) -> Markup:
    """The questions are numbered through the chapter, and the key has the same numbers."""
    lessons = [lesson_of(slug) for slug in chapter.lessons]
    asked, told, number = [], [], 1
    for lesson in lessons:
        asked.append(_part(lesson, number, Markup("").join(map(_question, lesson.predictions))))
        told.append(_part(lesson, number, Markup("").join(map(_answer, lesson.predictions))))
        number += len(lesson.predictions)
    return Markup(
        '<link rel="stylesheet" href="{3}/css/worksheet.css"><div class="worksheet"><h1>{0}</h1>'
        '<p class="lead">Choose first. Then open the lesson, and let torch answer.</p>'
        '{1}<section class="key"><h1>{0}: key</h1>{2}</section></div>'
    ).format(chapter.title, Markup("").join(asked), Markup("").join(told), BASE)


def _part(lesson: Lesson, number: int, items: Markup) -> Markup:
    return Markup('<h2>{} <a class="where" href="./?lesson={}">?lesson={}</a></h2><ol start="{}">{}</ol>').format(
        lesson.title, lesson.slug, lesson.slug, number, items
    )


def _question(asked: Prediction) -> Markup:
    choices = (
        Markup("<li>☐ {}. {}</li>").format(letter, rich(one.text))
        for letter, one in zip(LETTERS, asked.choices, strict=False)
    )
    return Markup('<li><p class="asks">{}</p><ul>{}</ul></li>').format(rich(asked.question), Markup("").join(choices))


def _answer(asked: Prediction) -> Markup:
    return Markup("<li><strong>{}. {}</strong> {}</li>").format(
        LETTERS[asked.answer], rich(asked.right.text), rich(asked.right.reply)
    )
