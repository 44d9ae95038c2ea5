"""The page where others host it: in a frame of another site, under a path of a proxy, and on replicas of which one dies."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, Page

from benchmarks.server import OURS, Server, free_port, serving
from components import CHAPTERS
from components.answer import lesson_of
from components.assets import VERSION
from components.site import LESSONS
from serving import forwarded
from tests.browser.lesson_on_screen import LessonOnScreen
from tests.browser.prefix_proxy import under
from tests.components.served import served

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PAUSES = (0.3, 1.2, 3.0, 0.0)  # seconds until the page asks again, as `ask` in transport.js does
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def school(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Another site: its origin, and the folder it serves."""
    site = partial(Silent, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}", tmp_path
        server.shutdown()


def framed(page: Page, school: tuple[str, Path], app: str) -> FrameLocator:
    origin, folder = school
    (folder / "index.html").write_text(f'<iframe src="{app}?lesson=dropout" width="1200" height="700"></iframe>')
    page.goto(origin)
    return page.frame_locator("iframe")


def test_in_a_frame_of_a_site_that_the_operator_names_the_page_works(browser, school, monkeypatch):
    monkeypatch.setenv("TORCH_EXPLORABLES_EMBED", school[0])
    with served() as app, browser.new_context() as context:
        lesson = framed(context.new_page(), school, str(app.base_url)).locator('[data-lesson="dropout"]')
        lesson.locator(".caption").wait_for()
        lesson.get_by_role("button", name="just show me").click()
        before = lesson.locator(".caption").inner_text()
        lesson.locator('[data-param="mode"] input').nth(1).check()
        lesson.locator(".caption").filter(has_not_text=before).wait_for()


def test_another_site_cannot_frame_it(browser, school, app_url):
    with browser.new_context() as context:
        page, complaints = context.new_page(), []
        page.on("console", lambda message: complaints.append(message.text))
        framed(page, school, app_url)
        page.wait_for_timeout(500)
        assert any("frame-ancestors" in complaint for complaint in complaints)
        assert page.frame_locator("iframe").locator("#site-header").count() == 0


def test_under_a_path_of_a_proxy_the_page_works(page, monkeypatch):
    monkeypatch.setenv("GRADIO_ROOT_PATH", "/torch")
    monkeypatch.setattr(forwarded, "proxies", lambda: 1)
    with served() as app, under("/torch", str(app.base_url)) as address:
        lesson = LessonOnScreen(page, address, "dropout")
        lesson.repaint(lambda: lesson.root.locator('[data-param="input"] input').first.check())
        assert page.url.startswith(f"{address}?lesson=dropout&input=")
        run = LessonOnScreen(page, address, next(slug for slug in LESSONS if lesson_of(slug).button))
        run.repaint(lambda: run.root.locator("button.run").click())


@pytest.fixture(scope="module")
def replicas(tmp_path_factory) -> Iterator[tuple[str, list[Server]]]:
    """Two replicas behind HAProxy as deploy/haproxy.cfg sets it up: the public address, and both servers."""
    if HAPROXY is None:
        pytest.skip("haproxy is not installed")
    port = free_port()
    with serving(*OURS) as one, serving(*OURS) as two:
        addresses = {"REPLICA_ONE": one.url.removeprefix("http://"), "REPLICA_TWO": two.url.removeprefix("http://")}
        environment = {**os.environ, **addresses, "BIND": f"127.0.0.1:{port}"}
        proxy = subprocess.Popen([HAPROXY, "-f", "deploy/haproxy.cfg"], cwd=ROOT, env=environment)
        try:
            url = f"http://127.0.0.1:{port}/"
            with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as patient:
                patient.get(f"{url}healthz").raise_for_status()
            yield url, [one, two]
        finally:
            proxy.terminate()
            proxy.wait(10)


class Visitor:
    """Keeps its cookies, so the proxy knows it again."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        http.get("/").raise_for_status()

    def ask(self, slug: str, **asked: object) -> dict:
        for pause in PAUSES:
            with suppress(httpx.TransportError):  # the replica died while it computed this
                return self.http.get(f"/explorables/ask/{VERSION}/{slug}", params=asked).raise_for_status().json()
            time.sleep(pause)
        raise AssertionError(f"no answer to {asked}, though it was asked {len(PAUSES)} times")

    @property
    def replica(self) -> str:
        return self.http.cookies["replica"]


@contextmanager
def visiting(url: str) -> Iterator[Visitor]:
    with httpx.Client(base_url=url, timeout=60) as http:
        yield Visitor(http)


def test_a_lesson_of_every_chapter_works_through_the_proxy(replicas):
    with visiting(replicas[0]) as visitor:
        mine = visitor.replica
        for slug in (chapter.lessons[0] for chapter in CHAPTERS):
            opened = visitor.ask(slug, lesson=slug)
            assert opened["spec"]["title"] == lesson_of(slug).title and opened["state"]["figure"]["rows"]
            assert visitor.replica == mine


def test_visitors_of_one_address_are_spread_over_the_replicas(replicas):
    seen = set()
    for _ in range(6):
        with visiting(replicas[0]) as visitor:
            seen.add(visitor.replica)
    assert seen == {"one", "two"}


def test_a_replica_killed_under_load_loses_no_answer_and_the_page_goes_on(replicas, browser: Browser):
    """The last test of this file: the replica stays dead."""
    url, servers = replicas
    with browser.new_context() as context:
        lesson = LessonOnScreen(context.new_page(), url, "dropout")
        [mine] = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "replica"]
        with ThreadPoolExecutor(8) as pool:
            crowd = [pool.submit(ask_often, url, seed) for seed in range(8)]
            time.sleep(1)
            os.kill(servers[("one", "two").index(mine)].pid, signal.SIGKILL)
            answered = [one.result() for one in crowd]
        assert answered == [list(range(40))] * 8
        lesson.repaint(lambda: lesson.root.locator('[data-param="input"] input').first.check())
        assert lesson.root.locator(".problem").is_hidden()


def ask_often(url: str, visitor_number: int) -> list[int]:
    """The seeds of the answers to 40 requests that no cache knows."""
    with visiting(url) as visitor:
        return [
            visitor.ask("dropout", seed=seed, p=0.01 * visitor_number)["state"]["params"]["seed"] for seed in range(40)
        ]
