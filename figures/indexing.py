"""The layers before and after an operation: a band and a letter for each object, and what an older checkpoint has."""

from typing import Any

from figures.panels import Figure, Panel, described, error, figure, grid, limit, table
from lessons.indexing import Params, Result, written

LETTERS = "ABCDEFGHI"


def draw(params: Params, result: Result) -> Figure:
    before = _layers(
        "before", f"{params.container}: layers", result.before, result.before_names, result.before_ids, result
    )
    return figure([before, *_got(params, result)], [*_checkpoint(result), _facts(result)])


def _got(params: Params, result: Result) -> list[Panel]:
    if result.error:
        return [error(written(params), result.error, where=written(params))]
    if result.y is not None:
        return [grid("y", result.y, badge="layers(x)", tensor=described("y", result.y), limit=limit(result.y))]
    if not result.got_ids:
        return [table("got", ["", ""], [[written(params), ("an empty container", "warn")]])]
    names = [name or "(the layer itself)" for name in result.got_names or []]
    return [_layers("got", written(params), result.got, names, result.got_ids, result)]


def _layers(title: str, badge: str, weights: Any, names: list[str], ids: list[str], result: Result) -> Panel:
    """One column a layer: its name above, weight[0, 0], its letter; the band and the keys follow the object."""
    return grid(
        title, [weights.tolist()], badge=badge, tensor=described(title, weights), limit=limit(result.before, result.got),
        row_labels=[""], col_labels=names, row_dim=None, cols="name of the layer; the number is its weight[0, 0]",
        sub=[[f"object {letter}" for letter in ids]],
        keys=[[f"object-{letter}" for letter in ids]],
        groups=[[LETTERS.index(letter) for letter in ids]],
        notes=[[f"{name}.weight[0, 0] = {weight:+.4f}   object {letter}{_met(letter, result)}"
                for name, weight, letter in zip(names, weights.tolist(), ids, strict=True)]],
    )  # fmt: skip


def _met(letter: str, result: Result) -> str:
    return "" if letter in result.before_ids else ", not in the container before"


def _checkpoint(result: Result) -> list[Panel]:
    kinds = {"the same numbers": "yes", "another layer's numbers": "warn", "no such key": "muted"}
    rows = [[key, (text, kinds[text])] for key, text in (result.checkpoint or {}).items() if key.endswith("weight")]
    note = "Keys of the weights; the checkpoint is state_dict() from before. The biases go the same way."
    panel = table("What an older checkpoint has under its keys", ["key now", "then"], rows, wide=True, note=note)
    return [panel] if rows else []


def _facts(result: Result) -> Panel:
    after = result.facts_got or {}
    names = list(result.facts_before)
    rows = [[name, _told(result.facts_before[name]), _told(after[name]) if after else ""] for name in names]
    note = "" if result.same_container is None else f"result is layers: {result.same_container}"
    return table("Facts", ["", "layers", "result"], rows, note=note)


def _told(value: Any) -> str:
    return "no len()" if value is None else str(value)
