"""The bank of questions: every prediction that a class can vote on, and what its page shows once it is answered."""

from functools import cache
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classroom.bank import Choice, Question
from components import CHAPTERS
from components.answer import kept_shown_json, lesson_of, shown_json, to_json
from components.runs import settled
from explorable.lesson import Lesson, Prediction
from explorable.params import BadParam, to_query

FEWEST = 3  # choices: of two, half of who guesses is right
AT_ONCE = CapacityLimiter(4)  # answers that are computed; the others wait, and find most of them made


@cache
def bank() -> dict[str, Question]:
    """By name, in the order of the lessons."""
    lessons = [(chapter.title, lesson_of(slug)) for chapter in CHAPTERS for slug in chapter.lessons]
    questions = [
        _question(title, lesson, one) for title, lesson in lessons for one in lesson.predictions if _votes(one)
    ]
    return {question.name: question for question in questions}


def _votes(prediction: Prediction) -> bool:
    return len(prediction.choices) >= FEWEST


def _question(chapter: str, lesson: Lesson, asked: Prediction) -> Question:
    return Question(
        f"{lesson.slug}.{asked.id}",
        lesson.title,
        chapter,
        asked.question,
        tuple(Choice(one.text, one.reply) for one in asked.choices),
        asked.answer,
        f"{to_query(lesson.slug, lesson.Params(**asked.show))}&q={asked.id}&answered=1",
    )


def _asked(name: str) -> tuple[str, Prediction]:
    """The lesson's slug and the question; raises KeyError when there is none of this name."""
    bank()[name]
    slug, _, id_ = name.partition(".")
    return slug, next(one for one in lesson_of(slug).predictions if one.id == id_)


def _computed(slug: str, params: Any) -> bytes:
    return settled(slug, params) if lesson_of(slug).button else shown_json(slug, params)


async def _answer(request: Request) -> Response:
    """The question's Params, run: the state of its lesson's page, and the key of the cell that decides it."""
    try:
        slug, asked = _asked(request.path_params["name"])
    except KeyError:
        raise HTTPException(404, "There is no question of this name.") from None
    params = lesson_of(slug).Params(**asked.show)
    try:
        kept = kept_shown_json(slug, params)
        body = kept if kept is not None else await run_sync(_computed, slug, params, limiter=AT_ONCE)
    except BadParam as problem:
        body = to_json({"problem": str(problem)})
    keep = "no-store" if body.startswith(b'{"problem"') else "public, max-age=600"
    answer = b'{"ring":%s,%s' % (to_json(asked.ring), body[1:])
    return Response(answer, media_type="application/json", headers={"Cache-Control": keep})


def routes() -> list[Route]:
    """GET /explorables/question/<name>: what torch answers, computed once for a whole class."""
    return [Route("/explorables/question/{name}", _answer)]
