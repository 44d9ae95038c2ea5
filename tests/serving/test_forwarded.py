"""What a visitor writes into the headers of proxies is never believed, and what the operator's proxies write is."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from serving import forwarded, visitor
from serving.forwarded import Forwarded
from tests.components.served import served

SAID = {"x-forwarded-for": "6.6.6.6, 1.1.1.1", "x-forwarded-host": "evil.example", "x-forwarded-proto": "https",
        "forwarded": "host=evil.example", "x-real-ip": "6.6.6.6", "x-forwarded-prefix": "/evil"}  # fmt: skip


async def heard(request: Request) -> JSONResponse:
    return JSONResponse(
        {name: value for name, value in request.headers.items() if "forwarded" in name or "real" in name}
    )


@pytest.fixture
def app(monkeypatch):
    def behind(proxies: int) -> TestClient:
        for module in (forwarded, visitor):
            monkeypatch.setattr(module, "proxies", lambda: proxies)
        return TestClient(Starlette(routes=[Route("/", heard)], middleware=[Middleware(Forwarded)]))

    return behind


def test_without_a_proxy_nothing_of_it_is_handed_on(app):
    assert app(0).get("/", headers=SAID).json() == {}


def test_behind_a_proxy_its_three_headers_are(app):
    assert app(1).get("/", headers=SAID).json() == {name: SAID[name] for name in forwarded.KEPT}


def test_who_comes_past_a_proxy_has_no_say(app):
    assert app(2).get("/", headers={**SAID, "x-forwarded-for": "6.6.6.6"}).json() == {}
    assert app(1).get("/", headers={"x-forwarded-host": "evil.example"}).json() == {}


@pytest.mark.parametrize(
    ("said", "believed"), [("evil.example, school.example", "school.example"), ("a.example", "a.example")]
)
def test_of_several_hosts_that_of_the_trusted_proxy_counts(app, said, believed):
    heard = app(1).get("/", headers={"x-forwarded-for": "1.1.1.1", "x-forwarded-host": said}).json()
    assert heard["x-forwarded-host"] == believed


def test_a_scheme_that_is_none_is_dropped(app):
    assert "x-forwarded-proto" not in app(1).get("/", headers={**SAID, "x-forwarded-proto": "javascript"}).json()


def test_the_root_of_the_page_is_not_what_a_visitor_writes():
    with served() as client:
        page = client.get("/", headers=SAID)
        assert "evil.example" not in page.text and "secure" not in page.headers["set-cookie"].lower()
        root = client.get("/config", headers=SAID).json()["root"]
        assert root == str(client.base_url).rstrip("/")
