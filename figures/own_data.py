"""The rows as they were read, the loader, the first batch; then the batches of an epoch and the columns to choose from."""

import csv
import io
from typing import Any

from figures.cells import Node
from figures.panels import Error, Facts, Figure, Operator, Panel, Table, Tree, figure, keyed, pressable, veiled
from lessons.own_data import Params, Result, leaves

WIDE, FACTS = 12, 4  # columns that a table shows, and that have a fact


def draw(params: Params, result: Result) -> Figure:
    call = Operator(f"DataLoader(rows, {params.batch_size})", params.collate_fn)
    if result.first_rows is None:
        return figure(hero=[[veiled(Error("data", result.error or "", where=f"reading {params.format}"))]])
    below = [_choice(params, result)] if result.names else []
    rows = _rows(params, result)
    if result.error:
        where = "DataLoader(...)" if result.asked is None else "next(iter(loader))"
        hero = [[rows, call, veiled(Error("batch", result.error, where=where, key="@loader"))], [_stopped(result)]]
        return figure(hero=hero, more=[below])
    return figure(hero=[[rows, call, *_batch(result)], [_facts(result)]], more=[[*below, _batches(params, result)]])


def _rows(params: Params, result: Result) -> Panel:
    names, hidden = (result.names or ["text"])[:WIDE], len(result.names or []) - WIDE
    rows: list[list[Any]] = []
    for index, row in enumerate(result.first_rows or []):
        places = {name: at for at, name in enumerate(result.chosen or names)}
        ringed = places if index < params.batch_size and not params.shuffle else {}
        cells = [_value(kind, shown, ringed.get(name)) for (kind, shown), name in zip(row, names, strict=False)]
        rows.append([f"{index}", *cells, *[""] * (len(names) - len(cells))][: len(names) + 1])
    of = f"The first {len(rows)} of {result.n} rows." if (result.n or 0) > len(rows) else ""
    columns = f"{WIDE} of the columns." if hidden > 0 else ""
    said = [f"{remark}." for remark in (result.remarks or [])[:2]]
    return Table(
        "rows", ["", *names], rows, note=" ".join(filter(None, [of, columns, *said])), badge=params.format, breaks=True
    )


def _value(kind: str, shown: str, column: int | None) -> Any:
    """column: its number among those of the sample, where the row is in the first batch."""
    if kind in ("NoneType", ""):
        return keyed("no value", "warn", "@loader")
    return shown.strip("'") if column is None else keyed(shown.strip("'"), "", f"@column-{column}")


def _batch(result: Result) -> list[Panel]:
    """The first batch, as a tree; its columns have the numbers that their facts have."""
    tree = (result.trees or [[]])[0]
    columns = iter(range(len(tree)))
    nodes = [
        Node(
            depth, name, kind=kind, facts=facts, value=value, note=f"{name}: {kind} {facts} {value}".strip(),
            key=f"@column-{next(columns)}" if depth == 1 else "",
        )
        for depth, name, kind, facts, value in tree
    ]  # fmt: skip
    return [veiled(Tree("the first batch", nodes))] if nodes else []


def _facts(result: Result) -> Panel:
    held = leaves(result.trees[0]) if result.trees else {}
    items = [
        (f"column-{at}", f"{name.strip(chr(39))[:24]} in batch 0".strip(), said)
        for at, (name, said) in enumerate([*held.items()][:FACTS])
    ]
    return veiled(Facts([*items, ("sizes", "sizes of the batches", _sizes(result))]))


def _sizes(result: Result) -> str:
    shown = ", ".join(map(str, result.sizes or []))
    return f"[{shown}{', …' if (result.length or 0) > len(result.sizes or []) else ''}]"


def _stopped(result: Result) -> Panel:
    return veiled(Facts([("loader", "the loader", f"stops: {str(result.error).partition(':')[0]}")]))


def _batches(params: Params, result: Result) -> Panel:
    rows: list[list[Any]] = []
    asked = iter(result.asked or [])
    for at, (size, nodes) in enumerate(zip(result.sizes or [], result.trees or [], strict=True)):
        indices = [next(asked) for _ in range(size)]
        held = "; ".join(f"{name} {said}".strip() for name, said in leaves(nodes).items())
        cut = ", …" if size > 12 else ""
        sized = (f"{size}", "" if size == params.batch_size else "warn")
        rows.append([f"{at}", ", ".join(map(str, indices[:12])) + cut, sized, held])
    note = f"{len(rows)} of the {result.length} batches of an epoch."
    return Table("loader", ["batch", "rows", "size", "what is in it"], rows, note=note, wide=True)


def _choice(params: Params, result: Result) -> Panel:
    """Each column with a press that takes it out of the sample, or puts it back."""
    names = result.names or []
    taken = result.chosen or names
    first = [*(result.first_rows or [[]]), []][0]
    rows: list[list[Any]] = []
    for at, name in enumerate(names[:WIDE]):
        kind, shown = first[at] if at < len(first) else ("", "")
        left = [other for other in names if (other in taken) != (other == name)]
        columns = "" if left == names or not left else _quoted(left)
        used = ("in the sample", "yes") if name in taken else ("left out", "muted")
        cell = pressable(*used, name, {"columns": columns}) if len(columns) <= 400 else used
        rows.append([name, f"{shown} {kind}".strip(), cell])
    return Table("columns", ["column", "first value", "press to change"], rows)


def _quoted(names: list[str]) -> str:
    """The names as one line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()
