"""The shipped models as lessons use them: shared by all threads, frozen, in eval mode."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from explorable.processes import Unavailable
from explorable.seeding import seeded
from models.hub import ModelUnavailable
from models.registry import SHIPPED
from models.shared import shared_registry
from models.whole import problem_of


def shipped(name: str) -> Any:
    """`closed_book` (models.closed_book.QAModel) or `extractive` (models.extractive.Extractive), loaded when first asked for.

    In a thread of its own, so that the tape beside the code shows the operators of the lesson and not those of loading; not to
    be called inside `seeded`, which loading needs: transformers draws weights that the file then replaces.
    Raises Unavailable.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="shipped") as apart:
        return apart.submit(copy_context().run, _load, name).result()


def _load(name: str) -> Any:
    try:
        with seeded(0):
            return shared_registry().get(name)
    except ModelUnavailable as problem:
        raise Unavailable(str(problem)) from None


def damaged() -> list[str]:
    """A sentence for each shipped model of which a file is missing, cut off or changed. The first call reads them all."""
    return [problem for model in SHIPPED if (problem := problem_of(model.name))]
