"""/healthz says ok only if the page and a lesson can be made, and asks for them once however many want to know."""

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse

from serving.health import PATH, Health
from tests.awaited import awaited


class Page:
    def __init__(self, status: int = 200) -> None:
        self.status, self.made = status, 0

    async def __call__(self, scope, receive, send):
        assert scope["path"] == "/"
        self.made += 1
        if self.status == 0:
            raise TypeError("Integer exceeds 64-bit range")
        await PlainTextResponse("page", self.status)(scope, receive, send)


async def fine() -> None:
    pass


async def broken() -> None:
    raise RuntimeError


def ask(health: Health, times: int = 1) -> list[httpx.Response]:
    async def together() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(health), base_url="http://test") as client:
            return await asyncio.gather(*(client.get(PATH) for _ in range(times)))

    return awaited(together())


def test_ok_if_the_page_is_made_and_every_check_passes():
    [answer] = ask(Health(Page(), {"No lesson.": fine}))
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, "ok", "no-store")


@pytest.mark.parametrize("status", [0, 500, 404, 503])
def test_a_page_that_cannot_be_made_is_503_with_a_sentence(status):
    [answer] = ask(Health(Page(status), {"No lesson.": fine}))
    assert (answer.status_code, answer.text) == (503, "The page cannot be made.")


def test_a_check_that_fails_is_named():
    [answer] = ask(Health(Page(), {"Fine.": fine, "No lesson.": broken}))
    assert (answer.status_code, answer.text) == (503, "No lesson.")


def test_many_who_ask_at_once_cost_one_page():
    page = Page()
    assert {answer.status_code for answer in ask(Health(page, {}), times=20)} == {200}
    assert page.made == 1
