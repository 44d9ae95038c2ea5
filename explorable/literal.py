"""A value as Python source, as code and captions show it."""

import json
import re
from typing import Any

WIDEST = 100  # characters of a line
HIDDEN = "[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"


def literal(value: Any) -> str:
    """The value as Python source on one line; text in double quotes, escaped."""
    if isinstance(value, str):
        return escape_hidden(json.dumps(value, ensure_ascii=False))
    if isinstance(value, (list, tuple)):
        items = ", ".join(map(literal, value))
        return f"[{items}]" if isinstance(value, list) else f"({items}{',' if len(value) == 1 else ''})"
    return repr(value)


def assignment(name: str, value: Any) -> list[str]:
    """The lines of `name = value`; a list that is too long for one has a line for each item."""
    line = f"{name} = {literal(value)}"
    if len(line) <= WIDEST or not isinstance(value, (list, tuple)):
        return [line]
    left, right = "[]" if isinstance(value, list) else "()"
    return [f"{name} = {left}", *(f"    {literal(item)}," for item in value), right]


def escape_hidden(words: str) -> str:
    """What turns the direction of text, ends a line for some reader or is not seen, as its escape: code and captions read as they are."""
    return re.sub(HIDDEN, lambda found: f"\\u{ord(found[0]):04x}", words)
