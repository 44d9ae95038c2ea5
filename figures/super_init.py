"""The lines of an __init__ one by one, the dicts they fill, the chain of classes, and what works afterwards."""

from typing import Any

from figures.panels import Figure, Panel, error, figure, stepped, table
from lessons.super_init import Params, Result, code

Cell = str | tuple[str, str]
DICTS = ("_parameters", "_buffers", "_modules", "__dict__")
BADGES = {"_parameters": "▲", "_buffers": "▤"}


def draw(params: Params, result: Result) -> Figure:
    lines = code(params)
    states = [*result.steps, result.steps[-1]] if result.error else result.steps
    labels = ["before the first line", *(f"after line {k}" for k in range(1, len(result.steps)))]
    listings = [_listing(params, result, lines, k) for k in range(len(states))]
    dicts = [_dicts(result, k) for k in range(len(states))]
    return figure(
        [stepped(listings[-1], listings), stepped(dicts[-1], dicts)],
        [_outcome(lines, result), _chain(result)],
        steps=[*labels, f"line {len(result.steps)} raises"] if result.error else labels,
        step_name="__init__",
    )


def _listing(params: Params, result: Result, lines: list[str], at: int) -> Panel:
    """The lines of __init__, the one that has just run marked, and where the name it assigned went."""
    rows = [[str(k), line, _landed(result, k, at)] for k, line in enumerate(lines, 1)]
    title = f"class Net({params.bases}): def __init__(self)"
    return table(title, ["line", "code", "went to"], rows, wide=True, lit=[at - 1] if at else [])


def _landed(result: Result, line: int, at: int) -> Cell:
    if line > at:
        return ("", "muted")
    if line == len(result.steps):
        return ("raises", "warn")
    before, after = result.steps[line - 1], result.steps[line]
    if before["_modules"] is None and after["_modules"] is not None:
        return ("makes the dicts", "yes")
    places = [name for name in DICTS if after[name] and len(after[name]) > len(before[name] or [])]
    return (", ".join(places), "warn" if places == ["__dict__"] else "yes") if places else ("nothing", "muted")


def _dicts(result: Result, at: int) -> Panel:
    state = result.steps[min(at, len(result.steps) - 1)]
    rows: list[list[Cell]] = [[f"{name} {BADGES.get(name, '')}", _held(state[name])] for name in DICTS]
    hooks: Cell = (f"{state['hooks']} dicts", "yes") if state["hooks"] else ("not there", "warn")
    note = "▲ parameters   ▤ buffers   __dict__: every other attribute"
    return table("Dicts of self", ["dict", "holds"], [*rows[:3], ["_..._hooks", hooks], rows[3]], note=note)


def _held(names: list[str] | None) -> Cell:
    if names is None:
        return ("not there", "warn")
    return (", ".join(names), "yes") if names else ("empty", "muted")


def _outcome(lines: list[str], result: Result) -> Panel:
    if result.error:
        return error("net = Net()", result.error, where=lines[len(result.steps) - 1])
    rows: list[list[Cell]] = [
        [call, (text, "warn" if "Error: " in text else "yes")] for call, text in (result.afterwards or {}).items()
    ]
    return table("After net = Net()", ["call", "gives"], rows, wide=True)


def _chain(result: Result) -> Panel:
    made = any(state["_modules"] is not None for state in result.steps)
    ran = {*result.ran, *(["Module"] if made else [])}
    rows: list[list[Any]] = [
        [
            f"{k}. {name}",
            ("✓ ran", "yes") if name in ran else ("–", "muted") if name == "object" else ("✗ did not run", "warn"),
        ]
        for k, name in enumerate(result.chain, 1)
    ]
    return table("Net.__mro__", ["class, in the order of super()", "its __init__"], rows)
