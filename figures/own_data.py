"""The rows as they were read, the first batches a DataLoader makes of them, and the columns to choose from."""

from typing import Any

from figures.panels import Figure, Panel, error, figure, node, pressable, table, tree
from lessons.own_data import Params, Result, chosen

WIDE = 12  # columns that a table shows


def draw(params: Params, result: Result) -> Figure:
    if result.first_rows is None:
        return figure([error("data", result.error or "", where=f"reading {params.format}")])
    first = [_rows(params, result)]
    if result.error:
        where = "DataLoader(...)" if result.asked is None else "next(iter(loader))"
        return figure([error("batch", result.error, where=where), *first], _below(params, result))
    return figure([*_batch(result), *first], [*_below(params, result), _batches(params, result)])


def _below(params: Params, result: Result) -> list[Panel]:
    return [_choice(params, result)] if result.names else []


def _rows(params: Params, result: Result) -> Panel:
    names = (result.names or ["text"])[:WIDE]
    rows: list[list[Any]] = []
    for index, row in enumerate(result.first_rows or []):
        cells = [(f"{shown} {kind}", "warn" if kind == "NoneType" else "") for kind, shown in row[:WIDE]]
        rows.append([f"{index}", *cells, *[("no value", "muted")] * (len(names) - len(cells))][: len(names) + 1])
    more = len(result.names or []) - WIDE
    note = f"The first {len(rows)} of {result.n} rows" + (f", and {WIDE} of the columns." if more > 0 else ".")
    return table("dataset", ["row", *names], rows, note=note, badge=params.format)


def _batch(result: Result) -> list[Panel]:
    """The first batch, as a tree."""
    nodes = [
        node(depth, name, kind=kind, facts=facts, value=value, note=f"{name}: {kind} {facts} {value}".strip())
        for depth, name, kind, facts, value in (result.trees or [[]])[0]
    ]
    rows = (result.asked or [])[: (result.sizes or [0])[0]]
    badge = f"rows {', '.join(map(str, rows[:8]))}{', …' if len(rows) > 8 else ''}"
    return [tree("batches[0]", nodes, badge=badge)] if nodes else []


def _batches(params: Params, result: Result) -> Panel:
    rows: list[list[Any]] = []
    asked = iter(result.asked or [])
    for at, (size, nodes) in enumerate(zip(result.sizes or [], result.trees or [], strict=True)):
        indices = [next(asked) for _ in range(size)]
        types = "; ".join(f"{name} {kind} {facts}".strip() for depth, name, kind, facts, _ in nodes if depth == 1)
        root = f"{nodes[0][2]} {nodes[0][3]}".strip()
        cut = ", …" if size > 12 else ""
        rows.append(
            [
                f"{at}",
                ", ".join(map(str, indices[:12])) + cut,
                (f"{size}", "" if size == params.batch_size else "warn"),
                types or root,
            ]
        )
    note = f"{len(rows)} of the {result.length} batches of an epoch."
    return table("loader", ["batch", "rows", "size", "what is in it"], rows, note=note, wide=True)


def _choice(params: Params, result: Result) -> Panel:
    """Each column with a press that takes it out of the sample, or puts it back."""
    names = result.names or []
    taken = chosen(params.columns) or names
    rows: list[list[Any]] = []
    for name, (kind, shown) in zip(names[:WIDE], (result.first_rows or [[]])[0], strict=False):
        left = [other for other in names if (other in taken) != (other == name)]
        columns = "" if left == names or not left else ",".join(map(_quoted, left))
        used = name in taken
        cell = pressable(
            *(("in the sample", "yes") if used else ("left out", "muted")), f"{name}", {"columns": columns}
        )
        rows.append([name, f"{shown} {kind}", cell if len(columns) <= 400 else ("in the sample", "yes")])
    return table("columns", ["column", "first value", "press to change"], rows)


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name else name
