"""What a visitor takes away of the state on screen: a notebook, or the program as a file."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from components import gpu
from components.answer import computed, lesson_of, question_of
from components.document import root_of
from components.runs import calling
from components.site import LESSONS
from explorable.lesson import Lesson
from explorable.notebook import Taken, as_notebook, as_python
from explorable.params import BadParam, read, to_query
from serving.bodies import Refused, json_object

FORMS: dict[str, tuple[Callable[[Taken], str], str]] = {
    "ipynb": (as_notebook, "application/x-ipynb+json"),
    "py": (as_python, "text/x-python"),
}
AT_ONCE = 2  # threads apart from those that answer the page


def taken(slug: str, params: Any, q: str = "", root: str = "") -> Taken:
    """The state of these Params with the question that `q` names by its id or its number, else the first; `root`: the app's address."""
    lesson = lesson_of(slug)
    asked = question_of(lesson, q) or lesson.predictions[0]
    link = f"{root}?{to_query(slug, params)}&q={asked.id}" if root else ""
    return Taken(lesson, params, asked, link, os.environ.get("SPACE_ID", ""), _ending(lesson, params))


def _ending(lesson: Lesson, params: Any) -> Any:
    """The error with which the program ends; only one that teaches errors is asked, and the page has asked it before."""
    if not lesson.program.raises:
        return None
    with calling() if lesson.button else nullcontext():
        return computed(lesson.slug, params).result.error


def routes() -> list[Route]:
    """POST /explorables/take/<slug>.ipynb (or .py) with {"params": {...}, "q": "..."}: the file, or 400 with one sentence."""
    limiter = CapacityLimiter(AT_ONCE)

    async def take(request: Request) -> Response:
        slug, form = request.path_params["slug"], request.path_params["form"]
        if slug not in LESSONS or form not in FORMS:
            raise HTTPException(404, "There is no such file.")
        gpu.asked_by(request)
        try:
            params, q = await _read(request)
            return await run_sync(_file, slug, form, params, q, root_of(request), limiter=limiter)
        except (BadParam, Refused) as problem:
            return PlainTextResponse(str(problem), 400)
        except ClientDisconnect:  # nobody is there to be told
            return Response(status_code=400)

    return [Route("/explorables/take/{slug}.{form}", take, methods=["POST"])]


async def _read(request: Request) -> tuple[dict[str, Any], str]:
    """The Params, not yet checked, and the question; raises Refused where the body is anything else."""
    body = json_object(await request.body())
    match body:
        case {"params": dict(params), **rest} if isinstance(rest.get("q", ""), str):
            return params, rest.get("q", "")
    raise Refused(400, 'The body must be {"params": {...}, "q": "..."}.')


def _file(slug: str, form: str, values: dict[str, Any], q: str, root: str) -> Response:
    write, kind = FORMS[form]
    text = write(taken(slug, read(lesson_of(slug).Params, values), q, root))
    headers = {"Content-Disposition": f'attachment; filename="{slug}.{form}"', "Cache-Control": "no-store"}
    return Response(text, media_type=kind, headers=headers)
