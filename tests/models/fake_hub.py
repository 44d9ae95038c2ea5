"""A Hub of one process: it speaks the real client's protocol on 127.0.0.1, or misbehaves."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _handler(folder: Path, status: int) -> type[BaseHTTPRequestHandler]:
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep the test's output quiet."""

        def do_GET(self) -> None:
            self.reply(send=True)

        def do_HEAD(self) -> None:
            self.reply(send=False)

        def reply(self, send: bool) -> None:
            path = self.path.partition("?")[0]
            body, code = b"{}", status
            if status == 200 and path.startswith("/api/models/"):
                siblings = [{"rfilename": n, "size": len(files[n])} for n in sorted(files)]
                body = json.dumps({"id": "a/b", "sha": COMMIT, "siblings": siblings}).encode()
            elif status == 200:
                body, code = files.get(path.rpartition("/")[2], b""), 200
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hash(body) & 0xFFFFFFFF:x}"')
            if code == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            if send:
                self.wfile.write(body)

    return Handler


@contextmanager
def serving(folder: Path, status: int = 200) -> Iterator[str]:
    """The address of a Hub that offers the files of one folder under every name."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(folder, status))
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
