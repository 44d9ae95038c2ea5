"""A DataLoader reads your own rows: it keeps strings in a list, makes an int64 tensor of ints and a float64 one of floats, and stops at a missing value."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from explorable.lesson import Example, Lesson, Prediction, Trap
from explorable.literal import literal
from explorable.params import IN_A_LINK, bounded, choice, switch, text
from lessons import reading
from lessons.reading import csv_rows, json_rows, plain_lines, refuse_text
from lessons.source import joined, snippet_of

HEADER = (
    reading.HEADER
    + """\
import torch
from collections.abc import Callable
from itertools import islice
from torch.utils.data import DataLoader, Dataset, default_collate
"""
)
REFUSALS = (AttributeError, IndexError, KeyError, OverflowError, RuntimeError, TypeError, ValueError)
PETS = "name,age,weight,vaccinated\nRex,3,12.5,yes\nMia,7,4.25,no\nOtto,1,30.0,yes\nLuna,12,3.5,yes\nBen,5,8.75,no\nKira,2,21.0,yes\n"
TOKENS = '{"ids": [5, 9, 2], "label": 1}\n{"ids": [7, 2], "label": 0}\n{"ids": [4, 8, 6, 2], "label": 1}\n'
GAP = "name,age\nRex,3\nMia,\nOtto,1\n"


TABLES = ("CSV", "JSON lines")


@dataclass(frozen=True)
class Params:
    data: str = text(
        PETS,
        max_length=1_000_000,
        lines=7,
        about="your rows; a file is read in your browser and kept nowhere",
        file={".csv": {"format": "CSV"}, ".jsonl": {"format": "JSON lines"}, ".txt": {"format": "lines"}},
    )
    format: Literal["CSV", "JSON lines", "lines"] = choice("CSV", about="CSV: the first line names the columns")
    numbers: bool = switch(True, about="cells that look like numbers become int and float", when={"format": ("CSV",)})
    columns: str = text("", max_length=400, about="names, with commas between; empty: all", when={"format": TABLES})
    batch_size: int = bounded(4, low=1, high=64, step=1, about="rows in a batch")
    shuffle: bool = switch(False, about="another order")
    seed: int = bounded(0, low=0, high=999, step=1, about="of the order", when={"shuffle": (True,)})
    drop_last: bool = switch(False, about="skip a batch that is not full")
    collate_fn: Literal["default_collate", "dict of lists", "list"] = choice("default_collate", about="rows -> batch")


@dataclass(frozen=True)
class Result:
    n: int | None  # len(dataset); None where the text cannot be read
    names: list[str] | None  # the columns of the first row
    first_rows: list[list[tuple[str, str]]] | None  # the first 6 samples: (type, value) of each column
    length: int | None  # len(loader)
    asked: (
        list[int] | None
    )  # the indices that __getitem__ was asked for, batch after batch, up to the sixth or an error
    sizes: list[int] | None  # rows in each of the first 6 batches
    trees: list[list[tuple]] | None  # each of them: rows of depth, name, type, dtype and shape, values
    error: str | None  # what was said by whom refused


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


def tree(value: Any, name: str, depth: int = 0) -> list[tuple]:
    """A row for the value and, indented, one for each of the first things in it."""
    facts = f"{value.dtype} {tuple(value.shape)}".removeprefix("torch.") if hasattr(value, "dtype") else ""
    inner: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        inner = [(shown(key), child) for key, child in islice(value.items(), 24)]
    elif isinstance(value, (list, tuple)):
        facts = f"len {len(value)}"
        nested = any(hasattr(child, "dtype") or isinstance(child, (dict, list, tuple)) for child in value[:4])
        inner = [(f"[{at}]", child) for at, child in enumerate(value[:4])] if nested else []
    node = (depth, name, type(value).__name__, facts, "" if inner else shown(value))
    return [node] + [row for key, child in inner for row in tree(child, key, depth + 1)]


def described(sample: Any) -> list[tuple[str, str]]:
    values = list(sample.values())[:24] if isinstance(sample, dict) else [sample]
    return [(type(value).__name__, shown(value)) for value in values]


def chosen(columns: str) -> list[str]:
    """The names between the commas; those that hold a comma stand in double quotes, as in CSV."""
    line = " ".join(columns.replace("\0", "").split())
    return [name.strip() for name in next(csv.reader([line], skipinitialspace=True), [])]


def read(data: str, format: str, numbers: bool, columns: str) -> tuple[Rows, int, list[str], list[Any]]:
    refuse_text(data)
    if format == "CSV":
        rows: list[Any] = csv_rows(data, numbers)
    if format == "JSON lines":
        rows = json_rows(data)
    if format == "lines":
        rows = plain_lines(data)
        dataset = Rows(rows, columns=[])
    if format != "lines":
        dataset = Rows(rows, chosen(columns))
    n = len(dataset)
    names = list(rows[0])[:64] if rows and isinstance(rows[0], dict) else []
    first_rows = [described(row) for row in rows[:6]]
    return dataset, n, names, first_rows


def load(
    dataset: Rows, batch_size: int, shuffle: bool, seed: int, drop_last: bool, collate_fn: str
) -> tuple[DataLoader, int, list[int]]:
    if collate_fn == "default_collate":
        collate: Callable[[list[Any]], Any] = default_collate
    if collate_fn == "dict of lists":
        collate = dict_of_lists
    if collate_fn == "list":
        collate = list
    g = torch.Generator().manual_seed(seed)
    loader = DataLoader(dataset, batch_size, shuffle, generator=g, drop_last=drop_last, collate_fn=collate)
    length = len(loader)
    asked = dataset.asked
    return loader, length, asked


def batched(loader: DataLoader, asked: list[int], batch_size: int) -> tuple[list[int], list[list[tuple]]]:
    batches = list(islice(loader, 6))
    sizes = [len(asked[at : at + batch_size]) for at in range(0, len(asked), batch_size)]
    trees = [tree(batch, f"batch {at}") for at, batch in enumerate(batches)]
    return sizes, trees


def run(params: Params) -> Result:
    found: dict[str, Any] = dict.fromkeys(("n", "names", "first_rows", "length", "asked", "sizes", "trees", "error"))
    try:
        dataset, found["n"], found["names"], found["first_rows"] = read(**_only(params, READING))
        loader, found["length"], found["asked"] = load(dataset, **_only(params, LOADING))
        found["sizes"], found["trees"] = batched(loader, found["asked"], params.batch_size)
    except REFUSALS as error:
        found["error"] = f"{type(error).__name__}: {error}"
    return Result(**found)


READING = ("data", "format", "numbers", "columns")
LOADING = ("batch_size", "shuffle", "seed", "drop_last", "collate_fn")


def _only(params: Params, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(params, name) for name in names}


def snippet(params: Params) -> str:
    """Flat code; a text too long for a page is read from a file."""
    readers: list[Any] = [reading.refuse_text, reading.refuse_rows, reading.refuse_names, reading.cell, csv_rows]
    readers += [reading.refuse_constant, reading.unique, reading.refuse_depth, json_rows, plain_lines, chosen]
    parts = [
        snippet_of(read, _only(params, READING), also=[*readers, Rows, shown, described], header=HEADER),
        snippet_of(load, _only(params, LOADING), also=[dict_of_lists], header=HEADER),
        snippet_of(batched, {}, also=[tree], header=HEADER),
    ]
    code = joined(*parts)
    if len(params.data) <= IN_A_LINK:
        return code
    where = {"CSV": "data.csv", "JSON lines": "data.jsonl", "lines": "data.txt"}[params.format]
    loaded = f'Path("{where}").read_bytes().decode()  # your text'
    return "from pathlib import Path\n" + code.replace(f"data = {literal(params.data)}", f"data = {loaded}", 1)


def caption(params: Params, result: Result) -> str:
    if result.error:
        return _refused(params, result)
    sizes = result.sizes or []
    drawn = f"drawn with seed {params.seed}" if params.shuffle else "in their own order"
    cut = "rounded down" if params.drop_last else "rounded up"
    first = f"the first {len(sizes)} have" if (result.length or 0) > len(sizes) else "with"
    return (
        f"{_rows(result)} of {params.format}{_columns(params, result)}, {drawn}. len(loader) is {result.length} "
        f"(batches of {params.batch_size}, {cut}), {first} {sizes} rows. {_made(params, result)}"
    )


def _columns(params: Params, result: Result) -> str:
    if params.format == "lines":
        return ""
    read = ", numbers read as numbers" if params.numbers and params.format == "CSV" else ""
    names = f" with the columns {', '.join(map(shown, result.names[:12]))}" if result.names else ""
    return f"{names}{f' cut to {params.columns}' if params.columns.strip() else ''}{read}"


def _made(params: Params, result: Result) -> str:
    if not result.trees:
        return f"There is no batch, so an epoch is empty, and {params.collate_fn} is never called."
    (_, _, kind, _, _), *rest = result.trees[0]
    told = ", ".join(f"{name} {type_} {facts}".strip() for depth, name, type_, facts, _ in rest if depth == 1)
    mixed = " float32: the batch begins with an int, and a float follows." if "Tensor float32" in told else ""
    return f"{params.collate_fn} makes a {kind} of the first{f': {told}' if told else ''}.{mixed}"


def _refused(params: Params, result: Result) -> str:
    if result.n is None:
        return f"The text cannot be read as {params.format}: {result.error}"
    where = ""
    if result.asked is not None:
        rows = result.asked[(len(result.asked) - 1) // params.batch_size * params.batch_size :]
        where = f" at the batch of row{'' if len(rows) == 1 else 's'} {rows[:8]}{' and more' if len(rows) > 8 else ''}"
    read = f"{_rows(result)} {'was' if result.n == 1 else 'were'} read as {params.format}"
    return f"{read}; with {params.collate_fn} the loader stops{where}: {result.error}{_why(result)}"


def _rows(result: Result) -> str:
    return f"{result.n} row{'' if result.n == 1 else 's'}"


def _why(result: Result) -> str:
    """What the errors of torch mean for a row."""
    error = result.error or ""
    known = {
        "NoneType": "A value is missing: fill it, or leave the row out, before it reaches a batch.",
        "Overflow when": "An int64 holds at most 9223372036854775807.",
        "int too large": "A float64 holds no whole number that large.",
        "equal size": "Lists of unequal length make no rectangle: pad them, or keep them as lists.",
        "KeyError": "That column is not in every row.",
        "new(): invalid": "The first value of the batch is a number, another one is not.",
        "must be real number": "The first value of the batch is a number, another one is not.",
        "cannot be interpreted as an integer": "The first value of the batch is a number, another one is not.",
        "has no len()": "The first value of the batch is a list, another one is not.",
        "string indices": "A line is text and has no columns.",
        "num_samples=0": "There is no row to draw.",
    }
    why = next((f" {why}" for part, why in known.items() if part in error), "")
    return why if error.endswith(".") else f".{why}"


LESSON = Lesson(
    slug="own_data",
    title="Your own data",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    examples=(
        Example("CSV: six pets", {}),
        Example("JSON lines: token ids of unequal length", {"data": TOKENS, "format": "JSON lines", "batch_size": 2}),
        Example("CSV with a gap", {"data": GAP, "batch_size": 3}),
        Example("Plain lines", {"data": "the first line\nanother one\nthe last", "format": "lines", "batch_size": 2}),
    ),
    predictions=(
        Prediction(
            question="A column of numbers such as 12.5, read as Python floats. What dtype does it have in the batch?",
            choices=("torch.float32", "torch.float64", "torch.float16"),
            answer=1,
            why="A Python float has 64 bits, and default_collate keeps them; most layers want .float().",
            proof="torch.utils.data.default_collate([12.5, 4.25]).dtype",
        ),
        Prediction(
            question="The csv module reads the cell 3. What is its type?",
            choices=("str", "int"),
            answer=0,
            why="CSV knows only text: nothing becomes a number unless you convert it, in __getitem__ or before.",
            proof="type(next(__import__('csv').reader(['3,4']))[0]).__name__",
            show={"numbers": False},
        ),
        Prediction(
            question="A column of words in a batch of 4: what does default_collate make of it?",
            choices=("an error", "a tensor", "a list"),
            answer=2,
            why="Text has no tensor: the strings are kept, one for each row. A tokenizer makes numbers of them.",
            proof="'a ' + type(torch.utils.data.default_collate(['Rex', 'Mia', 'Otto', 'Luna'])).__name__",
            show={"columns": "name"},
        ),
    ),
    traps=(
        Trap(
            name="A cell is empty",
            sentence="A missing value becomes None, and default_collate has no tensor for None.",
            source="https://github.com/Megvii-BaseDetection/YOLOX/issues/1523",
            params={"data": GAP, "batch_size": 3},
        ),
        Trap(
            name="Lists of unequal length",
            sentence="Token ids of unequal length are no rectangle; default_collate does not pad.",
            source="https://github.com/pytorch/pytorch/issues/42654",
            params={"data": TOKENS, "format": "JSON lines", "batch_size": 2},
        ),
        Trap(
            name="An id too large for int64",
            sentence="Python's int has no limit, a tensor of dtype int64 has: 20 digits do not fit.",
            source="https://github.com/pytorch/pytorch/issues/135628",
            params={"data": "id,label\n10239237003504588839,1\n4316640507316845735,0\n", "batch_size": 2},
        ),
    ),
)
