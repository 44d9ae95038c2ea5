"""What the operator set in the environment is read once before anything is served: a mistake is one sentence, and no start."""

import os
from collections.abc import Callable
from typing import Any

from serving import headers, rate, visitor

OURS = "TORCH_EXPLORABLES_"
OF_MODELS = (f"{OURS}DEVICE", f"{OURS}MODEL")  # lessons/machine.py reads them
OF_ROOMS = (f"{OURS}ROOMS",)  # classroom/place.py reads it
WARM = f"{OURS}WARM"
KNOWN = (rate.VARIABLE, visitor.VARIABLE, headers.VARIABLE, *OF_MODELS, *OF_ROOMS, WARM)
ROOT = "GRADIO_ROOT_PATH"


def problems() -> list[str]:
    """A sentence for each variable with which the app cannot be served as it was meant."""
    unknown = sorted(name for name in os.environ if name.startswith(OURS) and name not in KNOWN)
    readers = (
        rate.rate_from_environment, visitor.proxies_from_environment, headers.embedders_from_environment, is_to_warm, _root
    )  # fmt: skip
    return [
        *(f"{name} is no variable of this app, which reads {', '.join(KNOWN)}." for name in unknown),
        *filter(None, map(_problem, readers)),
    ]


def _problem(read: Callable[[], Any]) -> str:
    try:
        read()
    except ValueError as problem:
        return str(problem)
    return ""


def is_to_warm() -> bool:
    """Whether lessons are computed before anybody asks for them: TORCH_EXPLORABLES_WARM is 1, unset or empty."""
    asked = os.environ.get(WARM, "").strip() or "1"
    if asked not in ("0", "1"):
        raise ValueError(f"{WARM} must be 0 or 1, not {asked!r}.")
    return asked == "1"


def _root() -> None:
    path = os.environ.get(ROOT, "").strip()
    if path and not path.startswith(("/", "http://", "https://")):
        raise ValueError(f"{ROOT} must begin with /, http:// or https://, not {path!r}.")
