"""What stands in panels: cells, bars, nodes, tokens, spans and ticks, each with all that belongs to it.

What shares a `key` lights up together in every panel of the figure; the key "~x" lights what has the key "x", without being lit
by it; what has the key "@x" is ringed beside the cell with the key "x" when the question about that is answered. A `note` is
the arithmetic, shown when it is pointed at or focused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Key = str | Sequence[str]
LEAVES = (float, int, str)  # where a row begins with one of them, it is a row of cells
Text = str | Callable[..., str]  # the same for all cells, or a function of each


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a grid or a cube: a number, a bool, text, or None for an empty one."""

    value: Any
    note: str = ""
    key: Key | None = None  # None: its indices, so that equal places of all panels light together
    sub: str = ""  # a second, small line
    mark: str = ""  # dropped, pad, illegal, new, error, lit, card, differs, given, tall, thirds, way; several with spaces between
    group: int | None = None  # the number of a coloured band
    # under the number, a bar: where it begins and where it ends, as shares of the cell, and its colour: blue, orange, grey, green,
    # or part, for one of a whole that is seen too; with the mark "tall" it goes up
    bar: tuple[float, float, str] | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; param: the number of Params that it shows, so that it can be dragged, or moved with the arrow keys.

    mark: lit, or quiet for one that stands back.
    """

    label: str
    value: float
    note: str = ""
    key: Key | None = None  # None: its label
    mark: str = ""
    param: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A tensor of a node, as a chip on its line."""

    name: str
    badge: str
    facts: str
    key: str
    note: str
    mark: str = ""
    order: str = ""
    same: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a tree: kind is its type, facts its dtype and shape; its children follow it with a greater depth."""

    depth: int
    name: str
    kind: str = ""
    facts: str = ""
    value: str = ""
    key: str = ""
    note: str = ""
    mark: str = ""  # walked, dropped, hidden; apart: its children stand a little below it
    order: str = ""  # its number in a walk
    times: int | None = None  # how many equal neighbours are drawn as this one
    same: str = ""  # the letter that objects with several names share
    parts: Sequence[Part] | None = None
    sizes: Sequence[int] | None = None  # of a tensor with one or two dims: it is drawn as rows and columns


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a strip: its start and end logit, and the softmax of each."""

    text: str
    start: float
    end: float
    start_share: float
    end_share: float
    kinds: Sequence[str]
    # question, special, padding, shared (in two windows), answer, start, end (the argmaxes); in a plain text joined (to what is in
    # front of it) and first (of a line)
    key: str
    note: str


class Span(NamedTuple):
    """A span of a lane. text: a number, which also is its colour."""

    start: float
    end: float
    text: str
    kind: str  # loads, waits, trains
    key: str
    note: str


@dataclass(frozen=True, slots=True)
class Tick:
    """One number of a line; without a text it is drawn, and not named."""

    at: float
    text: str = ""
    key: str = ""
    note: str = ""


def cells_of(
    values: Any,
    *beside: Any,
    note: Text = "",
    key: Callable[..., Key | None] | None = None,
    sub: Text = "",
    mark: Text = "",
    group: Callable[..., int | None] | None = None,
) -> Any:
    """The cells of a tensor, or of nested lists, nested alike.

    Each entry is given once for all cells, or as a function of a cell's value, of what stands in its place in each of `beside`,
    and of its indices: `cells_of(y, x, note=lambda y, x, row, column: f"{x} gives {y}")`.
    """
    entries = {"note": note, "key": key, "sub": sub, "mark": mark, "group": group}
    fixed = {name: entry for name, entry in entries.items() if isinstance(entry, str) and entry}
    made = [(name, entry) for name, entry in entries.items() if callable(entry)]
    return _built((values, *beside), fixed, made, ())


def _built(nested: Sequence[Any], fixed: dict[str, Any], made: list[tuple[str, Any]], index: tuple[int, ...]) -> Any:
    here = [part.tolist() if hasattr(part, "tolist") else part for part in nested]
    if not isinstance(here[0], (list, tuple)):
        return Cell(here[0], **fixed, **{name: of(*here, *index) for name, of in made})
    if here[0] and isinstance(here[0][0], LEAVES):
        rows = enumerate(zip(*here, strict=True))
        return [Cell(one[0], **fixed, **{name: of(*one, *index, at) for name, of in made}) for at, one in rows]
    return [_built(parts, fixed, made, (*index, at)) for at, parts in enumerate(zip(*here, strict=True))]


def spread(things: Any, entries: dict[str, str]) -> dict[str, Any]:
    """Nested cells or bars as the page reads them: for each entry one nested list, or None where it is empty everywhere."""
    flat = _leaves(things)
    said = [
        entry for entry in entries if entry == "value" or any(getattr(one, entry) not in ("", None) for one in flat)
    ]
    return {name: _read(things, entry) if entry in said else None for entry, name in entries.items()}


def _leaves(things: Any) -> list[Any]:
    return [leaf for inner in things for leaf in _leaves(inner)] if isinstance(things, (list, tuple)) else [things]


def _read(things: Any, entry: str) -> Any:
    if not isinstance(things, (list, tuple)):
        return getattr(things, entry)
    return [_read(one, entry) if isinstance(one, (list, tuple)) else getattr(one, entry) for one in things]
