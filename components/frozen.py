"""A dictionary that all visitors share, so nothing can be written into it."""

from collections.abc import Mapping
from typing import Any, NoReturn


class Frozen(dict[str, Any]):
    """JSON that stays what it was made of. Its copies are ordinary dictionaries.

    Setting a key does nothing instead of raising: at every call Gradio sets, in what it holds of a component, the value that
    the component was called with. Nobody here reads that value, and it is a visitor's.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__({key: frozen(value) for key, value in values.items()})

    def __setitem__(self, key: str, value: Any) -> None:
        pass

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("all visitors share this: it cannot be changed")

    __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, _: Any) -> dict[str, Any]:
        return thawed(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (thawed(self),)


def frozen(value: Any) -> Any:
    """JSON as dictionaries and tuples that cannot be changed."""
    if isinstance(value, Mapping):
        return Frozen(value)
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value


def thawed(value: Any) -> Any:
    """A copy of frozen JSON that can be changed."""
    if isinstance(value, Mapping):
        return {key: thawed(item) for key, item in value.items()}
    return list(map(thawed, value)) if isinstance(value, tuple) else value
