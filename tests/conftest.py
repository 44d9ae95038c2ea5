"""Hands each lesson to the tests that ask for one, and each process of the tests what belongs together. Nothing reaches the network."""

import gc
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["TORCH_EXPLORABLES_WARM"] = "0"  # the apps of the tests compute what a test asks for

import pytest
import torch
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from explorable.program import Program
from tests.browser import one_app

torch.set_num_threads(1)
settings.register_profile("here", deadline=None, derandomize="CI" in os.environ)  # no test measures time
settings.register_profile("quick", settings.get_profile("here"), max_examples=25)
settings.load_profile("quick" if "QUICK" in os.environ else "here")
BUDGET = 480  # seconds
STARTED = os.times().elapsed
HERE = Path(__file__).parent
SLUGS = {path.stem for path in HERE.parent.glob("lessons/*.py")}
LAWS = {  # of all lessons
    "test_every_lesson", "test_every_program", "test_every_figure", "test_captions", "test_between_steps", "test_harness",
    "test_page_laws", "test_button", "test_every_notebook",
}  # fmt: skip
SLOW_ROOMS = {"benchmarks", "browser", "training"}
SLOW_FILES = {  # they start processes, or train
    "test_apart", "test_closed_book", "test_config_text", "test_dropout_reset", "test_ending", "test_every_notebook", "test_every_program", "test_gpu",
    "test_hostile_requests", "test_install", "test_iterable", "test_processes", "test_push_to_space", "test_readme", "test_replicas",
    "test_shipped_extractive", "test_start", "test_tape", "test_threads", "test_two_visitors", "test_votes", "test_workers",
}  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ["TESTS_SHARE"] = tempfile.mkdtemp(prefix="tests-")  # what all processes of this run share


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        share = Path(os.environ["TESTS_SHARE"])
        one_app.end(share)
        shutil.rmtree(share, ignore_errors=True)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """`make quick` does not even read what it will not run."""
    unread = "QUICK" in os.environ and (collection_path.name in SLOW_ROOMS or collection_path.stem in SLOW_FILES)
    return True if unread else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lesson" in metafunc.fixturenames:
        from tests.corners import LESSONS  # imports every lesson

        metafunc.parametrize("lesson", LESSONS.values(), ids=LESSONS)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """No lesson runs while the tests are imported: every process of theirs would run it."""

    def refused(*_: Any) -> None:
        raise RuntimeError("A module of the tests runs a lesson while it is imported: run it in a test or a fixture.")

    with patch.object(Program, "_execute", refused):  # not `run`, which modules give a name of their own
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long goes first, so that no process works alone at the end; within a place the order of the files stays.

    The laws of all lessons go one lesson after the other: their Results are remembered for one lesson at a time.
    """
    for item in items:
        if is_slow(item):
            item.add_marker(pytest.mark.slow)
    items.sort(key=place)


def place(item: pytest.Item) -> tuple[int, bool, str]:
    """Where it stands in the order: slow tests, the laws of the lessons with a button, those of the others, all the rest."""
    from tests.corners import LESSONS

    if slug := slug_of(item.nodeid):
        return 1, not LESSONS[slug].button, slug
    return (0 if item.get_closest_marker("slow") else 2), False, ""


class Shares(LoadScopeScheduling):
    """Where several processes share the work, one of them does all of a lesson or of a file: no other makes its Results again."""

    def _split_scope(self, nodeid: str) -> str:
        return slug_of(nodeid) or nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shares:
    config.option.loadscopereorder = False  # the order is ours
    return Shares(config, log)


def slug_of(nodeid: str) -> str:
    """The slug of the lesson whose law this is; empty for other tests."""
    return named_in(nodeid) if Path(nodeid.partition("::")[0]).stem in LAWS else ""


def named_in(nodeid: str) -> str:
    """The slug of the lesson for which the test is run; empty for one that is run for none."""
    given = re.split(r"[\[\]-]", nodeid.partition("::")[2])[1:]
    return next((part for part in given if part in SLUGS), "")


def is_slow(item: pytest.Item) -> bool:
    """Whether a test opens a browser, trains, or starts processes, or is of a lesson that has a button because it does."""
    from tests.corners import LESSONS

    slug = named_in(item.nodeid) or item.path.stem.removeprefix("test_")
    button = slug in LESSONS and bool(LESSONS[slug].button)
    return button or item.path.relative_to(HERE).parts[0] in SLOW_ROOMS or item.path.stem in SLOW_FILES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """In CI, beside the slowest tests: what all may take, and what they took, the other processes' processor time included."""
    if "CI" in os.environ and not hasattr(terminalreporter.config, "workerinput"):
        spent = os.times()
        took = spent.user + spent.system + spent.children_user + spent.children_system
        terminalreporter.write_line(
            f"budget: {BUDGET} s of two cores; used: {spent.elapsed - STARTED:.0f} s, {took:.0f} s of processor"
        )


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector need not look through it again each time."""
    gc.collect()
    gc.freeze()
