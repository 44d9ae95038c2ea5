"""A Gradio app in a process of its own: started on a free port, timed to its first answer, stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
OURS = ("app.py",)
MINIMAL = ("-m", "benchmarks.peers.minimal")
MINIMAL_WITH_TORCH = ("-m", "benchmarks.peers.minimal_with_torch")


@dataclass(frozen=True)
class Server:
    url: str
    pid: int
    seconds: float  # from process start to the first HTTP 200

    def resident_bytes(self) -> int:
        """Memory of the process, as Linux counts it."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return 1024 * int(line.split()[1])


@contextmanager
def serving(*command: str, log: Path | None = None, rate: str = "0") -> Iterator[Server]:
    """`python *command`, until the block ends; all it prints goes into `log`, else only what it complains of is shown.

    rate: TORCH_EXPLORABLES_RATE. All visitors of a benchmark come from one address, so there is no limit unless it is asked for.
    """
    port = free_port()
    settings = {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    settings["TORCH_EXPLORABLES_RATE"] = rate
    begun = time.perf_counter()
    with TemporaryDirectory() as folder:
        rooms = {"TORCH_EXPLORABLES_ROOMS": f"{folder}/rooms.sqlite3"}  # unless the caller names a place of his own
        with open(log or os.devnull, "w") as out:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env={**rooms, **os.environ, **settings, "PYTHONUNBUFFERED": "1"},
                stdout=out,
                stderr=subprocess.STDOUT if log else None,
            )
        try:
            yield _answering(process, port, command, begun)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answering(process: subprocess.Popen, port: int, command: tuple[str, ...], begun: float) -> Server:
    """The server, once it answers."""
    while not _answers(port):
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(command)} ended before it answered")
        time.sleep(0.01)
    return Server(f"http://127.0.0.1:{port}", process.pid, time.perf_counter() - begun)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
