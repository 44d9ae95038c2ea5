"""What the pages of a room ask the server. Every answer is JSON; a refusal is {"problem": one sentence}."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from classroom import bodies
from classroom.ballots import Vote
from classroom.check import summary
from classroom.codes import read_code
from classroom.doors import Doors
from classroom.paths import PATHS
from classroom.phases import FOLLOWS
from classroom.refused import Refused
from classroom.service import Service
from classroom.store import Seen, Store
from classroom.tables import as_csv
from classroom.views import summarised

Handler = Callable[[Request], Awaitable[Response]]
FRESH = {"Cache-Control": "no-store"}


class Rooms:
    """The handlers, and who may come in."""

    def __init__(self, service: Service, doors: Doors) -> None:
        self.service, self.doors = service, doors

    def routes(self) -> list[Route]:
        return [
            Route("/room/open", _telling(self.open), methods=["POST"]),
            Route("/room/{code}/state", _telling(self.state)),
            Route("/room/{code}/join", _telling(self.join), methods=["POST"]),
            Route("/room/{code}/vote", _telling(self.vote), methods=["POST"]),
            Route("/room/{code}/answer", _telling(self.answer), methods=["POST"]),
            Route("/room/{code}/move", _telling(self.move), methods=["POST"]),
            Route("/room/{code}/bars", _telling(self.bars), methods=["POST"]),
            Route("/room/{code}/hands", _telling(self.hands), methods=["POST"]),
            Route("/room/{code}/end", _telling(self.end), methods=["POST"]),
            Route("/room/{code}/results.csv", _telling(self.results)),
            Route("/room/{code}/check", _telling(self.check)),
        ]

    async def open(self, request: Request) -> Response:
        given = await bodies.read(request, path=str)
        if given["path"] not in ("", *PATHS):
            raise Refused(400, f"path must be empty or one of {', '.join(PATHS)}.")
        self.doors.opens(request)
        code, secret = await self.service.do(lambda store: store.open(given["path"]))
        self.doors.knows(code, secret)
        return _json({"code": code, "secret": secret})

    async def state(self, request: Request) -> Response:
        """304 while nothing has changed. The teacher's secret gets the teacher's view."""
        code, word = await self._enter(request)
        views = await self._found(request, code)
        told = views.for_teacher if request.headers.get("x-view") == "teacher" else views.for_all
        if told is views.for_teacher:
            await self.service.do(lambda store: store.lead(code, word))
            self.doors.knows(code, word)
        headers = {**FRESH, "ETag": told.tag}
        if request.headers.get("if-none-match") == told.tag:
            return Response(status_code=304, headers=headers)
        return Response(told.body, media_type="application/json", headers=headers)

    async def join(self, request: Request) -> Response:
        code, _ = await self._enter(request)
        given = await bodies.read(request, learner=str)
        await self._found(request, code)
        self.doors.joins(request)
        learner = await self.service.do(lambda store: store.join(code, given["learner"]))
        self.doors.knows(code, learner)
        own = await self.service.do(lambda store: store.own(code, learner))
        return _json({"learner": learner, **own})

    async def vote(self, request: Request) -> Response:
        code, learner = await self._enter(request)
        given = await bodies.read(request, number=int, round=int, choice=int)
        vote = Vote(code, learner, given["number"], given["round"], given["choice"])
        await self._counting_misses(request, self.service.vote(vote))
        return _json({"choice": given["choice"]})

    async def answer(self, request: Request) -> Response:
        code, learner = await self._enter(request)
        given = await bodies.read(request, phase=str, question=str, choice=int)
        said = (given["phase"], given["question"], given["choice"])
        await self._act(request, code, lambda store: store.answer(code, learner, *said))
        return _json({"choice": given["choice"]})

    async def move(self, request: Request) -> Response:
        code, secret = await self._enter(request)
        given = await bodies.read(request, number=int, phase=str, to=str, question=str)
        if given["to"] not in FOLLOWS:
            raise Refused(400, f"to must be one of {', '.join(FOLLOWS)}.")
        seen = Seen(given["number"], given["phase"])
        await self._lead(request, code, lambda store: store.move(code, secret, seen, given["to"], given["question"]))
        return _json({"phase": given["to"]})

    async def bars(self, request: Request) -> Response:
        code, secret = await self._enter(request)
        given = await bodies.read(request, bars=bool)
        await self._lead(request, code, lambda store: store.show_bars(code, secret, given["bars"]))
        return _json(given)

    async def hands(self, request: Request) -> Response:
        code, secret = await self._enter(request)
        given = await bodies.read(request, number=int, round=int, counts=list)
        said = (given["number"], given["round"], given["counts"])
        await self._lead(request, code, lambda store: store.count_hands(code, secret, *said))
        return _json(given)

    async def end(self, request: Request) -> Response:
        code, secret = await self._enter(request)
        await self._lead(request, code, lambda store: store.end(code, secret))
        return _json({"ended": code})

    async def results(self, request: Request) -> Response:
        code, secret = await self._enter(request)
        await self._act(request, code, lambda store: store.lead(code, secret))

        def made(store: Store) -> str:
            asked, tally, moves = store.results(code, secret)
            return as_csv(asked, tally, moves, summary(store.checked(code), store.bank), store.bank)

        table = await self._counting_misses(request, self.service.report(made))
        headers = {**FRESH, "Content-Disposition": f'attachment; filename="room-{code}.csv"'}
        return Response(table, media_type="text/csv; charset=utf-8", headers=headers)

    async def check(self, request: Request) -> Response:
        """The check's summary, for the teacher alone while the class answers it."""
        code, secret = await self._enter(request)
        await self._act(request, code, lambda store: store.lead(code, secret))
        return _json(await self.service.report(lambda store: summarised(summary(store.checked(code), store.bank))))

    async def _enter(self, request: Request) -> tuple[str, str]:
        """The room's code, and the word that the asker calls his own: a learner's, or the teacher's secret."""
        code = read_code(request.path_params["code"])
        word = request.headers.get("authorization", "").removeprefix("Bearer ")[:64]
        self.doors.knocks(request, code, word)
        return code, word

    async def _found(self, request: Request, code: str) -> Any:
        views = await self._counting_misses(request, self.service.views(code))
        self.doors.found(request, code)
        return views

    async def _act(self, request: Request, code: str, act: Callable[..., Any]) -> Any:
        return await self._counting_misses(request, self.service.do(act))

    async def _lead(self, request: Request, code: str, act: Callable[..., None]) -> None:
        await self._act(request, code, act)
        self.service.changed(code)

    async def _counting_misses(self, request: Request, answer: Awaitable[Any]) -> Any:
        try:
            return await answer
        except Refused as refused:
            if refused.status == 404:
                self.doors.misses(request)
            raise


def _telling(handler: Handler) -> Handler:
    """The handler, with its refusals as answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            return _json({"problem": str(refused)}, refused.status)

    return answer


def _json(value: Any, status: int = 200) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(body, status, media_type="application/json", headers=FRESH)
