"""Bodies of requests: read whole, parsed strictly, handed on."""

import json
from typing import Any

from starlette.types import Message, Receive, Scope


class Refused(Exception):
    """A request that goes no further: the status of the answer and the one sentence it gets."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


async def whole(receive: Receive) -> bytes | None:
    """The whole body, which serving/limits.py bounds; None when the connection ends before."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def in_place_of(receive: Receive, body: bytes) -> Receive:
    """Hands out `body` in place of the one that was read, then what comes after it."""
    handed = False

    async def replay() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def with_length(scope: Scope, length: int) -> Scope:
    """The scope of a request whose body now has `length` bytes."""
    kept = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"transfer-encoding")]
    return {**scope, "headers": [*kept, (b"content-length", str(length).encode())]}


def json_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object with each name once; raises Refused where it is anything else.

    NaN and Infinity are read, as Python writes them: who checks the field that holds them can name it.
    """
    try:
        parsed = json.loads(body, object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError):  # also bytes that are no UTF-8, and integers of thousands of digits
        raise Refused(400, "The body must be JSON in which each name stands once.") from None
    if not isinstance(parsed, dict):
        raise Refused(400, "The body must be a JSON object.")
    return parsed


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found
