"""`python3 deploy/install.py requirements.txt`: make .venv if there is none, and install a lock into it.

Where that cannot be, it says in one sentence what to do; it runs on every Python 3, to tell an old one that it is old.
"""

import subprocess
import sys

PYTHON = ".venv/bin/python"
AGAIN = "then run make again."


def problem(version: tuple) -> str:
    """What keeps this Python, which says that it has this version, from making .venv; empty if nothing does."""
    if not (3, 10) <= version <= (3, 14):
        return "This is Python {}.{}: name one from 3.10 to 3.14, as in `make run PYTHON=python3.13`.".format(*version)
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return "This Python has no venv module: install it (on Debian and Ubuntu `apt install python3-venv`), " + AGAIN
    return ""


def succeeds(*command: str, quiet: bool = False) -> bool:
    try:
        output = subprocess.DEVNULL if quiet else None
        return subprocess.call(command, stdout=output, stderr=output) == 0
    except OSError:
        return False


def install(lock: str) -> str:
    """Install a lock; returns what keeps it from that, empty if nothing does."""
    if not succeeds(PYTHON, "-m", "pip", "--version", quiet=True):
        wrong = problem(sys.version_info[:2])  # no walrus: Python 3.7 must read this
        if wrong:
            return wrong
        if not succeeds(sys.executable, "-m", "venv", "--clear", ".venv"):
            return "No .venv could be made: mend what Python says above, " + AGAIN
    if not succeeds(PYTHON, "-m", "pip", "install", "--quiet", "-r", lock):
        return "pip got no packages: connect this machine, or name an index that it reaches in PIP_INDEX_URL, " + AGAIN
    return ""


if __name__ == "__main__":
    sys.exit(install(sys.argv[1]) or None)
