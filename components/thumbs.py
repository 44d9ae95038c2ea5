"""A lesson's hero as a small drawing: a few paths, each of one colour, read off the picture of the defaults.

`python -m components.thumbs [SLUG ...]` writes what `assets/thumbs.json` keeps of it, so that the map never waits for a lesson.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from components import CHAPTERS
from components.answer import lesson_of, state_json, to_json
from components.site import LESSONS

Panel = dict[str, Any]
Box = tuple[float, float, float, float]  # x, y, width, height
Drawn = Iterator[tuple[str, str]]  # (colour, path)

FILE = Path(__file__).parent.parent / "assets" / "thumbs.json"
WIDTH, HEIGHT, GAP = 120.0, 68.0, 6.0
MOST = 12  # rows and columns of one panel
SHADES = 3  # of each sign
HUES = 10  # of cells that are cards: the groups of page.css
VEILED = 0.5  # width of a panel that is veiled, beside one that is seen
GIVEN = ("strip", "table")  # of which something is seen below a veil of cells
WORDS = ("facts", "operator")  # panels of which a small drawing would show nothing
FEW = 8  # characters, and fewer make no table


def thumb(slug: str) -> dict[str, str]:
    """Colour -> path, in a box of 120 x 68, as the lesson looks today."""
    return sketch(json.loads(state_json(slug, lesson_of(slug).Params()))["state"]["figure"])


@cache
def shipped() -> dict[str, dict[str, str]]:
    """The same of every lesson, as the file holds it."""
    return json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}  # type: ignore[no-any-return]


def write(slugs: tuple[str, ...]) -> None:
    """A line for each lesson, and none of a lesson that is gone."""
    drawn = {**shipped(), **{slug: thumb(slug) for slug in slugs}}
    lines = ",\n".join(f'"{slug}": {json.dumps(drawn[slug])}' for slug in sorted(drawn) if slug in LESSONS)
    FILE.write_text(f"{{\n{lines}\n}}\n", "utf-8")


def sketch(figure: dict[str, Any]) -> dict[str, str]:
    """What goes in, side by side, and what comes out: what is veiled is a narrow frame, or cells, with a question mark."""
    panels = [_at_first_step(panel) for panel in _drawn(figure)[:4]]
    if sum(map(_hidden, panels)) > 1:  # too many for their cells to be seen
        panels = [{**panel, "veiled": "box"} if _has_cells(panel) else panel for panel in panels]
    shares = [VEILED if _hidden(panel) and not _has_cells(panel) else 1.0 for panel in panels]
    unit = (WIDTH - GAP * (len(panels) + 1)) / sum(shares)
    paths: dict[str, list[str]] = defaultdict(list)
    for number, panel in enumerate(panels):
        box = (GAP * (number + 1) + unit * sum(shares[:number]), GAP, unit * shares[number], HEIGHT - 2 * GAP)
        for colour, path in (_veil if _hidden(panel) else VIEWS.get(panel["view"], _frame))(panel, box):
            paths[colour].append(path)
    return {colour: "".join(found) for colour, found in paths.items()}


def _drawn(figure: dict[str, Any]) -> list[Panel]:
    """The first row of the hero that holds more than words, and where nothing of it is hidden, the first panel below that is."""
    rows = [[panel for panel in row if _is_picture(panel)] for row in figure["rows"][: figure.get("hero", 1)]]
    first, *others = [row for row in rows if row] or [figure["rows"][0]]
    below = [panel for row in others for panel in row if _hidden(panel)]
    return first if any(map(_hidden, first)) else [*first, *below[:1]]


def _is_picture(panel: Panel) -> bool:
    """Whether something of it can be seen in a small drawing."""
    texts = "".join(str(cell) for row in panel["rows"] for cell in row) if panel["view"] == "table" else ""
    return panel["view"] not in WORDS and (panel["view"] != "table" or len(texts) >= FEW)


def _has_cells(panel: Panel) -> bool:
    """Whether its cells are seen below the veil, those that are given with their values."""
    return panel["view"] == "grid" and panel.get("veiled") == "cells"


def _hidden(panel: Panel) -> bool:
    """Whether nothing of it is to be drawn: below some veils the names and the tokens are seen."""
    return bool(panel.get("veiled")) and not (panel["veiled"] == "cells" and panel["view"] in GIVEN)


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
    """Squares in the middle of the box; where the colour is empty there is none."""
    rows, left, top, side = _squares(rows, box)
    for i, row in enumerate(rows):
        for j, colour in enumerate(row):
            if colour:
                yield colour, _rect(left + j * side, top + i * side, side - 0.7, side - 0.7)


def _squares(rows: list[list[str]], box: Box) -> tuple[list[list[str]], float, float, float]:
    """The rows that are drawn, left and top of the first square, and a square's side."""
    rows = [row[:MOST] for row in rows[:MOST]]
    columns = max(map(len, rows), default=0) or 1
    x, y, width, height = box
    side = min(width / columns, height / (len(rows) or 1))
    return rows, x + (width - side * columns) / 2, y + (height - side * len(rows)) / 2, side


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


def _lines(lengths: list[tuple[float, float]], box: Box, heads: int = 0) -> Drawn:
    """(indent, length) of each line, as shares of the width; few lines stand in the middle. `heads`: lines that are headings."""
    x, y, width, height = box
    step = height / max(5, len(lengths))
    y += (height - step * (len(lengths) - 0.45)) / 2
    for index, (indent, length) in enumerate(lengths):
        if length:
            yield (
                "a" if index < heads else "t",
                _rect(x + indent * width, y + index * step, max(0.03, length) * width, step * 0.55),
            )


def _table(panel: Panel, box: Box) -> Drawn:
    x, y, width, height = box
    columns = 1 if panel.get("veiled") else max(1, len(panel["columns"]))
    heads = [panel["columns"]] if any(panel["columns"]) else []
    for column in range(columns):
        rows = [row[column] if column < len(row) else "" for row in [*heads, *panel["rows"]][: MOST - 2]]
        texts = [cell[0] if isinstance(cell, list) else cell for cell in rows]
        lengths = [(0.0, min(0.9, len(str(text)) / 14)) for text in texts]
        yield from _lines(lengths, (x + column * width / columns, y, width / columns, height), len(heads))


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
    across, down = x + width / 2, y + height / 2
    if _has_cells(panel):
        rows = _unanswered(panel)
        yield from _cells(rows, box)
        shown, left, top, side = _squares(rows, box)
        asked = [(i, j) for i, row in enumerate(shown) for j, colour in enumerate(row) if colour == "h"]
        if asked:
            down, across = (
                start + side * (sum(at) / len(at) + 0.5)
                for start, at in zip((top, left), zip(*asked, strict=True), strict=True)
            )
    else:
        yield from _frame(panel, box)
    yield "q", f"M{across - 5:.1f} {down - 5:.1f}c0 -8 11 -8 11 -1c0 5 -6 4 -6 10m0 5v1"


def _unanswered(panel: Panel) -> list[list[str]]:
    """The colours of a grid below its veil: "h" where a value is hidden, none where a cell is empty beside given ones."""
    coloured = _coloured(panel, panel["values"], panel.get("marks"), panel.get("groups"))
    marks = panel.get("marks") or [None] * len(panel["values"])
    given = [["given" in (mark or "") for mark in row or [None] * len(coloured[at])] for at, row in enumerate(marks)]
    some = any(map(any, given))
    return [
        [colour if seen else "" if some and value is None else "h" for colour, seen, value in zip(*row, strict=True)]
        for row in zip(coloured, given, panel["values"], strict=True)
    ]


VIEWS: dict[str, Callable[[Panel, Box], Drawn]] = {
    "grid": _grid, "cube": _cube, "bars": _bars, "table": _table, "tree": _tree, "strip": _strip, "error": _error,
}  # fmt: skip


async def _serve(request: Request) -> Response:
    chapters = {chapter.slug: chapter for chapter in CHAPTERS}
    if request.path_params["chapter"] not in chapters:
        raise HTTPException(404)
    thumbs = {slug: shipped()[slug] for slug in chapters[request.path_params["chapter"]].lessons if slug in shipped()}
    headers = {"Cache-Control": "public, max-age=600"}
    return Response(to_json(thumbs), media_type="application/json", headers=headers)


def routes() -> list[Route]:
    """GET /explorables/thumbs/<chapter>: the drawings of its lessons."""
    return [Route("/explorables/thumbs/{chapter}", _serve)]


if __name__ == "__main__":
    write(tuple(sys.argv[1:]) or LESSONS)
