"""What the page prints in the cells of a panel, and under which keys."""

from collections.abc import Iterator
from typing import Any

from figures.panels import cell_text


def printed(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(keys with spaces between, text) of every cell; "✕" of one that is marked as dropped."""
    read = {
        "facts": _facts,
        "grid": _cells,
        "cube": _cells,
        "bars": _bars,
        "table": _table,
        "tree": _nodes,
        "strip": _tokens,
        "board": _squares,
        "lanes": _spans,
        "line": _ticks,
        "curve": _points,
    }
    return read[panel["view"]](panel) if panel["view"] in read else iter(())


def _facts(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((item["key"], item["text"]) for item in panel["items"])


def _cells(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for index, value in leaves(panel["values"]):
        dropped = "dropped" in str(at(panel.get("marks"), index))
        yield keys_of(panel, index), "✕" if dropped else cell_text(value, panel["digits"])


def _bars(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    unit = f" {panel['unit']}" if "unit" in panel else ""
    for index, (label, value) in enumerate(zip(panel["labels"], panel["values"], strict=True)):
        keys = at(panel.get("keys"), (index,))
        yield joined(label.replace(" ", "_") if keys is None else keys), cell_text(value, panel["digits"]) + unit


def _table(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    cells = [cell if isinstance(cell, list) else [cell] for row in panel["rows"] for cell in row]
    yield from ((cell[2].get("key", "") if len(cell) > 2 else "", str(cell[0])) for cell in cells)


def _squares(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from (("", words) for row in panel["squares"] for square in row for _, words, _ in square)


def _spans(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((key, text) for _, spans in panel["lanes"] for _, _, text, _, key, _ in spans)


def _ticks(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((tick.get("key", ""), tick["text"]) for row in panel["rows"] for tick in row["ticks"] if "text" in tick)


def _points(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    keys = dict(panel.get("ringed", []))
    yield from ((keys[index], text) for index, text in panel.get("texts", []))


def _nodes(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((node.get("key") or "", str(node.get("value") or node.get("kind") or "")) for node in panel["nodes"])


def _tokens(panel: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((token.get("key", ""), token["text"]) for token in panel["tokens"])


def leaves(nested: Any, index: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    if isinstance(nested, list):
        for place, item in enumerate(nested):
            yield from leaves(item, (*index, place))
    else:
        yield index, nested


def at(nested: Any, index: tuple[int, ...]) -> Any:
    for place in index:
        nested = nested[place] if nested else None
    return nested


def keys_of(panel: dict[str, Any], index: tuple[int, ...]) -> str:
    return joined(at(panel.get("keys"), index) or ",".join(map(str, index)))


def joined(keys: Any) -> str:
    return " ".join(keys) if isinstance(keys, (list, tuple)) else str(keys)
