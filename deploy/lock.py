"""`make lock`: the newest versions that pyproject.toml admits, exact for every Python, in requirements*.txt.

`python -m deploy.lock lowest FILE` or `newest FILE` writes one end of the ranges, for the Python that runs it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = {"requirements.txt": [], "requirements-dev.txt": ["dev"], "requirements-training.txt": ["training"]}
ENDS = {"lowest": "lowest-direct", "newest": "highest"}
# The libraries that a Linux torch from PyPI names, with exact versions of its own. A torch for a CPU needs none of them:
# listed, they would be gigabytes on every machine without a GPU.
CUDA = ("cuda-", "nvidia-", "triton")
UV_NAMES = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}


def like_pip() -> dict[str, str]:
    """The environment in which uv asks the index that pip asks.

    It isn't told of pip's extra places: they may hold builds for this machine alone, such as a torch for a CPU.
    """
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    settings = [line.split("=", 1) for line in listed.splitlines()]
    asked = {name.rsplit(".", 1)[1]: value.strip("'\"") for name, value in settings}
    return os.environ | {UV_NAMES[name]: value for name, value in asked.items() if name in UV_NAMES}


def resolve(output: Path, groups: list[str], *options: str) -> None:
    """Write what the ranges and these groups of pyproject.toml come to into `output`, CUDA excepted."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-annotate", "pyproject.toml", *options]
    command += [word for group in groups for word in ("--group", group)]
    command += ["--custom-compile-command", "make lock"]
    found = subprocess.run(command, cwd=ROOT, env=like_pip(), check=True, stdout=subprocess.PIPE, text=True).stdout
    output.write_text("".join(line for line in found.splitlines(True) if not line.startswith(CUDA)), "utf-8")


def lock() -> None:
    """Resolve everything at once, so that the files agree; then write the share of each."""
    universal = ("--universal", "--python-version", "3.10")
    with tempfile.TemporaryDirectory() as folder:
        everything = Path(folder) / "everything.txt"
        resolve(everything, ["dev", "training", "lock"], *universal)
        for name, groups in FILES.items():
            resolve(ROOT / name, groups, "--constraints", str(everything), *universal)


def end(which: str, output: Path, torch: str) -> None:
    """Write one end of the ranges into `output`, with the version of torch that is named, if one is."""
    with tempfile.TemporaryDirectory() as folder:
        override = Path(folder) / "torch.txt"
        override.write_text(f"torch=={torch}" if torch else "", "utf-8")
        resolve(output, ["dev"], "--resolution", ENDS[which], "--python", sys.executable, "--overrides", str(override))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        end(sys.argv[1], Path(sys.argv[2]).resolve(), os.environ.get("TORCH", ""))
    else:
        lock()
