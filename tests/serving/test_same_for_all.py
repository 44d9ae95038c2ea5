"""What is the same for everybody is made once, goes out compressed, and is asked for again only when it may have changed."""

import asyncio
import gzip

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response

from serving.same_for_all import A_DAY, FOR_GOOD, SameForAll, files, pages
from tests.awaited import awaited

SCRIPT, PAGE = "/assets/index-DphvyggB.js", "/"
TEXT = "const a = 1;\n" * 100
ZIP, PLAIN = {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "identity"}


class App:
    def __init__(self, status: int = 200) -> None:
        self.asked, self.status = [], status

    async def __call__(self, scope, receive, send):
        self.asked.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await asyncio.sleep(0)
        answer = Response(
            TEXT, self.status, media_type="text/javascript", headers={"X-Content-Type-Options": "nosniff"}
        )
        await answer(scope, receive, send)


def ask(kept: SameForAll, *requests: tuple[str, dict[str, str]]) -> list[httpx.Response]:
    """All at once."""

    async def together() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(kept), base_url="http://app") as client:
            return await asyncio.gather(*(client.get(path, headers=headers) for path, headers in requests))

    return awaited(together())


def test_a_class_that_comes_at_once_costs_one_answer_for_each_encoding():
    app = App()
    answers = ask(SameForAll(app, files), *[(SCRIPT, ZIP)] * 20, *[(SCRIPT, PLAIN)] * 20)
    assert len(app.asked) == 2 and {answer.text for answer in answers} == {TEXT}
    assert {answer.headers.get("content-encoding") for answer in answers} == {"gzip", None}
    assert all(answer.headers["x-content-type-options"] == "nosniff" for answer in answers)
    assert all(answer.headers["vary"] == "Accept-Encoding" for answer in answers)


def test_who_has_it_is_told_so():
    kept = SameForAll(App(), files)
    [first] = ask(kept, (SCRIPT, ZIP))
    [again] = ask(kept, (SCRIPT, {**ZIP, "If-None-Match": first.headers["etag"]}))
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


@pytest.mark.parametrize(
    ("path", "keep"),
    [
        (SCRIPT, FOR_GOOD),
        ("/explorables/0123456789ab/js/x.js", FOR_GOOD),
        ("/theme.css", A_DAY),
        ("/static/js/x.js", A_DAY),
    ],
)
def test_a_name_says_how_long_a_browser_may_keep_it(path, keep):
    [answer] = ask(SameForAll(App(), files), (path, ZIP))
    assert answer.headers["cache-control"] == keep


@pytest.mark.parametrize(
    "path",
    ["/assets/logo.js", "/explorables/thumbs/x", "/explorables/ask/0123456789ab/x", "/gradio_api/info", "/nothing"],
)
def test_other_answers_are_made_anew(path):
    app = App()
    ask(SameForAll(app, files), (path, ZIP), (path, ZIP))
    assert len(app.asked) == 2


@pytest.mark.parametrize("status", [404, 500])
def test_what_is_not_there_is_not_kept(status):
    app = App(status)
    kept = SameForAll(app, files)
    assert [answer.status_code for answer in ask(kept, (SCRIPT, ZIP)) + ask(kept, (SCRIPT, ZIP))] == [status] * 2
    assert len(app.asked) == 2


def test_a_page_is_kept_for_the_host_that_it_names_and_never_with_what_a_visitor_sent():
    app = App()
    kept = SameForAll(app, pages)
    hosts = [{"Host": host, "Cookie": "a=1", **ZIP} for host in ("one", "one", "other")]
    ask(kept, *((PAGE, headers) for headers in hosts))
    assert sorted(heard["host"] for heard in app.asked) == ["one", "other"]
    assert not any("cookie" in heard or "accept-encoding" in heard for heard in app.asked)


def test_a_part_of_a_file_is_not_taken_for_the_whole():
    app = App()
    ask(SameForAll(app, files), (SCRIPT, {**ZIP, "Range": "bytes=0-3"}), (SCRIPT, ZIP))
    assert len(app.asked) == 2 and app.asked[0]["range"]


def test_what_is_kept_is_bounded_in_bytes():
    async def large(scope, receive, send):
        await PlainTextResponse("x" * 1000)(scope, receive, send)

    kept = SameForAll(large, files, largest=3000)
    ask(kept, *((f"/static/{number}", PLAIN) for number in range(10)))
    assert len(kept._kept) == 3 and kept._bytes == 3000 and not kept._making


def test_small_bodies_go_out_as_they_are():
    async def small(scope, receive, send):
        await PlainTextResponse("small")(scope, receive, send)

    [answer] = ask(SameForAll(small, files), (SCRIPT, ZIP))
    assert answer.content == b"small" and "content-encoding" not in answer.headers
    assert len(gzip.compress(b"small")) > 5
