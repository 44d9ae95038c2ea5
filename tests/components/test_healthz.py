"""/healthz of the running app says ok only if the page can be served and a lesson can be made."""

import httpx
import pytest

from components.server import launch_settings
from components.site import LESSONS, build
from serving import health


@pytest.fixture
def app(monkeypatch):
    """The app, and a visitor of it; an answer of /healthz does not stand for longer than it is asked for."""
    monkeypatch.setattr(health, "STANDS", 0.0)
    demo = build()
    demo.queue()
    try:
        _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_settings())
        no_reuse = httpx.Limits(max_keepalive_connections=0)  # the server closes a connection whose request has failed
        with httpx.Client(base_url=url, timeout=60, limits=no_reuse) as client:
            yield demo, client
    finally:
        demo.close()


def raises(*_, **__):
    raise RuntimeError("broken by a test")


def is_a_sentence(text):
    return text.endswith(".") and "\n" not in text and "Traceback" not in text and len(text) < 200


def test_ok_while_the_page_is_served(app):
    _, client = app
    assert client.get("/").status_code == 200
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok")


@pytest.mark.parametrize("value", [2**64, "\ud800"], ids=["beyond 64 bits", "half a surrogate pair"])
def test_no_longer_ok_once_the_config_cannot_be_written(app, value):
    demo, client = app
    assert client.get("/healthz").text == "ok"
    demo.config["title"] = value
    assert client.get("/").status_code == 500
    answer = client.get("/healthz")
    assert answer.status_code >= 500 and is_a_sentence(answer.text), answer.text
    demo.config["title"] = "mended"
    assert client.get("/healthz").text == "ok"


def test_no_longer_ok_once_making_the_page_raises(app, monkeypatch):
    _, client = app
    monkeypatch.setattr("gradio.routes.templates.TemplateResponse", raises)
    assert client.get("/").status_code == 500
    answer = client.get("/healthz")
    assert answer.status_code >= 500 and is_a_sentence(answer.text), answer.text


def test_no_longer_ok_once_no_lesson_can_be_made(app, monkeypatch):
    _, client = app
    monkeypatch.setattr(f"figures.{LESSONS[0]}.draw", raises)
    answer = client.get("/healthz")
    assert answer.status_code >= 500 and is_a_sentence(answer.text), answer.text
