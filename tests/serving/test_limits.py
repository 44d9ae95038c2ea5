"""A request larger than anything the page asks for is refused before it is read."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from serving.limits import LimitBody


async def length(request: Request) -> PlainTextResponse:
    try:
        return PlainTextResponse(str(len(await request.body())))
    except ClientDisconnect:
        return PlainTextResponse("cut off", 400)


CLIENT = TestClient(
    Starlette(routes=[Route("/", length, methods=["POST"])], middleware=[Middleware(LimitBody, largest=100)])
)


def test_a_body_within_the_limit_arrives_whole():
    assert CLIENT.post("/", content=b"x" * 100).text == "100"


def test_a_larger_body_is_refused_with_the_limit():
    answer = CLIENT.post("/", content=b"x" * 101)
    assert answer.status_code == 413 and "at most 100 bytes" in answer.text


def test_a_body_in_chunks_is_cut_off_at_the_limit():
    assert CLIENT.post("/", content=(b"x" * 60 for _ in range(3))).text == "cut off"


def test_a_length_that_is_no_number_is_refused():
    assert CLIENT.post("/", content=b"x", headers={"content-length": "-5"}).status_code == 413
