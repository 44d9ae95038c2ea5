"""A proxy that shows the app under a path: it cuts the path off, and passes every answer on piece by piece."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length"}  # this one closes each connection instead


@contextmanager
def under(prefix: str, app: str) -> Iterator[str]:
    """The address under which `app` is shown while the block runs."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            upstream = HTTPConnection(urlsplit(app).netloc, timeout=60)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            passed = {
                **self.headers,
                "Host": urlsplit(app).netloc,
                "X-Forwarded-Host": self.headers["Host"],
                "X-Forwarded-For": "127.0.0.1",
            }
            upstream.request(self.command, self.path.removeprefix(prefix) or "/", body, passed)
            answer = upstream.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in NOT_PASSED_ON:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while piece := answer.read1(65536):
                self.wfile.write(piece)
                self.wfile.flush()

        do_POST = do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the browser has gone
                pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}/"
        server.shutdown()
