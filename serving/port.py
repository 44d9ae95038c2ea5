"""The port that the operator asked for: it is that one or none, where Gradio would take the next."""

import errno
import os
import socket
from contextlib import closing

VARIABLE = "GRADIO_SERVER_PORT"


def port_from_environment() -> int | None:
    """The port in GRADIO_SERVER_PORT, None if it is unset; ends the program with one sentence where it cannot be had."""
    asked = os.environ.get(VARIABLE, "").strip()
    if not asked:
        return None
    if not (asked.isascii() and asked.isdecimal()) or not 1 <= int(asked) <= 65535:
        raise SystemExit(f"{VARIABLE} must be a whole number from 1 to 65535, not {asked!r}.")
    if is_taken(int(asked)):
        raise SystemExit(
            f"Port {asked} is in use: end what listens there, or take another one, as in `make run PORT=8000`."
        )
    return int(asked)


def is_taken(port: int) -> bool:
    """Whether something listens there already."""
    host = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what ended a moment ago holds no port
        try:
            probe.bind((host, port))
        except OSError as error:  # another one, such as a host that isn't this machine, is for the server to tell
            return error.errno == errno.EADDRINUSE
    return False
