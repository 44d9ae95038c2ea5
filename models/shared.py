"""The models that all visitors share: one registry for each device, and of it the shipped closed-book model."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from models.registry import Registry

if TYPE_CHECKING:
    from models.closed_book import QAModel


def shared_registry() -> Registry:
    """The one registry of this process for the device of this computation."""
    from models.device import choose_device

    return _registry_for(str(choose_device()))


@lru_cache(maxsize=4)
def _registry_for(device: str) -> Registry:
    return Registry()


def shared_qa_model() -> QAModel:
    """The shipped model, the registry's own: loaded once for all threads, in eval mode, frozen, not to be changed.

    To train or edit, take `copy.deepcopy(shared_qa_model()).requires_grad_(True)`.
    """
    return shared_registry().get("closed_book")  # type: ignore[return-value]
