"""`python -m tests.classroom.replica PORT PLACE`: the rooms alone, without the lessons, as one replica serves them."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from classroom.doors import Doors
from classroom.routes import Rooms
from classroom.service import Service
from tests.classroom.samples import store_in


def main(port: str, place: str) -> None:
    rooms = Rooms(Service(lambda: store_in(place)), Doors(lambda request: "", None))
    health = Route("/healthz", lambda request: PlainTextResponse("ok"))
    uvicorn.run(Starlette(routes=[health, *rooms.routes()]), port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
