"""No page of another site reads an answer or starts a run, unless the operator names that site."""

import pytest

from serving.headers import VARIABLE
from tests.components.served import served

SCHOOL = "https://school.example"
HOSTILE = ("https://evil.example", "null", "http://localhost:3000", f"{SCHOOL}.evil.example", "https://evil.example/" + SCHOOL,
           "https://school.example:8443", "https://schoolxexample", "")  # fmt: skip
PATHS = (
    "/",
    "/config",
    "/healthz",
    "/explorables/ask/x/dropout",
    "/gradio_api/info",
    "/gradio_api/nothing",
    "/monitoring",
)
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}


@pytest.fixture(scope="module")
def app():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, f"{SCHOOL} https://*.class.example *")
        with served() as client:
            yield client


def allowed(answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("host", ["public.example", "localhost", "127.0.0.1:7860"])
@pytest.mark.parametrize("origin", HOSTILE)
def test_a_site_that_is_not_named_reads_nothing_on_any_host(app, origin, host):
    headers = {"origin": origin, "host": host}
    answers = [app.get(path, headers=headers) for path in PATHS]
    answers += [app.post("/gradio_api/run/dropout", json={"data": []}, headers=headers)]
    assert [allowed(answer) for answer in answers] == [{}] * len(answers)
    assert all("Origin" in answer.headers["vary"] for answer in answers)


@pytest.mark.parametrize("origin", HOSTILE[:-1])
@pytest.mark.parametrize("path", PATHS + ("/gradio_api/run/dropout",))
def test_its_preflight_is_refused_with_one_sentence(app, path, origin):
    answer = app.options(path, headers={"origin": origin, "host": "public.example", **PREFLIGHT})
    assert answer.status_code == 403 and answer.text == "Pages of other sites may not ask this app."
    assert allowed(answer) == {}


@pytest.mark.parametrize("origin", [SCHOOL, "https://one.class.example"])
def test_a_named_site_may_ask_and_read(app, origin):
    assert allowed(app.get("/config", headers={"origin": origin})) == {
        "access-control-allow-origin": origin, "access-control-allow-credentials": "true",
    }  # fmt: skip
    answer = app.options("/gradio_api/run/dropout", headers={"origin": origin, **PREFLIGHT})
    assert answer.status_code == 204 and allowed(answer)["access-control-allow-headers"] == "Content-Type"
    assert allowed(answer)["access-control-allow-origin"] == origin


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; x=application/json", "application/x-www-form-urlencoded",
                                  "multipart/form-data; boundary=x", "", "application/jsonx"])  # fmt: skip
@pytest.mark.parametrize("path", ["run/dropout", "run/dropout/", "call/dropout", "queue/join", "cancel",
                                  "reset"])  # fmt: skip
def test_what_a_form_can_send_runs_nothing(app, path, kind):
    answer = app.post(f"/gradio_api/{path}", content='{"data": [0.3]}', headers={"content-type": kind})
    assert answer.status_code == 415 and "application/json" in answer.text


def test_a_run_is_json_too(app):
    answer = app.post("/explorables/ask/x/edit", content='{"params": {}}', headers={"content-type": "text/plain"})
    assert answer.status_code == 415


def test_json_may_name_its_charset(app):
    answer = app.post(
        "/explorables/ask/x/nope", content="{}", headers={"content-type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status_code == 404
