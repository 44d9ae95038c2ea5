"""Whether this machine has what the operator wants the models to run on, and the operator's own model."""

from models.device import choose_device
from models.registry import choices


def problems() -> list[str]:
    """A sentence for each of TORCH_EXPLORABLES_DEVICE and TORCH_EXPLORABLES_MODEL that names nothing here."""
    found = []
    for read in (choose_device, choices):
        try:
            read()
        except ValueError as problem:
            found.append(str(problem))
    return found
