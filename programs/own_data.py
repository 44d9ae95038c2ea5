# %% parameters
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

data: str = "name,age,kg,tame\nRex,3,12.5,yes\nMia,7,4.25,no\nOtto,1,30.0,yes\nLuna,12,3.5,yes\nBen,5,8.75,no\nKira,2,21.0,yes\n"
file: str = ""  # a file to read in place of data
format: str = "CSV"
numbers: bool = True
columns: str = ""  # names with commas between; empty: all
batch_size: int = 4
shuffle: bool = False
seed: int = 0
drop_last: bool = False
collate_fn: str = "default_collate"

# what pandas.read_csv takes for a missing value
MISSING = {
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
}
MISSING |= {"NULL", "NaN", "None", "n/a", "nan", "null"}
INT = re.compile(r"[+-]?(0|[1-9][0-9]{0,400})")  # 007 is no number: its zeros would be lost
FLOAT = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?[iI]nf(inity)?")
csv.field_size_limit(10_000_000)


class Rows(Dataset):
    """Sample i is row i, cut to the chosen columns; it notes the indices it is asked for."""

    def __init__(self, rows: list[Any], columns: list[str]) -> None:
        self.rows, self.columns = rows, columns
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Any:
        self.asked.append(index)
        row = self.rows[index]
        return {name: row[name] for name in self.columns} if self.columns else row


def dict_of_lists(samples: list[Any]) -> Any:
    return {name: [sample[name] for sample in samples] for name in samples[0]}


def plain_lines(text: str) -> list[str]:
    """The lines that are not blank; only \\n, \\r\\n and \\r end a line."""
    lines = [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]
    return [line for line in lines if line.strip()]


def refuse_rows(rows: int, columns: int = 1) -> None:
    if rows > 100_000:
        raise ValueError("The text has more than 100000 rows.")
    if rows * columns > 1_000_000:  # only where cells are missing: each that is there takes a character
        raise ValueError(f"Rows of {columns} columns make more than 1000000 cells, missing ones included.")


def records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each record of a CSV text; a quote that is never closed is refused."""
    end = "end"
    while end in text:
        end += "!"
    reader = csv.reader(io.StringIO(f"{text}\n{end}", newline=""), delimiter=separator, skipinitialspace=True)
    line = 1
    for cells in reader:
        if cells and cells[-1].endswith(end) and cells != [end]:
            line += sum(len(re.findall("\r\n|\r|\n", cell)) for cell in cells[:-1])
            raise ValueError(f"The quote that opens in line {line} is never closed.")
        if cells not in ([], [""], [end]):
            yield line, cells
        line = reader.line_num + 1


def separator_of(text: str) -> str:
    """The one of comma, tab, semicolon and pipe that cuts the first lines into equally many cells, at least two."""
    head = "".join(islice(io.StringIO(text, newline=""), 20))
    best, most = ",", (0, 1)
    for separator in ",\t;|":
        widths = [
            len(cells)
            for cells in csv.reader(io.StringIO(head, newline=""), delimiter=separator, skipinitialspace=True)
        ]
        widths = [width for width in widths if width]
        agree = sum(width == widths[0] for width in widths)
        if widths and widths[0] > 1 and (agree, widths[0]) > most:
            best, most = separator, (agree, widths[0])
    return best


def column_names(cells: list[str]) -> list[str]:
    """The first line's names; a column without one is named by its place."""
    if len(cells) > 64:
        raise ValueError(f"The first line names {len(cells)} columns; at most 64 are read.")
    if not cells:
        raise ValueError("The first line names no column.")
    names = [cell.strip() or f"column {at}" for at, cell in enumerate(cells)]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise ValueError(f"The first line names the column {name[:40]!r} twice.")
    return names


def refuse_first_line(line: str) -> None:
    """What looks like a first line of names and is none."""
    if line.lower().startswith("sep="):
        raise ValueError("Line 1 is a note for Excel (sep=...) and names no columns: delete it.")
    if line.startswith("# ") or line.startswith("//"):
        raise ValueError(f"Line 1 is a comment ({line[:2].strip()}) and names no columns: delete it.")
    if line.startswith("|") and line.endswith("|"):
        raise ValueError("Lines between pipes are a Markdown table: take the outer pipes and the line of dashes away.")


def typed(cells: list[str], numbers: bool) -> list[Any]:
    """A column with one type for all of its cells: int or float where each one is written so or missing, else str."""
    if numbers:
        written = [None if cell.strip() in MISSING else cell.strip() for cell in cells]
        found = [cell for cell in written if cell is not None]
        if all(map(INT.fullmatch, found)):
            return [cell and int(cell) for cell in written]
        if all(map(FLOAT.fullmatch, found)) and max(map(len, found)) <= 400:
            return [cell and float(cell) for cell in written]
    return [cell or None for cell in cells]


def remark(name: str, cells: list[str], values: list[Any]) -> Iterator[str]:
    """Why a column has no numbers although some of its cells look like numbers, and where a number is missing."""
    kind = next((type(value).__name__ for value in values if value is not None), "None")
    empty = [at for at, value in enumerate(values) if value is None]
    if empty:
        yield f"{name} ({kind}) has no value in row {empty[0]}" + (f" and {len(empty) - 1} more" if empty[1:] else "")
    for at, cell in enumerate(cells) if kind == "str" else ():
        if re.fullmatch(r"[+-]?0[0-9]+", cell.strip()):
            yield f"{name} is text: {cell[:20]} in row {at} begins with 0, which a number would lose"
            return
        if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", cell.strip()):
            yield f"{name} is text: {cell[:20]} in row {at} has commas between the thousands; take them away"
            return
        if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", cell.strip()):
            yield f"{name} is text: {cell[:20]} in row {at} has a decimal comma; write a point"
            return
    if kind == "str" and any(FLOAT.fullmatch(cell.strip()) for cell in cells):
        wrong = [at for at, cell in enumerate(cells) if cell and not FLOAT.fullmatch(cell.strip()) or len(cell) > 400]
        yield f"{name} is text, as {cells[wrong[0]][:20]!r} in row {wrong[0]} is no number"


def refuse_cells(cells: list[str], names: list[str], line: int) -> None:
    """Takes empty cells from the end; refuses more cells than names."""
    while len(cells) > 1 and len(cells) >= len(names) and not cells[-1]:
        cells.pop()  # a separator at the end of the line, or a value that is missing
    if len(cells) > len(names):
        raise ValueError(f"Line {line} has {len(cells)} cells, but the first line names {len(names)}.")


def csv_rows(text: str, numbers: bool) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """Rows, the names in the first line, and remarks on what was read."""
    separator = separator_of(text.lstrip("\r\n"))
    refuse_first_line(re.split(r"[\r\n]", text.strip(), maxsplit=1)[0].strip())
    found = records(text, separator)
    names = column_names(next(found, (1, []))[1])
    table: list[list[str]] = []
    said = []
    for line, cells in found:
        refuse_cells(cells, names, line)
        if cells[0].startswith("#") and len(cells) < len(names) and len(said) < 3:
            said.append(f"line {line} begins with # and was read as a row: delete it if it is a comment")
        table.append(cells)
        refuse_rows(len(table), len(names))
    while (
        len(names) > 1 and names[-1] == f"column {len(names) - 1}" and not any(row[len(names) - 1 :] for row in table)
    ):
        names.pop()  # each line ends with a separator
    values = []
    for at, name in enumerate(names):
        cells = [row[at] if at < len(row) else "" for row in table]
        values.append(typed(cells, numbers))
        if len(said) < 8 and numbers:
            said += remark(name, cells, values[-1])
    if separator != ",":
        said.insert(
            0, f"cells are cut at every {dict(zip('	;|', ('tab', 'semicolon', 'pipe'), strict=True))[separator]}"
        )
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)], names, said


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is Python, JSON has no such number")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return row


def refuse_depth(row: dict[str, Any], number: int) -> None:
    """Walks the levels of a row, not by recursion, and stops at what is too deep or too much."""
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


def json_row(line: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=refuse_constant, object_pairs_hook=unique)
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError(f"Line {number} holds half of a surrogate pair, which is no character.") from None
    except RecursionError:
        raise ValueError(f"Line {number} is nested too deep; at most 8 levels are read.") from None
    except ValueError as error:
        wrong = f"Line {number} cannot be read as JSON: {getattr(error, 'msg', str(error)).partition(': ')[0][:120]}"
        raise ValueError(f'{wrong}; a line holds one object such as {{"x": 1}}.') from None
    if not isinstance(row, dict):
        raise ValueError(f'Line {number} is a JSON {type(row).__name__}, not an object such as {{"x": 1}}.')
    refuse_depth(row, number)
    return row


def json_rows(text: str) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """One object from each line that is not blank, the keys of all rows, and which of them are not in every row."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if line.strip():
            rows.append(json_row(line, number))
            refuse_rows(len(rows))
    names = list(dict.fromkeys(name for row in rows for name in row))[:64]
    missing = {name: next((at for at, row in enumerate(rows) if name not in row), None) for name in names[:8]}
    return rows, names, [f"{name[:40]} is not in row {at}" for name, at in missing.items() if at is not None]


def shown(value: Any) -> str:
    """A value, cut to what a cell can show."""
    if isinstance(value, str):
        return repr(value[:60])[:40] + ("…" if len(repr(value[:60])) > 40 else "")
    if isinstance(value, torch.Tensor):
        return ", ".join(map(str, value.flatten()[:6].tolist())) + (", …" if value.numel() > 6 else "")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(shown, value[:4])) + (", …" if len(value) > 4 else "")
    if isinstance(value, dict):
        return "{" + ", ".join(map(shown, list(value)[:4])) + "}"
    return str(value)[:40]


def described(sample: Any) -> list[list[str]]:
    """[type, value] of each of the columns; ["", ""] where the row does not have it."""
    values = [sample.get(name, ...) for name in names[:24]] if isinstance(sample, dict) else [sample]
    return [["", ""] if value is ... else [type(value).__name__, shown(value)] for value in values]


def tree(value: Any, name: str, depth: int = 0) -> list[list[Any]]:
    """A row for the value and, indented, one for each of the first things in it."""
    facts = f"{value.dtype} {tuple(value.shape)}".removeprefix("torch.") if hasattr(value, "dtype") else ""
    inner: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        inner = [(shown(key), child) for key, child in islice(value.items(), 24)]
    elif isinstance(value, (list, tuple)):
        facts = f"len {len(value)}"
        nested = any(hasattr(child, "dtype") or isinstance(child, (dict, list, tuple)) for child in value[:4])
        inner = [(f"[{at}]", child) for at, child in enumerate(value[:4])] if nested else []
    node = [depth, name, type(value).__name__, facts, "" if inner else shown(value)]
    return [node] + [row for key, child in inner for row in tree(child, key, depth + 1)]


if file:
    content = Path(file).read_bytes().decode()
else:
    content = data
text = content.removeprefix("\ufeff")
if not text.strip():
    raise ValueError("The text is empty.")
if "\0" in text:
    raise ValueError("The text holds a NUL character, as files that are not text do.")
rows: list[Any]
if format == "CSV":
    rows, names, remarks = csv_rows(text, numbers)
elif format == "JSON lines":
    rows, names, remarks = json_rows(text)
else:
    rows, names, remarks = plain_lines(text), [], []
    refuse_rows(len(rows))
n = len(rows)
first_rows = [described(row) for row in rows[:6]]

if format == "lines":
    chosen = []
else:
    asked_for = csv.reader([" ".join(columns.replace("\0", "").split())], skipinitialspace=True)
    wanted = [name.strip() for name in next(asked_for, []) if name.strip()]
    known = {" ".join(name.split()): name for name in names}  # a text field has no line ends
    chosen = [known[name] for name in dict.fromkeys(wanted) if name in known]
    remarks += [f"no column is called {name[:40]!r}, so that choice is dropped" for name in wanted if name not in known]

if collate_fn == "default_collate":
    collate: Callable[[list[Any]], Any] = default_collate
elif collate_fn == "dict of lists":
    collate = dict_of_lists
else:
    collate = list

# %% a DataLoader makes batches of your rows
dataset = Rows(rows, chosen)
g = torch.Generator().manual_seed(seed)
loader = DataLoader(dataset, batch_size, shuffle, generator=g, drop_last=drop_last, collate_fn=collate)
length, asked = len(loader), dataset.asked
batches = list(islice(loader, 6))

# %% what the first batches hold
sizes = [len(asked[at : at + batch_size]) for at in range(0, len(asked), batch_size)]
trees = [tree(batch, f"batch {at}") for at, batch in enumerate(batches)]

# %% print
print(f"{n} rows, {length} batches")
for rows_of_batch in trees:
    for depth, name, kind, facts, value in rows_of_batch:
        print("  " * depth, name, kind, facts, value)

# %% proof: weights
print("Tensor", str(default_collate([12.5, 4.25, 30.0, 3.5]).dtype).removeprefix("torch."), "(4,)")

# %% proof: cells of csv
cells = [row[0] for row in csv.reader(["3", "7", "1", "12"])]
batch = default_collate(cells)
print(type(batch).__name__, "of", len(batch), type(batch[0]).__name__)

# %% proof: words
batch = default_collate([{"name": name} for name in ("Rex", "Mia", "Otto", "Luna")])["name"]
print(f"{type(batch).__name__} of {len(batch)} {type(batch[0]).__name__}")

# %% proof: a gap
try:
    print(default_collate([3, None, 1]))
except Exception as error:
    print("stops:", type(error).__name__)
