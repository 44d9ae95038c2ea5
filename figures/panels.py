"""The parts a picture is made of: small dicts that a view of the same name draws in the page.

A figure is `figure(...)`: rows of panels, the hero first. Each panel names its view (`assets/js/views/`). Cells that share a key light up
together in every panel of the figure; the key "~x" lights what has the key "x", without being lit by it. `notes` hold the
arithmetic of a cell, shown when it is pointed at or focused.
Numbers are read off tensors with `.tolist()`; nothing is computed here.
"""

import math
from collections.abc import Sequence
from typing import Any

Panel = dict[str, Any]
Figure = dict[str, Any]

AXIS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # dims 0, 1, 2, 3: frames and labels only
SCALE = ("#d55e00", "#ffffff", "#0072b2")  # negative, zero, positive


def figure(
    *,
    hero: Sequence[Sequence[Panel]],
    more: Sequence[Sequence[Panel]] = (),
    steps: Sequence[str] = (),
    step_name: str = "step",
) -> Figure:
    """Rows of panels, top to bottom; panels of a row stand side by side where there is room.

    hero: what the first screen shows: input, operator, output, left to right. more: what stands in a fold below.
    steps: labels of the states that panels with `stepped` frames are played through in the browser, without a request.
    """
    kept = [[list(row) for row in part if row] for part in (hero, more)]
    drawn: Figure = {"rows": [*kept[0], *kept[1]], "hero": len(kept[0])}
    return {**drawn, "steps": list(steps), "stepName": step_name} if steps else drawn


def veiled(panel: Panel, *, cells: bool = False) -> Panel:
    """A panel of what comes out: until the question is answered its title is seen, and "?" for the rest.

    cells: the empty cells of a grid are seen as well, where no question asks for its shape.
    """
    return {**panel, "veiled": "cells" if cells else "box"}


def operator(text: str, note: str = "") -> Panel:
    """The thin panel between input and output: the call, and an arrow."""
    return {"view": "operator", "title": text, "note": note or None}


def facts(items: Sequence[tuple[str, ...]], title: str = "") -> Panel:
    """Named values: (key, label, text) or (key, label, text, note); the key is what a question rings."""
    shown = [dict(zip(("key", "label", "text", "note"), item, strict=False)) for item in items]
    return {"view": "facts", "title": title, "items": shown}


def cell_text(value: Any, digits: int = 2) -> str:
    """What a cell of a grid prints, as the choices of a question write it: no plus, an ASCII minus."""
    if value is None or isinstance(value, str):
        return {"nan": "NaN", "inf": "+∞", "-inf": "-∞", None: ""}.get(value, value)  # type: ignore[return-value]
    return str(value) if isinstance(value, bool) else "0" if value == 0 else f"{value:.{digits}f}"


def stepped(panel: Panel, frames: Sequence[Panel]) -> Panel:
    """The panel with one frame for each of the figure's steps; a frame holds the entries that differ from the panel."""
    return {**panel, "frames": [{key: value for key, value in f.items() if panel.get(key) != value} for f in frames]}


def described(name: str, tensor: Any, axes: Sequence[str] = ()) -> str:
    """`x [N=4, C=3] float32 cpu`: the name, the shape with axis names, dtype and device of a tensor."""
    names = [*axes, *[""] * (tensor.dim() - len(axes))]
    sizes = [f"{axis}={size}" if axis else str(size) for axis, size in zip(names, tensor.shape, strict=False)]
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"{name} [{', '.join(sizes)}] {dtype} {tensor.device}"


def numbers(value: Any) -> Any:
    """Nested lists and dicts of numbers in which NaN and infinities are text, as JSON needs them."""
    if isinstance(value, (list, tuple)):
        return [numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def limit(*tensors: Any) -> float:
    """The largest finite |value| among tensors: the symmetric colour limit that compared panels share."""
    flat = [abs(v) for t in tensors if t is not None for v in t.flatten().tolist() if math.isfinite(v)]
    return max(flat, default=0.0) or 1.0


def grid(
    title: str,
    values: Any,
    *,
    tensor: str,
    limit: float,
    rows: str = "",
    cols: str = "",
    row_dim: int | None = 0,
    col_dim: int | None = 1,
    row_labels: Sequence[str] | None = None,
    col_labels: Sequence[str] | None = None,
    keys: Sequence[Sequence[Any]] | None = None,
    notes: Sequence[Sequence[str]] | None = None,
    sub: Sequence[Sequence[str]] | None = None,
    marks: Sequence[Sequence[str]] | None = None,
    groups: Sequence[Sequence[int | None]] | None = None,
    group_names: Sequence[str] | None = None,
    digits: int = 2,
    signed: bool = True,
    wide: bool = False,
    badge: str = "",
    label_width: int | None = None,
    labels: bool = True,
) -> Panel:
    """A 2-D tensor as a table of cells coloured on one zero-centred scale.

    values: nested list (R, C) or a 2-D tensor. rows, cols: axis names printed on the frame; row_dim, col_dim: which dim of
    the tensor they are (sets the frame's colour; None for no axis). keys: for each cell a key or a list of keys; the default
    is "row,col", so that equal cells of all panels light together. notes: the arithmetic of each cell. sub: a second, small
    line in each cell. marks: "dropped" | "pad" | "illegal" | "new" | "error" | "lit" | "card" | "differs" | "" for each cell; several
    with spaces between. groups: a group number for each cell (drawn as a coloured, numbered band), group_names: what the numbers
    mean. wide: twice the width of its neighbours. badge: a short text beside the title such as "train" or "❄ frozen". label_width: pixels for the row labels.
    signed: False for what is never negative: no plus stands before it. labels: False leaves out the indices of rows and columns.
    """
    cells = numbers(values.tolist() if hasattr(values, "tolist") else values)
    shown = {
        "view": "grid", "title": title, "tensor": tensor, "values": cells, "limit": limit, "rows": rows, "cols": cols,
        "rowDim": row_dim, "colDim": col_dim, "rowLabels": row_labels, "colLabels": col_labels, "keys": keys,
        "notes": notes, "sub": sub, "marks": marks, "groups": groups, "groupNames": group_names, "digits": digits,
        "wide": wide or None, "badge": badge or None, "labelWidth": label_width,
        "signed": None if signed else False, "labels": None if labels else False,
    }  # fmt: skip
    return {key: value for key, value in shown.items() if value is not None}


def cube(
    title: str,
    values: Any,
    *,
    tensor: str,
    limit: float,
    axes: Sequence[str],
    dims: Sequence[int] | None = None,
    new_dim: int | None = None,
    keys: Any = None,
    notes: Any = None,
    marks: Any = None,
    groups: Any = None,
    group_names: Sequence[str] | None = None,
    parts: Sequence[str] | None = None,
    digits: int = 2,
    wide: bool = False,
    badge: str = "",
    solid: bool = True,
) -> Panel:
    """A tensor of 0 to 4 dims, in 3-D and as flat slices of the same cells.

    values: nested list or tensor. axes: the name of each dim. dims: which colour of AXIS each dim has (default 0, 1, 2, ...),
    so that an axis keeps its colour when an operator moves it. new_dim: the dim an operator has just inserted, marked.
    keys, notes, marks, groups: nested like values; see `grid`. The last two dims are the rows and columns of a slice.
    parts: when values is a list of separate tensors of up to 3 dims (shapes may differ, None is drawn as None), their names.
    solid: False leaves the slices alone.
    """
    cells = numbers(values.tolist() if hasattr(values, "tolist") else values)
    shown = {
        "view": "cube", "title": title, "tensor": tensor, "values": cells, "limit": limit, "axes": list(axes),
        "dims": list(dims) if dims is not None else list(range(len(axes))), "newDim": new_dim, "keys": keys, "notes": notes,
        "marks": marks, "groups": groups, "groupNames": group_names, "digits": digits, "wide": wide or None,
        "badge": badge or None, "parts": list(parts) if parts is not None else None, "solid": None if solid else False,
    }  # fmt: skip
    return {key: value for key, value in shown.items() if value is not None}


def bars(
    title: str,
    labels: Sequence[str],
    values: Sequence[float],
    *,
    unit: str = "",
    limit: float | None = None,
    references: Sequence[tuple[str, float]] = (),
    notes: Sequence[str] | None = None,
    keys: Sequence[Any] | None = None,
    marks: Sequence[str] | None = None,
    digits: int = 3,
    wide: bool = False,
    params: Sequence[str] | None = None,
    signed: bool = False,
) -> Panel:
    """Horizontal bars from 0, one a label, the number printed; references are (label, value) lines across all bars.

    params: for each bar the number of Params that it shows: it can be dragged, or moved with the arrow keys, within +-limit.
    signed: 0 stands in the middle even when no value is negative.
    """
    shown = {
        "view": "bars", "title": title, "labels": list(labels), "values": numbers(list(values)), "unit": unit,
        "limit": limit, "references": [list(line) for line in references], "notes": notes, "keys": keys,
        "marks": marks, "digits": digits, "wide": wide or None, "params": list(params) if params else None,
        "signed": signed or bool(params) or None,
    }  # fmt: skip
    return {key: value for key, value in shown.items() if value is not None}


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    wide: bool = False,
    note: str = "",
    badge: str = "",
    lit: Sequence[int] = (),
    breaks: bool = False,
) -> Panel:
    """A table of facts. A cell is text, (text, kind) or `pressable`: kind is "yes", "no", "warn" or "muted" and colours a badge.

    lit: indices of the rows that matter now: marked, and announced as the current ones. breaks: on a phone all columns are seen
    at once, and long words break; otherwise the table scrolls.
    """
    body = [[list(cell) if isinstance(cell, tuple) else cell for cell in row] for row in rows]
    return {
        "view": "table", "title": title, "columns": list(columns), "rows": body, "note": note, "wide": wide or None,
        "badge": badge or None, "lit": list(lit) or None, "breaks": breaks or None,
    }  # fmt: skip


def pressable(text: str, kind: str, label: str, params: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """A cell of a table that changes these Params when pressed; label says to whom, also to a screen reader."""
    return text, kind, {"label": label, "params": params}


def node(
    depth: int, name: str, *, kind: str = "", facts: str = "", value: str = "", key: str = "", note: str = ""
) -> Panel:
    """One node of a `tree`: kind is its type, facts its dtype and shape; its children follow it with a greater depth."""
    return {
        "depth": depth,
        "name": name,
        "kind": kind,
        "facts": facts,
        "value": value,
        "key": key or None,
        "note": note or None,
    }


def token(
    text: str,
    logits: tuple[float, float],
    shares: tuple[float, float],
    *,
    kinds: Sequence[str] = (),
    keys: Sequence[str] = (),
    note: str = "",
) -> Panel:
    """One token of a `strip`: its start and end logit, and the softmax of each.

    kinds: "question" | "special" | "padding" | "shared" (in two windows) | "answer" | "start" | "end" (the argmaxes).
    """
    (start, end), (up, down) = logits, shares
    return {
        "text": text, "start": round(start, 4), "end": round(end, 4), "startShare": round(up, 4), "endShare": round(down, 4),
        "is": list(kinds), "key": " ".join(keys), "note": note,
    }  # fmt: skip


def strip(
    title: str,
    tokens: Sequence[Panel],
    *,
    tensor: str,
    limit: float,
    legend: Sequence[tuple[str, str]],
    badge: str = "",
) -> Panel:
    """`token`s along the text, wrapped as text is. legend: (swatch, words), as in assets/css/strip.css."""
    return {
        "view": "strip", "title": title, "tokens": list(tokens), "tensor": tensor, "limit": limit,
        "legend": [list(entry) for entry in legend], "badge": badge or None, "wide": True,
    }  # fmt: skip


def tree(title: str, nodes: Sequence[Panel], *, badge: str = "", note: str = "", wide: bool = False) -> Panel:
    """What lies inside what, as nested lists of `node`s; nodes that share a key light up together in all panels."""
    return {
        "view": "tree", "title": title, "nodes": list(nodes), "badge": badge or None, "note": note, "wide": wide or None,
    }  # fmt: skip


def curve(
    title: str,
    labels: Sequence[str],
    lines: dict[str, Sequence[float]],
    *,
    dots: dict[str, Sequence[float | None]] | None = None,
    x_title: str,
    badge: str = "",
    upto: int | None = None,
) -> Panel:
    """Lines over equally spaced labels, with single observations as dots; drawn as SVG, and a table for screen readers.

    dots: one value a label, None where there is none. upto: index of the last label that is drawn, for `stepped` frames.
    """
    return {
        "view": "curve", "title": title, "labels": list(labels), "xTitle": x_title, "badge": badge or None,
        "lines": [[name, numbers(list(values))] for name, values in lines.items()],
        "dots": [[name, numbers(list(values))] for name, values in (dots or {}).items()],
        "upto": len(labels) - 1 if upto is None else upto, "wide": True,
    }  # fmt: skip


def dots(title: str, marked: Sequence[bool], *, off: str, on: str, badge: str = "") -> Panel:
    """A dot for each of many things, too many to be named; those that are marked stand out. off, on: what the two kinds mean."""
    kinds = "".join("1" if mark else "0" for mark in marked)
    return {"view": "dots", "title": title, "kinds": kinds, "off": off, "on": on, "badge": badge or None}


def board(
    title: str,
    columns: Sequence[str],
    rows: Sequence[str],
    cells: Sequence[Sequence[Sequence[tuple[str, str, bool]]]],
    *,
    lit: tuple[int, int] | None = None,
) -> Panel:
    """A board of squares; each holds lines (sign, words, on), of which those that are off are muted. lit: the chosen square."""
    squares = [[[list(line) for line in square] for square in row] for row in cells]
    return {
        "view": "board", "title": title, "columns": list(columns), "rows": list(rows), "squares": squares,
        "lit": list(lit) if lit else None, "wide": True,
    }  # fmt: skip


def lanes(
    title: str,
    rows: Sequence[tuple[str, Sequence[tuple[float, float, str, str, str, str]]]],
    *,
    end: float,
    unit: str,
    badge: str = "",
) -> Panel:
    """Spans of time, from 0 to `end`, in lanes: (name, spans); a span is (from, to, text, kind, key, note).

    kind: "loads" | "waits" | "trains". text: a number, which also is the span's colour.
    """
    shown = [[name, [list(span) for span in spans]] for name, spans in rows]
    return {
        "view": "lanes",
        "title": title,
        "lanes": shown,
        "end": end,
        "unit": unit,
        "badge": badge or None,
        "wide": True,
    }


def error(title: str, text: str, *, where: str = "") -> Panel:
    """The live text of an exception (`type: message`) and the line that raised it."""
    return {"view": "error", "title": title, "text": text, "where": where}
