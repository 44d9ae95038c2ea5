"""Headers that other sites and the browser's later visits are bound by."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from serving import forwarded, visitor
from serving.forwarded import Forwarded
from serving.headers import SafeHeaders


def answer(_: object) -> PlainTextResponse:
    return PlainTextResponse("answer")


def client(base: str = "http://app") -> TestClient:
    routes = [Route("/", answer)]
    return TestClient(
        Starlette(routes=routes, middleware=[Middleware(Forwarded), Middleware(SafeHeaders)]), base_url=base
    )


def test_no_other_site_holds_a_handle_to_the_page_or_takes_its_files():
    headers = client().get("/").headers
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(("proxies", "told"), [(0, False), (1, True)])
def test_https_is_for_good_where_the_visitor_came_by_it(monkeypatch, proxies, told):
    for module in (forwarded, visitor):
        monkeypatch.setattr(module, "proxies", lambda: proxies)
    said = {"x-forwarded-for": "1.1.1.1", "x-forwarded-proto": "https"}
    assert ("strict-transport-security" in client().get("/", headers=said).headers) == told
    assert "strict-transport-security" in client("https://app").get("/").headers
    assert "strict-transport-security" not in client().get("/").headers
