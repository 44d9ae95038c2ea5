"""The one door of the page: a change, an opened link and a run are one request, with one answer or a stream of them.

GET  /explorables/ask/<version>/<slug>?p=0.3           the state for these Params; what is left out has its default
GET  /explorables/ask/<version>/<slug>?lesson=<slug>   the lesson as this link opens it
POST with {"params": {...}} or {"link": {...}}         the same for the words of a visitor, which stay out of addresses
POST with {"params": {...}, "again": true}             measured anew
GET or POST .../<slug>/ran                             beside each line the operators that torch dispatches for these Params

A lesson with a button answers with the news of its run, as server-sent events, unless its state is kept. Whatever is refused
is text in one sentence: 400 what is no value, 429 what is too much now.
"""

import gzip
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from components import gpu
from components.answer import (
    forget,
    kept_operators,
    kept_zip,
    lesson_of,
    opening,
    operators_zip,
    state_zip,
    tells_operators,
)
from components.assets import VERSION
from components.runs import follow
from components.warm import VISITS
from explorable.lesson import Lesson
from explorable.params import BadParam, in_own_words, read, read_written
from serving.bodies import Refused, json_object
from serving.cost import Busy, Cost, too_much
from serving.doors import ASK
from serving.limits import announced
from serving.same_for_all import FOR_GOOD
from serving.visitor import visitor_of

BODY = 'The body must be {"params": {...}} or {"link": {...}}.'
NO_OPERATORS = "Operators are told for params, of a lesson without a button."


class Asked(NamedTuple):
    """What a request asks for: `params`, or what `link` opens."""

    params: Any = None
    link: Mapping[str, str] | None = None
    again: bool = False
    size: int = 0  # bytes of the body


Reply = Callable[[Request, Lesson, Asked, Cost], Awaitable[Response]]


def routes(slugs: tuple[str, ...], cost: Cost) -> list[Route]:
    async def ask(request: Request) -> Response:
        return await _replied(request, slugs, cost, _answer)

    async def ran(request: Request) -> Response:
        return await _replied(request, slugs, cost, _operators)

    path, methods = f"{ASK}{{version}}/{{slug}}", ["GET", "POST"]
    return [Route(path, ask, methods=methods), Route(f"{path}/ran", ran, methods=methods)]


async def _replied(request: Request, slugs: tuple[str, ...], cost: Cost, reply: Reply) -> Response:
    slug = request.path_params["slug"]
    if slug not in slugs:
        return PlainTextResponse("There is no lesson of this name.", 404)
    if cost.refuses(visitor_of(request.scope), announced(request.scope)):
        return too_much()
    try:
        return await reply(request, lesson_of(slug), await _asked(request, lesson_of(slug)), cost)
    except (BadParam, Refused) as problem:
        return PlainTextResponse(str(problem), 400)
    except Busy:
        return too_much()
    except ClientDisconnect:  # no failure of the app: nobody is there to be told
        return Response(status_code=400)


async def _asked(request: Request, lesson: Lesson) -> Asked:
    """Raises BadParam or Refused where it is nothing that can be answered."""
    if request.method != "POST":
        query = dict(request.query_params)
        return Asked(link=query) if "lesson" in query else Asked(read_written(lesson.Params, query))
    body = await request.body()
    asked = json_object(body)
    match asked:
        case {"link": dict(link), **rest} if not rest:
            return Asked(link={name: str(value) for name, value in link.items()}, size=len(body))
        case {"params": dict(params), **rest} if rest.keys() <= {"again"}:
            return Asked(read(lesson.Params, params), again=rest.get("again") is True, size=len(body))
    raise Refused(400, BODY)


async def _answer(request: Request, lesson: Lesson, asked: Asked, cost: Cost) -> Response:
    gpu.asked_by(request)
    VISITS.happen()
    if asked.link is not None:
        opened = await _computed(request, asked, lesson, cost, partial(opening, lesson.slug, asked.link))
        return _sent(request, lesson, opened.body, opened.lasting)
    if asked.again and lesson.measured:
        forget(lesson.slug, asked.params)
    if (kept := kept_zip(lesson.slug, asked.params)) is not None:
        return _sent(request, lesson, kept, not in_own_words(asked.params))
    if lesson.button:
        return await _news(follow(lesson.slug, asked.params, visitor_of(request.scope)))
    made = await _computed(request, asked, lesson, cost, partial(state_zip, lesson.slug, asked.params))
    is_kept = kept_zip(lesson.slug, asked.params) is not None
    return _sent(request, lesson, made, is_kept and not in_own_words(asked.params))


async def _operators(request: Request, lesson: Lesson, asked: Asked, cost: Cost) -> Response:
    if not tells_operators(lesson.slug) or asked.link is not None:
        raise Refused(400, NO_OPERATORS)
    VISITS.happen()
    made = kept_operators(lesson.slug, asked.params)
    if made is None:
        made = await _computed(request, asked, lesson, cost, partial(operators_zip, lesson.slug, asked.params))
    return _sent(request, lesson, made, not in_own_words(asked.params))


async def _computed(request: Request, asked: Asked, lesson: Lesson, cost: Cost, compute: Callable[[], Any]) -> Any:
    async with cost.turn(visitor_of(request.scope), asked.size, lesson.slow):
        return await run_sync(compute)


def _sent(request: Request, lesson: Lesson, body: bytes, lasting: bool) -> Response:
    """A compressed answer; for good where the address says all of what it depends on."""
    lasting = lasting and request.method != "POST" and not lesson.measured
    lasting = lasting and request.path_params["version"] == VERSION
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"Cache-Control": FOR_GOOD if lasting else "no-store", "Vary": "Accept-Encoding"}
    if lasting:
        headers["ETag"] = etag
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return Response(body, media_type="application/json", headers=headers)


async def _news(coming: AsyncGenerator[bytes, None]) -> Response:
    """What comes of a run, as it comes; 429 where it may not begin now."""
    try:
        first = await anext(coming)
    except BadParam as full:
        return PlainTextResponse(str(full), 429, headers={"Retry-After": "2"})

    async def events() -> AsyncIterator[bytes]:
        try:
            yield _event(first)
            async for message in coming:
                yield _event(message)
        finally:
            await coming.aclose()  # who leaves stops watching

    return StreamingResponse(
        events(), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def _event(message: bytes) -> bytes:
    return b"data: %s\n\n" % message if message else b": still here\n\n"
