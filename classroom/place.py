"""Where rooms are kept: a file of SQLite, or a PostgreSQL server that several replicas share."""

import os
from pathlib import Path

VARIABLE = "TORCH_EXPLORABLES_ROOMS"
MEMORY = ""
SERVERS = ("postgresql://", "postgres://")


def place() -> str:
    """A server's address, the path of a file, or "" for memory: then rooms end with the process.

    Raises ValueError when the operator named a place that cannot be written to. Unless he names one it is a file in the
    persistent folder of a Space or in the home folder, and memory where neither can be written to.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if given.startswith(SERVERS):
        return given
    if given:
        if not _writable(Path(given)):
            raise ValueError(
                f"{VARIABLE} must be a file in a folder that can be written to, or begin with {SERVERS[0]}."
            )
        return given
    return next((str(path) for path in _usual() if _writable(path)), MEMORY)


def _usual() -> list[Path]:
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    on_a_space = [Path("/data/rooms.sqlite3")] if os.environ.get("SPACE_ID") else []
    return [*on_a_space, home / "torch-explorables" / "rooms.sqlite3"]


def _writable(path: Path) -> bool:
    """Whether the file can be opened for writing, and others beside it, as SQLite does; folders and file are made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError:
        return False
    return os.access(path.parent, os.W_OK | os.X_OK)


def problems() -> list[str]:
    """What is wrong with the variable, in one sentence."""
    try:
        place()
    except ValueError as problem:
        return [str(problem)]
    return []
