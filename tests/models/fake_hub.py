"""A Hub of one process: it speaks the real client's protocol on 127.0.0.1, or misbehaves."""

import json
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Handler(BaseHTTPRequestHandler):
    files: dict[str, bytes] = {}
    status = 200
    asked: list[str] = []  # paths

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""

    def do_GET(self) -> None:
        self.wfile.write(self.answer())

    def do_HEAD(self) -> None:
        self.answer()

    def answer(self) -> bytes:
        """Send status and headers; return the body."""
        self.asked.append(self.path)
        body = self.body() if self.status == 200 else b"{}"
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{zlib.crc32(body):x}"')
        if self.status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()
        return body

    def body(self) -> bytes:
        path = self.path.partition("?")[0]
        if not path.startswith("/api/models/"):
            return self.files[path.rpartition("/")[2]]
        siblings = [{"rfilename": name, "size": len(file)} for name, file in self.files.items()]
        return json.dumps({"id": "someone/tiny", "sha": COMMIT, "siblings": siblings}).encode()


@contextmanager
def serving(folder: Path, status: int = 200, asked: list[str] | None = None) -> Iterator[str]:
    """The address of a Hub that offers the files of one folder under every name; the paths that it is asked go to `asked`."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    handler = type("Bound", (Handler,), {"files": files, "status": status, "asked": [] if asked is None else asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def hanging() -> Iterator[str]:
    """The address of a Hub that takes the call and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def closed() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
