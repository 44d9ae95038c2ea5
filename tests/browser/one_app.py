"""One running app for all processes of the tests: the first that asks for it starts it, the end of the tests ends it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from benchmarks.server import free_port

ROOT = Path(__file__).parents[2]


def address(folder: Path) -> str:
    """Where the app answers. `folder` is the same for all processes; what they agree on, its rooms and what it prints lie there."""
    note = folder / "app.json"
    with FileLock(folder / "app.lock"):
        if not note.exists():
            note.write_text(json.dumps(_started(folder)))
    return json.loads(note.read_text())["url"]


def end(folder: Path) -> None:
    """The app is gone, if one was started: what goes on to run would hold CI's output open, and CI waits for that."""
    with suppress(FileNotFoundError, ProcessLookupError):
        process = json.loads((folder / "app.json").read_text())["process"]
        os.kill(process, signal.SIGTERM)
        for _ in range(100):
            with suppress(ChildProcessError):  # it is another process's child, but where one process runs all tests
                os.waitpid(process, os.WNOHANG)
            time.sleep(0.1)
            os.kill(process, 0)
        os.kill(process, signal.SIGKILL)


def _started(folder: Path) -> dict[str, object]:
    port = free_port()
    own = {"GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1", "TORCH_EXPLORABLES_ROOMS": f"{folder}/rooms.sqlite3"}
    with open(folder / "app.txt", "w") as said:
        server = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env={**os.environ, **own}, stdout=said, stderr=said
        )
    url = f"http://127.0.0.1:{port}/"
    for _ in range(240):
        try:
            urllib.request.urlopen(url, timeout=5)
            break
        except OSError:
            assert server.poll() is None, (folder / "app.txt").read_text()
            time.sleep(0.5)
    return {"url": url, "process": server.pid}
