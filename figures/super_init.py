"""The lines of an __init__, the dicts that they fill line by line, and when a mistake in them shows."""

from typing import Any

from explorable.words import listing
from figures.panels import Error, Facts, Figure, Operator, Panel, Table, figure, stepped, veiled
from lessons.super_init import Params, Result, code, fails, skipped

Cell = str | tuple[str, str]
DICTS = ("_parameters", "_buffers", "_modules", "__dict__")
BADGES = {"_parameters": "▲", "_buffers": "▤"}


def draw(params: Params, result: Result) -> Figure:
    lines = code(params)
    states = [*result.steps, result.steps[-1]] if result.error else result.steps
    labels = ["before the first line", *(f"after line {k}" for k in range(1, len(result.steps)))]
    listings = [_listing(params, lines, k) for k in range(len(states))]
    dicts = [_dicts(result, k) for k in range(len(states))]
    said = [veiled(Error("What Python says", result.error, where=lines[len(result.steps) - 1]))] if result.error else []
    return figure(
        hero=[
            [stepped(listings, at=0), Operator("Net()", "line by line"), veiled(stepped(dicts, at=0))],
            [veiled(_facts(result))],
            said,
        ],
        more=[[_went(result, lines)], _use(result), [_order(result)]],
        steps=[*labels, f"line {len(result.steps)} raises"] if result.error else labels,
        step_name="__init__",
    )


def _listing(params: Params, lines: list[str], at: int) -> Panel:
    """The lines of __init__, the one that has just run marked."""
    rows = [[str(k), line] for k, line in enumerate(lines, 1)]
    title = f"class Net({params.bases}): def __init__(self)"
    return Table(title, ["line", "code"], rows, lit=[at - 1] if at else [], breaks=True)


def _facts(result: Result) -> Panel:
    never = [f"{'nn.' * (name == 'Module')}{name}'s" for name in skipped(result)]
    used = (result.afterwards or {}).get("net(x)", "there is no net")
    return Facts(
        [
            ("fails", "the net fails", fails(result)),
            ("skipped", "whose __init__ is skipped", listing(never) if never else "nobody's"),
            ("used", "net(x) gives", used.partition(": ")[0]),
        ]
    )


def _went(result: Result, lines: list[str]) -> Panel:
    rows = [[str(k), line, _landed(result, k)] for k, line in enumerate(lines, 1)]
    return Table("Where each line went", ["line", "code", "went to"], rows, wide=True)


def _landed(result: Result, line: int) -> Cell:
    if line > len(result.steps):
        return ("not reached", "muted")
    if line == len(result.steps):
        return ("raises", "warn")
    before, after = result.steps[line - 1], result.steps[line]
    if before["_modules"] is None and after["_modules"] is not None:
        return ("makes the dicts", "yes")
    places = [name for name in DICTS if after[name] and len(after[name]) > len(before[name] or [])]
    return (", ".join(places), "warn" if places == ["__dict__"] else "yes") if places else ("nothing", "muted")


def _dicts(result: Result, at: int) -> Panel:
    state = result.steps[min(at, len(result.steps) - 1)]
    rows: list[list[Cell]] = [[f"{name} {BADGES.get(name, '')}".strip(), _held(state[name])] for name in DICTS]
    hooks: Cell = (f"{state['hooks']} dicts", "yes") if state["hooks"] else ("not there", "warn")
    return Table("Dicts of self", ["dict", "holds"], [*rows[:3], ["_..._hooks", hooks], rows[3]], breaks=True)


def _held(names: list[str] | None) -> Cell:
    if names is None:
        return ("not there", "warn")
    return (", ".join(names), "yes") if names else ("empty", "muted")


def _use(result: Result) -> list[Panel]:
    rows: list[list[Cell]] = [
        [call, (text, "warn" if "Error: " in text else "yes")] for call, text in (result.afterwards or {}).items()
    ]
    return [Table("After net = Net()", ["call", "gives"], rows, wide=True)] if rows else []


def _order(result: Result) -> Panel:
    never = skipped(result)
    rows: list[list[Any]] = [
        [
            f"{k}. {name}",
            ("–", "muted") if name == "object" else ("✗ never ran", "warn") if name in never else ("✓ ran", "yes"),
        ]
        for k, name in enumerate(result.chain, 1)
    ]
    return Table("Net.__mro__", ["class", "its __init__"], rows)
