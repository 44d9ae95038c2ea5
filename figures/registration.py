"""Every slot beside what each call did to its content, and the net of the chosen slot before and after."""

from typing import Any

from figures.panels import Figure, Panel, described, error, figure, grid, limit, table
from lessons.registration import Params, Result

Cell = str | tuple[str, str]


def draw(params: Params, result: Result) -> Figure:
    return figure([_slots(params, result), _outcome(params, result)], [*_before(result), _dicts(result)])


def _slots(params: Params, result: Result) -> Panel:
    rows = [[slot, *_reached(seen)] for slot, seen in result.reached.items()]
    columns = ["self.held = ...", ".to(float64)", '.to("meta")', ".eval()", "state_dict()", "SGD(...)"]
    return table(
        f"What reaches a {params.content}", columns, rows, wide=True, lit=[list(result.reached).index(params.slot)],
        note="✓ the call reached it   ✗ it did not   – there is nothing to reach",
    )  # fmt: skip


def _reached(seen: dict[str, Any] | str) -> list[Cell]:
    """The five measured cells of a row; a refused slot has none."""
    if isinstance(seen, str):
        return [("refused", "muted"), *[("", "muted")] * 4]
    empty = ("–", "muted")
    keys, given = seen["keys"], seen["given"]
    return [
        _mark(seen["dtype"] == "torch.float64", seen["dtype"].removeprefix("torch.")) if seen["dtype"] else empty,
        _mark(seen["device"] == "meta", seen["device"]) if seen["device"] else empty,
        empty if seen["training"] is None else _mark(not seen["training"], "train" if seen["training"] else "eval"),
        _mark(bool(keys), _counted(len(keys), "key")) if seen["dtype"] else empty,
        _mark(False, given.split(":")[0]) if isinstance(given, str) else _mark(True, _counted(given, "tensor")),
    ]


def _mark(reached: bool, text: str) -> tuple[str, str]:
    return (f"✓\N{NO-BREAK SPACE}{text}", "yes") if reached else (f"✗\N{NO-BREAK SPACE}{text}", "warn")


def _counted(count: int, noun: str) -> str:
    return f"{count}\N{NO-BREAK SPACE}{noun}" + ("" if count == 1 else "s")


def _outcome(params: Params, result: Result) -> Panel:
    after = {"nothing": "Called again", "load_state_dict": "A fresh net, loaded"}.get(
        params.then, f"After {params.then}"
    )
    if result.error:
        return error(after if result.dicts else "The module is not built", result.error, where=_where(params, result))
    if result.y is None:
        return table(after, ["", "output"], [["y", result.output]], note="On meta a tensor has no numbers.")
    return grid("y", result.y, badge=after, tensor=described("y", result.y), limit=limit(result.y_before, result.y))


def _where(params: Params, result: Result) -> str:
    if result.dicts is None:
        return f"self.held = ... ({params.slot})"
    if params.then == "SGD step":
        return "torch.optim.SGD(net.parameters(), lr=0.1)"
    return f"net(x{params.then}), after net{params.then}"


def _before(result: Result) -> list[Panel]:
    if result.y_before is None:
        return [grid("x", result.x, badge="input", tensor=described("x", result.x), limit=limit(result.x))]
    top = limit(result.y_before, result.y)
    return [
        grid("y_before", result.y_before, badge="first call", tensor=described("y_before", result.y_before), limit=top)
    ]


def _dicts(result: Result) -> Panel:
    meaning = {
        "_parameters": "to, state_dict, parameters",
        "_buffers": "to; state_dict unless persistent=False",
        "_modules": "to, eval, state_dict, parameters: walked into",
        "__dict__": "nothing: an ordinary attribute",
    }
    dicts = result.dicts or dict.fromkeys(meaning, [])
    rows: list[list[Cell]] = [[name, _entry(name, dicts[name]), text] for name, text in meaning.items()]
    keys = ", ".join(result.keys or []) or "none"
    return table(
        "Where net keeps the name held",
        ["dict of net", "holds", "is seen by"],
        rows,
        wide=True,
        note=f"keys of state_dict(): {keys}",
    )


def _entry(name: str, names: list[str]) -> Cell:
    if not names:
        return ("–", "muted")
    return (", ".join(names), "warn" if name == "__dict__" else "yes")
