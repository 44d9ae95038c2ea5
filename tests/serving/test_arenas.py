"""Threads share what memory is kept for them."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from serving.arenas import ARENAS

ROOT = Path(__file__).parents[2]
THREADS = """
import ctypes, threading
meet = threading.Barrier(12)
def work():
    meet.wait()
    held = [bytes(2000) for _ in range(50)]
    meet.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


def arenas(before: str) -> int:
    """How many a process has after 12 threads have held memory at the same time."""
    done = subprocess.run(
        [sys.executable, "-c", before + THREADS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")
def test_threads_share_so_many_arenas_and_would_take_more():
    assert arenas("") > ARENAS
    assert arenas("from serving.arenas import share_arenas; share_arenas()") == ARENAS
