"""Text to rows, by the csv and json modules; what cannot be read is one sentence in a ValueError.

A text of a megabyte may hold anything, so everything is counted before it is kept: rows, columns, depth and values.
"""

import csv
import io
import json
import re
from typing import Any

HEADER = """\
import csv
import io
import json
import re
from typing import Any
"""


def refuse_text(text: str) -> None:
    if not text.strip():
        raise ValueError("The text is empty.")
    if "\0" in text:
        raise ValueError("The text holds a NUL character, as files that are not text do.")


def refuse_rows(rows: list[Any], columns: int = 1) -> None:
    if len(rows) > 100_000:
        raise ValueError("The text has more than 100000 rows.")
    if len(rows) * columns > 1_000_000:  # only where cells are missing: each that is there takes a character
        raise ValueError(f"Rows of {columns} columns make more than 1000000 cells, missing ones included.")


def csv_rows(text: str, numbers: bool) -> list[dict[str, Any]]:
    """One dict for each row below the first, which names the columns; a cell that is empty or missing is None."""
    delimiter = max(",;\t", key=text.strip("\r\n").partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter)
    rows: list[dict[str, Any]] = []
    try:
        names = next(reader)
        refuse_names(names)
        for cells in reader:
            if not cells:
                continue  # a blank line
            if len(cells) > len(names):
                raise ValueError(
                    f"Line {reader.line_num} has {len(cells)} cells, but the first line names {len(names)}."
                )
            cells += [""] * (len(names) - len(cells))
            rows.append({name: cell(written, numbers) for name, written in zip(names, cells, strict=True)})
            refuse_rows(rows, len(names))
    except csv.Error as error:
        raise ValueError(f"Line {reader.line_num} is not CSV: {error}.") from None
    return rows


def refuse_names(names: list[str]) -> None:
    if len(names) > 64:
        raise ValueError(f"The first line names {len(names)} columns; at most 64 are read.")
    for at, name in enumerate(names):
        if not name.strip():
            raise ValueError(f"Column {at} has no name in the first line.")
        if name in names[:at]:
            raise ValueError(f"The first line names the column {name[:40]!r} twice.")


def cell(written: str, numbers: bool) -> Any:
    """None for an empty cell; with `numbers`, what looks like a number as int or float (007 stays text, so does nan)."""
    if not numbers or len(written) > 400:
        return written or None
    if re.fullmatch(r"[+-]?(0|[1-9][0-9]*)", written):
        return int(written)
    if re.fullmatch(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", written):
        return float(written)
    return written or None


def json_rows(text: str) -> list[dict[str, Any]]:
    """One JSON object from each line that is not blank."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=refuse_constant, object_pairs_hook=unique)
            json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError(f"Line {number} holds half of a surrogate pair, which is no character.") from None
        except RecursionError:
            raise ValueError(f"Line {number} is nested too deep; at most 8 levels are read.") from None
        except ValueError as error:
            raise ValueError(
                f'Line {number} cannot be read as JSON: {str(error)[:120]}; a line holds one object such as {{"x": 1}}.'
            ) from None
        if not isinstance(row, dict):
            raise ValueError(f'Line {number} is a JSON {type(row).__name__}, not an object such as {{"x": 1}}.')
        refuse_depth(row, number)
        rows.append(row)
        refuse_rows(rows)
    return rows


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is Python, JSON has no such number")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return row


def refuse_depth(row: dict[str, Any], number: int) -> None:
    """Walk the levels of a row, not by recursion, and stop at what is too deep or too much."""
    level: list[Any] = [row]
    values = 0
    for _ in range(8):
        inside = [
            value.values() if isinstance(value, dict) else value for value in level if isinstance(value, (dict, list))
        ]
        level = [child for children in inside for child in children]
        values += len(level)
        if values > 2000:
            raise ValueError(f"Line {number} holds more than 2000 values.")
        if not level:
            return
    raise ValueError(f"Line {number} is nested too deep; at most 8 levels are read.")


def plain_lines(text: str) -> list[str]:
    """The lines that are not blank."""
    rows = [line for line in text.splitlines() if line.strip()]
    refuse_rows(rows)
    return rows
