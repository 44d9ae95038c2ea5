"""The public app: which doors are open, which headers go out, what wrong calls are answered, and that it lives while busy."""

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from components.assets import VERSION
from serving.cost import AT_ONCE
from serving.headers import VARIABLE, embedders_from_environment, policy
from tests.components.served import served

CALL = "/gradio_api/run/dropout"
DOOR = f"/explorables/ask/{VERSION}/dropout"
JUNK = ["", "{", "[]", "3", "null", "{}", '{"data": {}}', "[" * 100_000, '"' + "x" * 1000 + '"']


@pytest.fixture(scope="module")
def app():
    with served() as client:
        yield client


def test_a_question_of_a_page_is_answered(app):
    assert app.get(DOOR, params={"p": 0.3}).json()["state"]["params"]["p"] == 0.3
    assert app.post(DOOR, json={"params": {"p": 0.4}}).json()["state"]["params"]["p"] == 0.4


def test_functions_of_gradios_own_page_are_closed(app):
    call = {"component_id": 1, "fn_name": "update", "data": {}, "session_hash": "s"}
    assert app.post("/gradio_api/component_server", json=call).status_code == 404


@pytest.mark.parametrize("body", JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize("path", [CALL, CALL + "/", "/gradio_api/call/dropout",
                                  "/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset",
                                  DOOR, "/explorables/ask/x/nope"])  # fmt: skip
def test_junk_is_refused_and_never_an_error_of_the_server(app, path, body):
    answer = app.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code < 500


@pytest.mark.parametrize("path", [CALL, DOOR])
def test_a_call_that_is_no_json_is_415(app, path):
    assert app.post(path, data={"component_id": 1}, files={"file": b"x"}).status_code == 415


@pytest.mark.parametrize(
    "path",
    [
        "upload", "upload/", "upload_progress?upload_id=1", "file=https://example.com/", "file=http://127.0.0.1:1/",
        "file=/etc/passwd", "file=app.py", "file/app.py", "proxy=https://example.com/", "dev/reload", "runs", "deep_link",
        "stream/a/b/1/playlist.m3u8", "custom_component/a/server/component/x.js", "process_recording", "vibe-code",
        "call/v2/dropout", "token", "run-history/buckets", "profiling/summary", "anything-new",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_nothing_needs_is_closed(app, method, path):
    assert app.request(method, f"/gradio_api/{path}").status_code == 404


@pytest.mark.parametrize("path", ["monitoring", "monitoring/summary", "login", "logout", "openapi.json", "docs"])
def test_the_same_holds_outside_the_api(app, path):
    assert app.get(f"/{path}").status_code == 404


def test_an_upload_is_refused_and_leaves_no_file(app, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    assert app.post("/gradio_api/upload", files={"files": b"x"}).status_code == 404
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("path", ["/", "/config", "/healthz", "/gradio_api/nothing", "/theme.css"])
def test_every_answer_carries_the_safe_headers(app, path):
    headers = app.get(path).headers
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"] and "x-frame-options" not in headers
    assert headers["content-security-policy"] == policy()


def test_spaces_may_frame_the_app_and_others_whom_the_operator_names(monkeypatch):
    assert policy().endswith("frame-ancestors 'self' https://huggingface.co https://*.hf.space")
    monkeypatch.setenv(VARIABLE, "https://school.example http://localhost:8000")
    assert policy(embedders_from_environment()).endswith("*.hf.space https://school.example http://localhost:8000")
    monkeypatch.setenv(VARIABLE, "https://x; script-src *")
    with pytest.raises(ValueError, match=VARIABLE):
        embedders_from_environment()


def test_the_policy_names_no_foreign_host_but_the_framing_ones(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert "http" not in policy().split("frame-ancestors")[0]


def test_the_health_check_answers_while_all_that_one_address_may_compute_waits_for_a_model(app, monkeypatch):
    begun, loaded = threading.Semaphore(0), threading.Event()

    def loading(slug: str, params: object) -> bytes:
        begun.release()
        assert loaded.wait(60)
        return gzip.compress(b'{"state": {}}')

    def ask(seed: int) -> int:
        with httpx.Client(base_url=app.base_url, timeout=60) as visitor:
            return visitor.get(DOOR, params={"seed": seed, "p": 0.71}).status_code

    monkeypatch.setattr("components.door.state_zip", loading)
    with ThreadPoolExecutor(AT_ONCE + 5) as pool:
        done = [pool.submit(ask, seed) for seed in range(AT_ONCE + 5)]
        assert all(begun.acquire(timeout=30) for _ in range(AT_ONCE))
        assert app.get("/healthz").text == "ok"
        assert not any(one.done() for one in done)
        loaded.set()
        assert {one.result() for one in done} == {200}
