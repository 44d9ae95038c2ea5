"""Dropout draws from torch's default generator, which all threads share: here a module draws from a stream of its own."""

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from explorable.seeding import seeded


class OwnStream:
    """From now on each forward of `module` in train mode draws what it would draw if nobody else drew in between.

    `state` is that of a generator, (5056,) uint8. The lock of `seeded` is held for one forward at a time.
    """

    def __init__(self, module: nn.Module, state: Tensor) -> None:
        self._state = state
        self._scope: AbstractContextManager[None] | None = None
        module.register_forward_pre_hook(self._enter)
        module.register_forward_hook(self._leave, always_call=True)

    def _enter(self, module: nn.Module, args: Any) -> None:
        if module.training:
            self._scope = seeded(0)
            self._scope.__enter__()
            torch.set_rng_state(self._state)

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        if self._scope is not None:
            self._state = torch.get_rng_state()
            scope, self._scope = self._scope, None
            scope.__exit__(None, None, None)
