"""A lesson's hero as a small drawing: a few paths, each of one colour. It is read off the picture of the defaults, never computed."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from components import CHAPTERS
from components.answer import kept_json, lesson_of, to_json

Panel = dict[str, Any]
Box = tuple[float, float, float, float]  # x, y, width, height
Drawn = Iterator[tuple[str, str]]  # (colour, path)

WIDTH, HEIGHT, GAP = 120.0, 68.0, 6.0
MOST = 12  # rows and columns of one panel
SHADES = 3  # of each sign
HUES = 10  # of cells that are cards: the groups of page.css
VEILED = 0.5  # width of a panel that is veiled, beside one that is seen
WORDS = ("facts", "operator")  # panels of which a small drawing would show nothing


def thumb(slug: str) -> dict[str, str] | None:
    """Colour -> path, in a box of 120 x 68; None until the lesson's first state has been made."""
    kept = kept_json(slug, lesson_of(slug).Params())
    return sketch(json.loads(kept)["state"]["figure"]) if kept else None


def sketch(figure: dict[str, Any]) -> dict[str, str]:
    """The tensors of the hero's first row side by side. What is veiled is a narrow frame with a question mark."""
    drawn = [panel for panel in figure["rows"][0] if panel["view"] not in WORDS] or figure["rows"][0]
    panels = [_at_first_step(panel) for panel in drawn[:4]]
    shares = [VEILED if panel.get("veiled") else 1.0 for panel in panels]
    unit = (WIDTH - GAP * (len(panels) + 1)) / sum(shares)
    paths: dict[str, list[str]] = defaultdict(list)
    for number, panel in enumerate(panels):
        box = (GAP * (number + 1) + unit * sum(shares[:number]), GAP, unit * shares[number], HEIGHT - 2 * GAP)
        for colour, path in VIEWS.get("veil" if panel.get("veiled") else panel["view"], _frame)(panel, box):
            paths[colour].append(path)
    return {colour: "".join(found) for colour, found in paths.items()}


def _at_first_step(panel: Panel) -> Panel:
    return {**panel, **panel["frames"][0]} if panel.get("frames") else panel


def _rect(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z".replace(".0", "")


def _shade(value: Any, limit: float) -> str:
    """n3 ... n1, z, p1 ... p3: from the most negative to the most positive."""
    if not isinstance(value, (int, float)) or not value:
        return "z"
    return ("p" if value > 0 else "n") + str(max(1, min(SHADES, round(SHADES * abs(value) / (limit or 1)))))


def _colour(panel: Panel, value: Any, mark: str | None, group: int | None) -> str:
    """A card has the colour of its group."""
    if group is not None and "card" in (mark or ""):
        return f"g{group % HUES}"
    return _shade(value, panel["limit"])


def _cells(rows: list[list[str]], box: Box) -> Drawn:
    rows = [row[:MOST] for row in rows[:MOST]]
    columns = max(map(len, rows), default=0) or 1
    x, y, width, height = box
    side = min(width / columns, height / (len(rows) or 1))
    left, top = x + (width - side * columns) / 2, y + (height - side * len(rows)) / 2
    for i, row in enumerate(rows):
        for j, colour in enumerate(row):
            yield colour, _rect(left + j * side, top + i * side, side - 0.7, side - 0.7)


def _grid(panel: Panel, box: Box) -> Drawn:
    return _cells(_coloured(panel, panel["values"], panel.get("marks"), panel.get("groups")), box)


def _cube(panel: Panel, box: Box) -> Drawn:
    """Its slices below each other."""
    rows: Any = _coloured(panel, panel["values"], panel.get("marks"), panel.get("groups"))
    while _depth(rows) > 2:
        rows = [row for part in rows for row in part]
    while _depth(rows) < 2:
        rows = [rows]
    return _cells(rows, box)


def _coloured(panel: Panel, values: Any, marks: Any, groups: Any) -> Any:
    """The colour of each cell, nested as the values are; marks and groups may be missing."""
    if not isinstance(values, list):
        return _colour(panel, values, marks, groups)
    beside = [part or [None] * len(values) for part in (marks, groups)]
    return [_coloured(panel, *parts) for parts in zip(values, *beside, strict=True)]


def _depth(values: Any) -> int:
    return 1 + max(map(_depth, values), default=0) if isinstance(values, list) else 0


def _bars(panel: Panel, box: Box) -> Drawn:
    values = [value if isinstance(value, (int, float)) else 0.0 for value in panel["values"][:MOST]]
    x, y, width, height = box
    most = panel.get("limit") or max(map(abs, values), default=1.0) or 1.0
    signed = panel.get("signed") or min(values, default=0) < 0
    zero, scale = (x + width / 2, width / 2) if signed else (x, width)
    step = height / (len(values) or 1)
    for index, value in enumerate(values):
        length = max(0.8, min(1.0, abs(value) / most) * scale)
        yield "p2" if value >= 0 else "n2", _rect(zero - length * (value < 0), y + index * step, length, step * 0.7)


def _lines(lengths: list[tuple[float, float]], box: Box) -> Drawn:
    """(indent, length) of each line, as shares of the width."""
    x, y, width, height = box
    step = height / max(6, len(lengths))
    for index, (indent, length) in enumerate(lengths):
        yield "t", _rect(x + indent * width, y + index * step, max(0.03, length) * width, step * 0.55)


def _table(panel: Panel, box: Box) -> Drawn:
    x, y, width, height = box
    columns = max(1, len(panel["columns"]))
    for column in range(columns):
        rows = [row[column] if column < len(row) else "" for row in panel["rows"][: MOST - 2]]
        texts = [cell[0] if isinstance(cell, list) else cell for cell in rows]
        lengths = [(0.0, min(0.9, len(str(text)) / 14)) for text in texts]
        yield from _lines(lengths, (x + column * width / columns, y, width / columns, height))


def _tree(panel: Panel, box: Box) -> Drawn:
    return _lines(
        [(0.09 * node["depth"], min(0.6, 0.04 * len(node["name"]) + 0.1)) for node in panel["nodes"][:MOST]], box
    )


def _strip(panel: Panel, box: Box) -> Drawn:
    """Tokens one after the other, wrapped; not how they score."""
    x, y, width, height = box
    at, line = 0.0, 0
    for token in panel["tokens"][:60]:
        length = 2.0 + 1.6 * len(token["text"])
        if at + length > width:
            at, line = 0.0, line + 1
        if line > 6:
            return
        yield (
            "t" if "question" not in token["kinds"] else "a",
            _rect(x + at, y + line * height / 7, length - 1.2, height / 11),
        )
        at += length


def _error(panel: Panel, box: Box) -> Drawn:
    yield "n3", _rect(box[0], box[1], 2, box[3])
    yield from _lines([(0.1, 0.85), (0.1, 0.7), (0.1, 0.4)], box)


def _frame(panel: Panel, box: Box) -> Drawn:
    yield "f", _rect(*box)


def _veil(panel: Panel, box: Box) -> Drawn:
    x, y, width, height = box
    yield from _frame(panel, box)
    yield "q", f"M{x + width / 2 - 5:.1f} {y + height / 2 - 5:.1f}c0 -8 11 -8 11 -1c0 5 -6 4 -6 10m0 5v1"


VIEWS: dict[str, Callable[[Panel, Box], Drawn]] = {
    "grid": _grid, "cube": _cube, "bars": _bars, "table": _table, "tree": _tree, "strip": _strip, "error": _error, "veil": _veil,
}  # fmt: skip


async def _serve(request: Request) -> Response:
    chapters = {chapter.slug: chapter for chapter in CHAPTERS}
    if request.path_params["chapter"] not in chapters:
        raise HTTPException(404)
    thumbs = {slug: thumb(slug) for slug in chapters[request.path_params["chapter"]].lessons}
    keep = "public, max-age=600" if all(thumbs.values()) else "no-store"
    return Response(to_json(thumbs), media_type="application/json", headers={"Cache-Control": keep})


def routes() -> list[Route]:
    """GET /explorables/thumbs/<chapter>: the drawings of its lessons, null for one that is not made yet."""
    return [Route("/explorables/thumbs/{chapter}", _serve)]
