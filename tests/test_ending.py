"""Asked to end, the app tells who waits for a run, leaves with code 0 before `docker stop` kills, and leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from benchmarks.server import free_port

ROOT = Path(__file__).parents[1]
DOCKER_KILLS_AFTER = 10
AS_PROCESS_1 = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
RUN = {"params": {"steps": 300}}  # live_training: longer than the run has when the app is to end


def may_unshare() -> bool:
    return bool(shutil.which("unshare")) and not subprocess.run([*AS_PROCESS_1, "true"], capture_output=True).returncode


@pytest.fixture
def app(request, tmp_path) -> Iterator[tuple[subprocess.Popen, int, str]]:
    """What was started, the process that is the app, and its address; what it complains of is in `complaints`."""
    port = free_port()
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    command = [*(AS_PROCESS_1 if request.param else []), sys.executable, "app.py"]
    with open(tmp_path / "complaints", "w") as complaints:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=complaints)
    try:
        url = f"http://127.0.0.1:{port}"
        while not _answers(url):
            assert process.poll() is None
            time.sleep(0.1)
        yield process, _child(process.pid) if request.param else process.pid, url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/robots.txt", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _process_of_a_run(app: int, url: str) -> int:
    """Begin a run that computes in a process of its own, and wait for that process."""

    def run() -> None:
        with suppress(httpx.HTTPError):
            httpx.post(f"{url}/explorables/ask/any/will_it_fit", json={"params": {"batch_size": 3}}, timeout=60)

    threading.Thread(target=run, daemon=True).start()
    while True:
        for thread in Path(f"/proc/{app}/task").iterdir():
            for child in (thread / "children").read_text().split():
                if b"explorable.apart_runner" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        time.sleep(0.05)


as_process_1 = pytest.param(
    "as process 1", signal.SIGTERM, marks=pytest.mark.skipif(not may_unshare(), reason="no unshare")
)


@pytest.mark.parametrize(("app", "number"), [("", signal.SIGTERM), ("", signal.SIGINT), as_process_1], indirect=["app"])
def test_a_signal_ends_it_with_code_0_and_tells_who_waits_for_a_run(app, number, tmp_path):
    process, pid, url = app
    begun, news = threading.Event(), list[dict]()

    def watch() -> None:
        with httpx.stream("POST", f"{url}/explorables/ask/any/live_training", json=RUN, timeout=60) as answer:
            for line in answer.iter_lines():
                begun.set()
                news.extend([json.loads(line.removeprefix("data: "))] if line.startswith("data: ") else [])

    visitor = threading.Thread(target=watch)
    visitor.start()
    assert begun.wait(60)
    apart = _process_of_a_run(pid, url)
    os.kill(pid, number)
    assert process.wait(DOCKER_KILLS_AFTER) == 0
    assert not Path(f"/proc/{apart}").exists()
    visitor.join(10)
    assert news[-1].keys() & {"state", "ending"}
    assert "Traceback" not in (tmp_path / "complaints").read_text()


def test_a_signal_while_it_starts_ends_it_with_code_0():
    started = subprocess.Popen(
        [sys.executable, "-X", "importtime", "app.py"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    for line in started.stderr:
        if line.split("|")[-1].strip() == "serving.ending":  # what comes first; the rest takes seconds
            break
    time.sleep(0.5)
    started.send_signal(signal.SIGTERM)
    assert [started.communicate(timeout=DOCKER_KILLS_AFTER), started.returncode][1] == 0
