"""Requests of the pages: small JSON objects, read strictly. A wrong one is answered with a sentence that names the field."""

import json
from typing import Any

from starlette.requests import Request

from classroom.refused import Refused

LARGEST = 4_000  # bytes
KINDS = {str: "a text", int: "a whole number", bool: "true or false", list: "a list of whole numbers"}


async def read(request: Request, **fields: type) -> dict[str, Any]:
    """The named fields and no others, each of its type; raises Refused."""
    body = await request.body()
    try:
        given = json.loads(body) if len(body) <= LARGEST else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise Refused(400, f"The body must be a JSON object of at most {LARGEST} bytes.")
    for name, kind in fields.items():
        if not _is(given.get(name), kind):
            raise Refused(400, f"{name} must be {KINDS[kind]}.")
    return {name: given[name] for name in fields}


def _is(value: Any, kind: type) -> bool:
    if kind is list:
        return type(value) is list and len(value) <= 20 and all(_is(one, int) for one in value)
    if kind is int:
        return type(value) is int and abs(value) < 2**31
    if kind is str:
        return type(value) is str and len(value) <= 200 and value.isprintable()
    return type(value) is kind
