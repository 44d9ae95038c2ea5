"""The app starts on a machine without a network, asks nobody, and answers before any model is loaded."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

START = """
import socket, sys
from urllib.request import urlopen

def guarded(function, host_of):
    def call(*args, **kwargs):
        host = host_of(*args)
        if isinstance(host, str) and not host.startswith(("127.", "0.0.0.0", "localhost", "/")):
            print("OUTSIDE", host, flush=True)
            raise OSError("there is no network")
        return function(*args, **kwargs)
    return call

socket.getaddrinfo = guarded(socket.getaddrinfo, lambda host, *_: host)
socket.socket.connect = guarded(socket.socket.connect, lambda _, address: address[0] if type(address) is tuple else None)

from app import demo
from components.server import launch_settings

_, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_settings())
print("HEALTH", urlopen(f"{url}healthz").read().decode())
print("PAGE", b"Torch Explorables" in urlopen(url).read())
print("MODELS", [name for name in ("transformers", "models.extractive") if name in sys.modules])
demo.close()
"""


def test_the_app_starts_and_answers_without_a_network():
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "GRADIO_"))}
    done = subprocess.run(
        [sys.executable, "-c", START], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    said = [line for line in done.stdout.splitlines() if line.split()[0] in ("OUTSIDE", "HEALTH", "PAGE", "MODELS")]
    assert said == ["HEALTH ok", "PAGE True", "MODELS []"], done.stdout + done.stderr


def test_a_port_in_use_is_one_sentence_at_once():
    with socket.create_server(("127.0.0.1", 0)) as other:
        environment = {**os.environ, "GRADIO_SERVER_PORT": str(port := other.getsockname()[1])}
        done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch(f"Port {port} is in use: .+\\.\n", done.stderr)
