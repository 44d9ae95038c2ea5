"""A visitor who asks too often is told when to come back; nobody else notices, and no header of his buys him more."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from serving import rate, visitor
from serving.rate import ADDRESS, BURST, EVERYBODY, ROOMS_ADDRESS, Buckets, LimitRate, rate_from_environment
from serving.visitor import COOKIE, address_of, proxies_from_environment


async def answer(request: Request) -> PlainTextResponse:
    return HTMLResponse("page") if request.url.path == "/" else PlainTextResponse("answer")


OF_ROOMS = ("/room/ABCDE/state", "/explorables/question/dropout.three_calls")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock):
    """A new client: its own cookies, `address` as the peer."""
    paths = (
        "/",
        "/gradio_api/run/dropout",
        "/explorables/ask/x/x",
        "/explorables/abc/style.css",
        "/healthz",
        *OF_ROOMS,
    )
    routes = [Route(path, answer, methods=["GET", "POST"]) for path in paths]
    app = Starlette(routes=routes, middleware=[Middleware(LimitRate, rate=1.0, clock=clock)])

    def of(address: str = "10.0.0.1", **cookies: str) -> TestClient:
        return TestClient(app, client=(address, 1), cookies=cookies)

    return of


def asked(client: TestClient, times: int, path: str = "/gradio_api/run/dropout") -> list[int]:
    return [client.post(path).status_code for _ in range(times)]


def test_a_bucket_is_full_at_first_and_refills_with_time(clock):
    buckets = Buckets(2.0, clock)
    for _ in range(2 * BURST):
        assert buckets.wait("a") == 0
        buckets.take("a")
    assert buckets.wait("a") == 0.5 and buckets.wait("b") == 0
    clock.now = 0.5
    assert buckets.wait("a") == 0


def test_no_more_visitors_are_remembered_than_there_is_room_for(clock, monkeypatch):
    monkeypatch.setattr(rate, "REMEMBERED", 3)
    buckets = Buckets(1.0, clock)
    for key in "abcd":
        buckets.take(key)
    assert list(buckets._tokens) == ["b", "c", "d"]


def test_a_visitor_over_the_limit_gets_429_with_one_sentence_and_the_time(client, clock):
    mine = client(**{COOKIE: "me"})
    assert asked(mine, BURST + 1) == [200] * BURST + [429]
    refused = mine.post("/explorables/ask/x/x")
    assert refused.text == "Too many requests at once; try again in 1 second." and refused.headers["retry-after"] == "1"
    clock.now += 1
    assert asked(mine, 2) == [200, 429]


def test_a_neighbour_with_the_same_address_is_not_held_back(client):
    asked(client(**{COOKIE: "me"}), BURST + 5)
    assert asked(client(**{COOKIE: "you"}), 1) == [200]


def test_new_cookies_do_not_buy_more_than_the_address_may(client):
    codes = [client(**{COOKIE: str(i)}).post("/explorables/ask/x/x").status_code for i in range(ADDRESS * BURST + 1)]
    assert codes == [200] * ADDRESS * BURST + [429]
    assert asked(client("10.0.0.2"), 1) == [200]


def test_everybody_together_may_ask_so_much(client):
    codes = [client(f"10.0.1.{i % 250}").post("/explorables/ask/x/x").status_code for i in range(EVERYBODY * BURST + 1)]
    assert codes == [200] * EVERYBODY * BURST + [429]


def test_files_and_the_health_check_cost_nothing(client):
    mine = client(**{COOKIE: "me"})
    asked(mine, BURST)
    assert mine.get("/healthz").status_code == mine.get("/explorables/abc/style.css").status_code == 200
    assert mine.get("/").status_code == 429


@pytest.mark.parametrize("path", OF_ROOMS)
def test_what_a_class_asks_for_is_counted_by_address_in_a_bucket_of_its_own(client, path):
    mine, most = client(**{COOKIE: "me"}), ROOMS_ADDRESS * BURST
    said = [mine.get(path).status_code for _ in range(most + 1)]
    assert said == [200] * most + [429]
    assert mine.get("/").status_code == client("10.0.0.2").get(path).status_code == 200


def test_a_page_comes_with_a_cookie_and_an_answer_without(client):
    mine = client()
    assert "set-cookie" not in mine.post("/gradio_api/run/dropout").headers
    said = mine.get("/").headers["set-cookie"]
    assert said.startswith(f"{COOKIE}=") and "HttpOnly" in said and "SameSite=Lax" in said and "Secure" not in said
    assert "set-cookie" not in mine.get("/").headers


def test_over_https_the_cookie_works_in_a_frame(client):
    said = client().get("/", headers={"x-forwarded-proto": "https"}).headers["set-cookie"]
    assert "SameSite=None; Secure; Partitioned" in said


def test_a_rate_of_0_switches_the_limits_off():
    app = Starlette(routes=[Route("/", answer, methods=["POST"])], middleware=[Middleware(LimitRate, rate=0.0)])
    assert asked(TestClient(app, cookies={COOKIE: "me"}), 300, "/") == [200] * 300


def scope(peer: str, *forwarded: str) -> dict:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return {"type": "http", "client": (peer, 1), "headers": headers}


@pytest.mark.parametrize(
    "proxies, forwarded, address",
    [
        (0, ["1.1.1.1"], "9.9.9.9"),  # nobody is trusted: what the visitor says does not count
        (1, ["6.6.6.6, 1.1.1.1"], "1.1.1.1"),  # what the proxy appended, not what the visitor sent along
        (2, ["6.6.6.6, 1.1.1.1", "2.2.2.2"], "1.1.1.1"),
        (2, ["1.1.1.1"], "9.9.9.9"),  # came past a proxy
        (1, [], "9.9.9.9"),
        (1, ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        (1, ["nonsense" * 99], ("nonsense" * 99)[:64]),
    ],
)
def test_the_address_is_what_the_outermost_trusted_proxy_saw(monkeypatch, proxies, forwarded, address):
    monkeypatch.setattr(visitor, "proxies", lambda: proxies)
    assert address_of(scope("9.9.9.9", *forwarded)) == address


@pytest.mark.parametrize("given", ["x", "-1", "nan", "inf"])
def test_a_rate_that_is_no_number_stops_the_start_with_its_name(monkeypatch, given):
    monkeypatch.setenv(rate.VARIABLE, given)
    with pytest.raises(ValueError, match=rate.VARIABLE):
        rate_from_environment()


def test_a_space_stands_behind_one_proxy(monkeypatch):
    monkeypatch.delenv(visitor.VARIABLE, raising=False)
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert proxies_from_environment() == 0
    monkeypatch.setenv("SPACE_ID", "me/space")
    assert proxies_from_environment() == 1
    monkeypatch.setenv(visitor.VARIABLE, "many")
    with pytest.raises(ValueError, match=visitor.VARIABLE):
        proxies_from_environment()
