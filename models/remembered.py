"""The logits of what was asked before, for pictures that need no new forward."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from torch import Tensor, device

from models.together import Logits, Together


class Remembered:
    """Stands in for the model that `together` shares: equal inputs are read once.

    Right only as long as the weights stay as they are. The inputs are kept as digests, the logits as
    they came; the longest unused are dropped beyond `most_cells` logits (8 bytes each with their end).
    """

    def __init__(self, together: Together, most_cells: int = 1_000_000) -> None:
        self._together = together
        self._most_cells = most_cells
        self._known: OrderedDict[str, Logits] = OrderedDict()
        self._cells = 0
        self._lock = threading.Lock()

    @property
    def device(self) -> device:
        """Where the weights are."""
        return self._together.device

    def __call__(self, **inputs: Tensor) -> Logits:
        """inputs: (B, T) each. Raises what `Together` raises; errors are not remembered."""
        key = _digest(inputs)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        logits = self._together(**inputs)
        self._keep(key, logits)
        return logits

    def _keep(self, key: str, logits: Logits) -> None:
        with self._lock:
            if key not in self._known:
                self._cells += logits.start_logits.numel()
            self._known[key] = logits
            while self._cells > self._most_cells:
                _, dropped = self._known.popitem(last=False)
                self._cells -= dropped.start_logits.numel()


def _digest(inputs: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(inputs.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
