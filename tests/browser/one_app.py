"""One running app for all processes of the tests: the first that asks for it starts it, the last that leaves ends it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

ROOT = Path(__file__).parents[2]


@contextmanager
def shared_app(folder: Path) -> Iterator[str]:
    """The address of the app. `folder` is the same for all processes; what they agree on is noted there."""
    lock, note = FileLock(folder / "app.lock"), folder / "app.json"
    with lock:
        app = json.loads(note.read_text()) if note.exists() else _started(folder)
        note.write_text(json.dumps({**app, "users": app["users"] + 1}))
    try:
        yield app["url"]
    finally:
        with lock:
            app = json.loads(note.read_text())
            if app["users"] > 1:
                note.write_text(json.dumps({**app, "users": app["users"] - 1}))
            else:
                note.unlink()
                os.kill(app["process"], signal.SIGTERM)


def _started(folder: Path) -> dict[str, Any]:
    """Its address and process; rooms are kept in `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1", "TORCH_EXPLORABLES_ROOMS": f"{folder}/rooms.sqlite3"}
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env={**os.environ, **own})
    url = f"http://127.0.0.1:{port}/"
    for _ in range(240):
        try:
            urllib.request.urlopen(url, timeout=5)
            break
        except OSError:
            assert server.poll() is None, "the app stopped while starting"
            time.sleep(0.5)
    return {"url": url, "process": server.pid, "users": 0}
