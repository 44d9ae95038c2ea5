"""Hands each lesson, and each prediction and trap in it, to the tests that ask for one. Nothing reaches the network."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import pytest
import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("here", deadline=None, derandomize="CI" in os.environ)  # no test measures time
settings.load_profile("here")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lesson" in metafunc.fixturenames:
        from tests.corners import LESSONS  # imports every lesson

        metafunc.parametrize("lesson", LESSONS.values(), ids=LESSONS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The laws of all lessons come last, one lesson after the other: their Results are remembered for one lesson at a time."""

    def lesson(item: pytest.Item) -> str:
        called = getattr(item, "callspec", None)
        return called.params["lesson"].slug if called and "lesson" in called.params else ""

    items.sort(key=lesson)  # a stable sort: within a lesson the order of the files stays
