"""Real servers for the tests of rooms: PostgreSQL, and replicas that are killed and started again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from benchmarks.server import free_port

ROOT = Path(__file__).parents[2]


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The address of a server that lives in `folder`; skips where Debian's package postgresql is not installed."""
    found = [*filter(None, [shutil.which("initdb")]), *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    if not found:
        pytest.skip("postgresql is not installed: apt-get install postgresql")
    programs = Path(found[-1]).parent  # Debian's newest
    owner: dict[str, str] = {}
    if os.getuid() == 0:  # which PostgreSQL refuses to run as
        owner = {"user": "postgres", "group": "postgres"}
        for above in (folder, *folder.parents):
            if above.stat().st_uid == 0 and above.is_relative_to("/tmp") and above != Path("/tmp"):
                above.chmod(0o755)
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", free_port()
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **owner}
    subprocess.run([programs / "initdb", "-D", data, "-U", "rooms", "-A", "trust", "--no-sync"], check=True, **quiet)
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    server = subprocess.Popen([programs / "postgres", "-D", data, "-p", str(port), *settings], **quiet)
    try:
        while not _answers(address := f"postgresql://rooms@127.0.0.1:{port}/postgres"):
            assert server.poll() is None, "PostgreSQL stopped while starting"
            time.sleep(0.1)
        yield address
    finally:
        server.send_signal(signal.SIGINT)  # ends its sessions
        server.wait(20)


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


class Replica:
    """A process that serves the rooms of one place, always on the same port."""

    def __init__(self, place: str) -> None:
        self.place, self.port = place, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.classroom.replica", str(self.port), self.place]
        self._process = subprocess.Popen(command, cwd=ROOT)

    def wait(self) -> None:
        """Until it answers."""
        while True:
            assert self._process.poll() is None, "a replica stopped while starting"
            with suppress(httpx.TransportError):
                return httpx.get(f"{self.url}/healthz").raise_for_status() and None
            time.sleep(0.1)

    def kill(self) -> None:
        """As `kill -9` does."""
        self._process.kill()
        self._process.wait()
