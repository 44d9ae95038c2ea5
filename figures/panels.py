"""The parts a picture is made of: panels, each drawn in the page by the view of its name (`assets/js/views/`).

A figure is `figure(...)`: rows of panels, the hero first. What stands in panels is in `figures/cells.py`.
Numbers are read off tensors with `.tolist()`; nothing is computed here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from functools import cache
from typing import Any, TypeVar

from figures.cells import Bar, Cell, Node, Span, Tick, Token, spread

Figure = dict[str, Any]
Fact = tuple[str, str, str] | tuple[str, str, str, str]  # key, label, text, note; the key is what a question rings
P = TypeVar("P", bound="Panel")

CELLS = {
    "value": "values",
    "note": "notes",
    "key": "keys",
    "sub": "sub",
    "mark": "marks",
    "group": "groups",
    "bar": "bars",
}
BARS = {"value": "values", "note": "notes", "key": "keys", "mark": "marks", "param": "params"}


@dataclass(frozen=True)
class Panel:
    """What panels of every view may have."""

    _: KW_ONLY
    badge: str = ""  # a short text beside the title such as "train" or "❄ frozen"
    wide: bool = False  # twice the width of its neighbours
    veiled: str = ""  # by `veiled`
    frames: "Sequence[Panel]" = ()  # by `stepped`

    def entries(self) -> dict[str, Any]:
        """What the view reads, by the name of the field."""
        return {name: value for name, value in entries_of(self).items() if name != "frames"}

    def drawn(self) -> dict[str, Any]:
        """The panel as JSON; a frame holds the entries that differ from the panel."""
        shown = {"view": type(self).__name__.lower(), "title": "", **_sent(self.entries())}
        if not self.frames:
            return shown
        frames = [replace(frame, veiled=self.veiled).drawn() for frame in self.frames]
        return {**shown, "frames": [_changes(shown, frame) for frame in frames]}


@dataclass(frozen=True)
class Operator(Panel):
    """The thin panel between input and output: the call, and an arrow."""

    title: str
    note: str = ""


@dataclass(frozen=True)
class Facts(Panel):
    """Named values."""

    items: Sequence[Fact]
    title: str = ""

    def entries(self) -> dict[str, Any]:
        named = [dict(zip(("key", "label", "text", "note"), item, strict=False)) for item in self.items]
        return {**super().entries(), "items": named}


@dataclass(frozen=True)
class Grid(Panel):
    """A 2-D tensor as a table of cells coloured on one zero-centred scale."""

    title: str
    cells: Sequence[Sequence[Cell]]  # a row may have a cell for each of col_groups instead, below all of its columns
    _: KW_ONLY
    tensor: str
    limit: float
    rows: str = ""  # the name of an axis, printed on the frame
    cols: str = ""
    row_dim: int | None = 0  # which dim of the tensor it is, which sets the frame's colour; None for no axis
    col_dim: int | None = 1
    row_labels: Sequence[str] | None = None
    col_labels: Sequence[str] | None = None
    col_groups: Sequence[tuple[str, int]] | None = None  # names over neighbouring columns: (name, how many columns)
    label_width: int | None = None  # pixels for the row labels
    labels: bool = True  # False leaves out the indices of rows and columns
    group_names: Sequence[str] | None = None  # what the numbers of groups mean
    digits: int = 2
    signed: bool = True  # False for what is never negative: no plus stands before it
    quiet: bool = False  # colours alone: a number is printed where it is 0, and told under the pointer and in the table

    def entries(self) -> dict[str, Any]:
        return {**super().entries(), "cells": None, **spread(self.cells, CELLS)}


@dataclass(frozen=True)
class Cube(Panel):
    """A tensor of 0 to 4 dims, in 3-D and as flat slices of the same cells; the last two dims are rows and columns of a slice."""

    title: str
    cells: Any  # nested as the tensor is
    _: KW_ONLY
    tensor: str
    limit: float
    axes: Sequence[str]  # the name of each dim
    dims: Sequence[int] | None = (
        None  # which of the colours --axis-0 to 3 of page.css each dim has: an axis keeps it when an operator moves it
    )
    new_dim: int | None = None  # the dim that an operator has just inserted, marked
    parts: Sequence[str] | None = (
        None  # names, when cells is a list of separate tensors; shapes may differ, None is drawn as None
    )
    group_names: Sequence[str] | None = None
    digits: int = 2
    solid: bool = True  # False leaves the slices alone
    flat: bool = True  # False leaves the 3-D picture alone
    column: bool = False  # True: the slices stand below each other
    col_labels: Sequence[str] | None = None  # words for the indices of the last axis
    at: Sequence[int] | None = None  # the dim of the tensor that each axis is, where one of size 1 is not drawn
    sizes: Sequence[int] | None = None  # of the tensor, where not all of its numbers are drawn

    def entries(self) -> dict[str, Any]:
        dims = range(len(self.axes)) if self.dims is None else self.dims
        return {**super().entries(), "cells": None, **spread(self.cells, CELLS), "dims": list(dims)}


@dataclass(frozen=True)
class Bars(Panel):
    """Horizontal bars from 0, the number printed."""

    title: str
    bars: Sequence[Bar]
    _: KW_ONLY
    unit: str = ""
    limit: float | None = None
    references: Sequence[tuple[str, float]] = ()  # (label, value): lines across all bars
    named: bool = False  # short labels of the references stand at their lines, without the values
    summed: bool = False  # the last bar is the sum of the others: the references stand across it alone
    digits: int = 3
    signed: bool = False  # 0 stands in the middle even when no value is negative

    def entries(self) -> dict[str, Any]:
        lists = {"labels": [bar.label for bar in self.bars], **spread(self.bars, BARS)}
        return {**super().entries(), "bars": None, **lists, "signed": self.signed or bool(lists["params"]) or None}


@dataclass(frozen=True)
class Table(Panel):
    """A table of facts. A cell is text, (text, kind), `keyed` or `pressable`: kind is "yes", "no", "warn" or "muted" and colours a badge."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    _: KW_ONLY
    note: str = ""
    lit: Sequence[int] = ()  # the rows that matter now: marked, and announced as the current ones
    breaks: bool = False  # on a phone all columns are seen at once, and long words break; otherwise the table scrolls

    def entries(self) -> dict[str, Any]:
        return {**super().entries(), "lit": self.lit or None}


@dataclass(frozen=True)
class Strip(Panel):
    """Tokens along the text, wrapped as text is."""

    title: str
    tokens: Sequence[Token]
    _: KW_ONLY
    tensor: str
    limit: float
    legend: Sequence[tuple[str, str]]  # (swatch, words), as in assets/css/strip.css
    plain: bool = False  # as a text is read, with the bars below its words
    wide: bool = True


@dataclass(frozen=True)
class Tree(Panel):
    """What lies inside what, as nested lists."""

    title: str
    nodes: Sequence[Node]
    _: KW_ONLY
    note: str = ""
    tall: bool = False  # it scrolls in a box of its own


@dataclass(frozen=True)
class Curve(Panel):
    """Lines over equally spaced labels, with single observations as dots; drawn as SVG, and a table for screen readers."""

    title: str
    labels: Sequence[str]
    lines: Mapping[str, Sequence[float | None]]
    _: KW_ONLY
    dots: dict[str, Sequence[float | None]] = field(default_factory=dict)  # one value a label, None where there is none
    bold: str = ""  # the line that matters: thick, and the others thin
    hues: Sequence[int] | None = None  # which of the colours .series-0 to 5 each line has; None: as they stand
    ringed: dict[int, str] = field(default_factory=dict)  # index of a label -> the key of the bold line's point there
    # index of a label -> what is printed at the ringed point there, to which lines lead from both axes
    texts: dict[int, str] = field(default_factory=dict)
    beside: dict[str, str] = field(
        default_factory=dict
    )  # name of dots, as large as the ringed -> what is printed there
    ticks: Sequence[int] = ()  # indices of the labels that are printed; none: as many as there is room for
    x_title: str
    upto: int | None = None  # index of the last label that is drawn, for frames; None: of all
    wide: bool = True

    def entries(self) -> dict[str, Any]:
        upto = len(self.labels) - 1 if self.upto is None else self.upto
        listed = {name: [*getattr(self, name).items()] for name in ("lines", "dots", "ringed", "texts")}
        return {
            **super().entries(),
            **listed,
            "ringed": listed["ringed"] or None,
            "texts": listed["texts"] or None,
            "beside": self.beside or None,
            "ticks": [*self.ticks] or None,
            "upto": upto,
        }


@dataclass(frozen=True)
class Dots(Panel):
    """A dot for each of many things, too many to be named; those that are marked stand out."""

    title: str
    marked: Sequence[bool]
    _: KW_ONLY
    off: str  # what the two kinds mean
    on: str
    key: str = ""  # of how many are marked

    def entries(self) -> dict[str, Any]:
        return {**super().entries(), "marked": None, "kinds": "".join("1" if mark else "0" for mark in self.marked)}


@dataclass(frozen=True)
class Board(Panel):
    """A board of squares; each holds lines (sign, words, on), of which those that are off are muted."""

    title: str
    columns: Sequence[str]
    rows: Sequence[str]
    squares: Sequence[Sequence[Sequence[tuple[str, str, bool]]]]
    _: KW_ONLY
    lit: tuple[int, int] | None = None  # the chosen square
    wide: bool = True


@dataclass(frozen=True)
class Lanes(Panel):
    """Spans of time, from 0 to `end`, in lanes with a name."""

    title: str
    lanes: Sequence[tuple[str, Sequence[Span]]]
    _: KW_ONLY
    end: float
    unit: str
    wide: bool = True


@dataclass(frozen=True)
class Line(Panel):
    """A number line from `low` to `high` for each row."""

    title: str
    rows: Sequence[
        tuple[str, Sequence[Tick], str]
    ]  # name, ticks (none: too close to be drawn apart), words beside the name
    _: KW_ONLY
    low: float
    high: float
    wide: bool = True

    def entries(self) -> dict[str, Any]:
        rows = [{"name": name, "ticks": list(ticks), "words": words} for name, ticks, words in self.rows]
        return {**super().entries(), "rows": rows}


@dataclass(frozen=True)
class Error(Panel):
    """The live text of an exception (`type: message`) and the line that raised it."""

    title: str
    text: str
    _: KW_ONLY
    where: str = ""
    key: str = ""


def figure(
    *,
    hero: Sequence[Sequence[Panel]],
    more: Sequence[Sequence[Panel]] = (),
    steps: Sequence[str] = (),
    step_name: str = "step",
) -> Figure:
    """Rows of panels, top to bottom; panels of a row stand side by side where there is room.

    hero: what the first screen shows: input, operator, output, left to right. more: what stands in a fold below.
    steps: labels of the states that panels with frames are played through in the browser, without a request.
    """
    kept = [[[panel.drawn() for panel in row] for row in part if row] for part in (hero, more)]
    drawn: Figure = {"rows": [*kept[0], *kept[1]], "hero": len(kept[0])}
    return {**drawn, "steps": list(steps), "stepName": step_name} if steps else drawn


def veiled(panel: P, *, cells: bool = False) -> P:
    """A panel of what comes out: until the question is answered its title is seen, and "?" for the rest.

    cells: the empty cells of a grid are seen as well, where no question asks for its shape, and what stands in those with the mark
    "given"; of a strip its tokens, of a number line the first tick, of a table its first column; of bars those that their frames replace.
    """
    return replace(panel, veiled="cells" if cells else "box")


def stepped(frames: Sequence[P], *, at: int = -1) -> P:
    """A panel with one frame for each of the figure's steps, first seen as the frame `at`."""
    return replace(frames[at], frames=frames)


def pressable(text: str, kind: str, label: str, params: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """A cell of a table that changes these Params when pressed; label says to whom, also to a screen reader."""
    return text, kind, {"label": label, "params": params}


def keyed(text: str, kind: str, *keys: str) -> tuple[str, str, dict[str, str]]:
    """A cell of a table that has keys, as a cell of a grid has; kind may be ""."""
    return text, kind, {"key": " ".join(keys)}


def cell_text(value: Any, digits: int = 2) -> str:
    """What a cell of a grid prints, as the choices of a question write it: no plus, an ASCII minus."""
    if value is None or isinstance(value, str):
        return {"nan": "NaN", "inf": "+∞", "-inf": "-∞", None: ""}.get(value, value)  # type: ignore[return-value]
    return str(value) if isinstance(value, bool) else "0" if value == 0 else f"{value:.{digits}f}"


def described(name: str, tensor: Any, axes: Sequence[str] = ()) -> str:
    """`x [N=4, C=3] float32 cpu`: the name, the shape with axis names, dtype and device of a tensor."""
    names = [*axes, *[""] * (tensor.dim() - len(axes))]
    sizes = [f"{axis}={size}" if axis else str(size) for axis, size in zip(names, tensor.shape, strict=False)]
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"{name} [{', '.join(sizes)}] {dtype} {tensor.device}"


def limit(*tensors: Any) -> float:
    """The largest finite |value| among tensors: the symmetric colour limit that compared panels share."""
    flat = [abs(v) for t in tensors if t is not None for v in t.flatten().tolist() if math.isfinite(v)]
    return max(flat, default=0.0) or 1.0


def numbers(value: Any) -> Any:
    """What panels hold as JSON: NaN and infinities as text, and a node or a token as an object."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, (list, tuple)):  # most are rows of text and of numbers
        return [one if isinstance(one, (str, int)) or _is_finite(one) else numbers(one) for one in value]
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    return _sent(entries_of(value))


def _is_finite(value: Any) -> bool:
    return value.__class__ is float and value - value == 0.0


def entries_of(thing: Any) -> dict[str, Any]:
    """The fields of a dataclass, without flags that are as they usually are."""
    values = [(name, getattr(thing, name), usual) for name, usual in _usual(thing.__class__)]
    return {name: value for name, value, usual in values if value is not usual or not isinstance(value, bool)}


@cache
def _usual(kind: Any) -> list[tuple[str, Any]]:
    return [(one.name, getattr(Panel, one.name, one.default)) for one in fields(kind)]


def _sent(entries: dict[str, Any]) -> dict[str, Any]:
    """Entries as JSON under the names that JavaScript gives them, without those that are empty."""
    return {_camel(name): numbers(value) for name, value in entries.items() if value is not None and value != ""}


@cache
def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _changes(panel: dict[str, Any], frame: dict[str, Any]) -> dict[str, Any]:
    return {name: frame.get(name) for name in {**panel, **frame} if frame.get(name) != panel.get(name)}
