"""Fetch a model from the Hugging Face Hub: safetensors only, bounded in size and in time."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar

from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_download, hf_hub_url, snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils import tqdm

T = TypeVar("T")
Progress = Callable[[float, str], None]  # share done from 0 to 1, and what is happening

WEIGHTS = "*.safetensors"
WANTED = (
    WEIGHTS,
    "model.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
)


class ModelUnavailable(RuntimeError):
    """A model that cannot be had now; the message is one sentence for the visitor."""


@dataclass(frozen=True)
class Limits:
    seconds: float = 300.0  # for the whole download
    bytes: int = 700_000_000  # of all files together
    answer_seconds: float = 10.0  # for the Hub's first answer


def fetch(
    repo: str,
    progress: Progress,
    revision: str | None = None,
    limits: Limits | None = None,
    endpoint: str | None = None,
) -> Path:
    """A folder with the model's files at that commit, else the newest, from this machine's cache if it is there.

    Raises ModelUnavailable. The work is done by a thread that is left behind when the time is up:
    a connection that hangs cannot be ended from outside, but nobody has to wait for it.
    """
    cached = _cached(repo, revision)
    if cached:
        return cached
    limits = limits or Limits()
    given_up = threading.Event()

    def report(share: float, doing: str) -> None:
        if given_up.is_set():
            raise TimeoutError
        progress(min(1.0, share), doing)

    try:
        return _in_time(repo, limits.seconds, lambda: _download(repo, revision, report, limits, endpoint))
    finally:
        given_up.set()


CONFIG = Limits(seconds=15.0, bytes=1_000_000)
REPOSITORY = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


def fetch_config(
    repo: str, progress: Callable[[float], None], limits: Limits = CONFIG, endpoint: str | None = None
) -> str:
    """The text of the repository's config.json: no other file of it is asked for, and nobody's token is sent along.

    `progress` is told what share of the time has passed, and may raise to end the waiting. Raises ModelUnavailable.
    """

    def work() -> str:
        size = get_hf_file_metadata(
            hf_hub_url(repo, "config.json", endpoint=endpoint), token=False, timeout=limits.answer_seconds
        ).size
        if (size or 0) > limits.bytes:
            raise ModelUnavailable(
                f"The config.json of {repo} has {size:,} bytes; at most {limits.bytes:,} are fetched."
            )
        path = hf_hub_download(repo, "config.json", token=False, etag_timeout=limits.answer_seconds, endpoint=endpoint)
        return Path(path).read_text("utf-8")

    return _in_time(repo, limits.seconds, work, progress)


def _in_time(
    repo: str, seconds: float, work: Callable[[], T], waiting: Callable[[float], None] = lambda share: None
) -> T:
    """What `work` returns; the thread that does it is left behind when the time is up."""
    found: list[T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            failed.append(error)

    # The caller's context goes along: Gradio finds the visitor of a progress report in it.
    thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    end = time.monotonic() + seconds
    while thread.is_alive() and (left := end - time.monotonic()) > 0:
        waiting(1 - left / seconds)
        thread.join(min(left, 0.25))
    if found:
        return found[0]
    if failed:
        raise _explained(repo, failed[0]) from failed[0]
    raise ModelUnavailable(f"{repo} did not arrive within {seconds:g} seconds.")


def _explained(repo: str, error: Exception) -> ModelUnavailable:
    if isinstance(error, ModelUnavailable):
        return error
    if isinstance(error, RepositoryNotFoundError):
        return ModelUnavailable(f"The Hugging Face Hub does not offer {repo}.")
    if isinstance(error, RemoteEntryNotFoundError):
        return ModelUnavailable(f"{repo} has no config.json on the Hugging Face Hub.")
    return ModelUnavailable(f"The Hugging Face Hub cannot be reached, so {repo} is not available.")


def _cached(repo: str, revision: str | None) -> Path | None:
    """What an earlier download or the operator's own left in the Hub's cache on this machine."""
    with suppress(LocalEntryNotFoundError):
        folder = Path(snapshot_download(repo, revision=revision, allow_patterns=list(WANTED), local_files_only=True))
        return folder if any(folder.glob(WEIGHTS)) else None
    return None


def _download(repo: str, revision: str | None, report: Progress, limits: Limits, endpoint: str | None) -> Path:
    report(0.0, f"asking the Hub for {repo}")
    sizes = _sizes(repo, revision, limits, endpoint)
    total = sum(sizes.values())
    if total > limits.bytes:
        raise ModelUnavailable(f"{repo} takes {total / 1e6:.0f} MB; at most {limits.bytes / 1e6:.0f} MB are fetched.")
    done = 0
    for name, size in sorted(sizes.items(), key=lambda item: item[1]):  # the weights last
        bar = _bar(done, size, total, lambda share: report(share, f"fetching {repo}"))
        path = hf_hub_download(
            repo,
            name,
            revision=revision,
            etag_timeout=limits.answer_seconds,
            endpoint=endpoint,
            tqdm_class=bar,
        )
        done += size
        report(done / total, f"fetching {repo}")
    return Path(path).parent


def _sizes(repo: str, revision: str | None, limits: Limits, endpoint: str | None) -> dict[str, int]:
    """The files to fetch, and their bytes."""
    api = HfApi(endpoint=endpoint)
    info = api.model_info(repo, revision=revision, files_metadata=True, timeout=limits.answer_seconds)
    sizes = {
        file.rfilename: file.size or 0
        for file in info.siblings or []
        if any(fnmatch(file.rfilename, pattern) for pattern in WANTED) and "/" not in file.rfilename
    }
    if not any(fnmatch(name, WEIGHTS) for name in sizes):
        raise ModelUnavailable(f"{repo} holds no safetensors weights, and nothing else is loaded.")
    return sizes


def _bar(done: int, size: int, total: int, report: Callable[[float], None]) -> type[tqdm]:
    """A progress bar that draws nothing and passes the bytes of one file on."""

    class Bytes(tqdm):
        seen = 0

        def update(self, n: float | None = 1) -> bool | None:
            self.seen += int(n or 0)
            report((done + min(self.seen, size)) / total)
            return None

        def display(self, *_: object, **__: object) -> bool:
            return True

    return Bytes
