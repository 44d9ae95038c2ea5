"""Whether the shipped files are those that were shipped: a clone without Git LFS, or half a download, loads strangely or not."""

import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "assets" / "models"
SUMS = "SHA256SUMS"  # as sha256sum writes it: (cd assets/models && sha256sum */*.json */*.safetensors > SHA256SUMS)
POINTER = b"version https://git-lfs"


@cache
def problem_of(name: str, folder: Path = FOLDER) -> str:
    """What is wrong with the model `name`, in one sentence; "" when each of its files is as it was shipped."""
    listed = [line.split() for line in (folder / SUMS).read_text("utf-8").splitlines()]
    problems = (_problem(folder, path, digest) for digest, path in listed if path.startswith(f"{name}/"))
    return next(filter(None, problems), "")


def _problem(folder: Path, path: str, digest: str) -> str:
    try:
        content = (folder / path).read_bytes()
    except OSError:
        return f"{path} is missing in assets/models."
    if content.startswith(POINTER):
        return f"{path} in assets/models is a Git LFS pointer, not the file: git lfs pull fetches it."
    if hashlib.sha256(content).hexdigest() != digest:
        return (
            f"{path} in assets/models, of {len(content)} bytes, is not the file that was shipped: its SHA-256 differs."
        )
    return ""
