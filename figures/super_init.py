"""The lines of an __init__ and of forward, what each puts into which dict of self, and when a mistake in them shows."""

from typing import Any

from explorable.words import listing
from figures.panels import Error, Facts, Figure, Operator, Panel, Table, figure, keyed, stepped, veiled
from lessons.super_init import Params, Result, call, code, fails, forward, skipped

Cell = str | tuple[str, str] | tuple[str, str, dict[str, str]]
DICTS = ("_parameters", "_buffers", "_modules", "__dict__")


def draw(params: Params, result: Result) -> Figure:
    lines = code(params)
    states = len(result.steps) + bool(result.error)
    labels = ["before the first line", *(f"after line {k}" for k in range(1, len(result.steps)))]
    listings = [_listing(params, result, lines, k) for k in range(states)]
    went = [_went(params, result, lines, k) for k in range(states)]
    dicts = [_dicts(result, k) for k in range(states)]
    said = [veiled(Error("What Python says", result.error, where=lines[len(result.steps) - 1]))] if result.error else []
    return figure(
        hero=[
            [stepped(listings), Operator("Net()", "line by line"), veiled(stepped(went))],
            [veiled(_facts(result))],
            said,
        ],
        more=[[stepped(dicts)], _use(result), [_order(result)]],
        steps=[*labels, f"line {len(result.steps)} raises"] if result.error else labels,
        step_name="__init__",
    )


def _listing(params: Params, result: Result, lines: list[str], at: int) -> Panel:
    """The lines of __init__, and forward: the line that has just run is marked, and at the end the one that decides is ringed."""
    done = at == len(result.steps) - (not result.error)
    decides = _decides(params, result, lines) if done else set()
    rows: list[list[Cell]] = [
        [str(k), keyed(line, "", "@fails") if k in decides else line] for k, line in enumerate(lines, 1)
    ]
    rows.append(["def", f"forward(x): {forward(params)}"])
    title = f"class Net({params.bases}): def __init__"
    lit = [at - 1] if at and (result.error or not done) else []
    return Table(title, ["line", "code"], rows, lit=lit, breaks=True)


def _decides(params: Params, result: Result, lines: list[str]) -> set[int]:
    """The line that raises; where the net fails later, that which skips an __init__; else those that register nothing."""
    if result.error:
        return {len(result.steps)}
    if skipped(result):
        return {k for k, line in enumerate(lines, 1) if line == call(params)}
    return {k for k in range(1, len(lines) + 1) if _plain(result, k)}


def _facts(result: Result) -> Panel:
    never = [f"{'nn.' * (name == 'Module')}{name}'s" for name in skipped(result)]
    return Facts(
        [
            ("fails", "the net fails", fails(result)),
            ("skipped", "whose __init__ is skipped", listing(never) if never else "nobody's"),
            ("used", "net(x) gives", _used(result)),
        ]
    )


def _used(result: Result) -> str:
    return (result.afterwards or {}).get("net(x)", "there is no net").partition(": ")[0]


def _went(params: Params, result: Result, lines: list[str], at: int) -> Panel:
    """What the lines up to `at` put into which dict; at the end also what the net gives when it is used."""
    done = at == len(result.steps) - (not result.error)
    rows: list[list[Cell]] = [
        [str(k), _landed(params, result, k, line) if k <= at or done else ("…", "muted")]
        for k, line in enumerate(lines, 1)
    ]
    rows.append(["net(x)", _gives(result) if done else ("…", "muted")])
    columns = ["line", "what it does"]
    lit = [at - 1] if at and not done else []  # at the end the ring says what matters
    return Table("what each line does", columns, rows, lit=lit, breaks=True)


def _landed(params: Params, result: Result, line: int, text: str) -> Cell:
    if line > len(result.steps):
        return ("not reached", "muted")
    if line == len(result.steps):
        return keyed("raises", "warn", "@fails")
    before, after = result.steps[line - 1], result.steps[line]
    never = [f"{name}.__init__" for name in skipped(result)] if text == call(params) else []
    skips = f"; {listing(never)} never ran" if never else ""
    if before["_modules"] is None and after["_modules"] is not None:
        return keyed(f"makes _parameters, _buffers, _modules{skips}", "warn" if never else "yes", "@skipped")
    put = _put(result, line)
    if not put:
        return keyed(f"puts nothing{skips}", "warn" if never else "muted", "@skipped")
    plain = _plain(result, line)
    said = ", ".join(f"{name} → {held}" for name, held in put)
    ringed = ["@skipped"] if never else ["@fails"] if plain and fails(result) == "never" else []
    return keyed(f"{said}{skips}", "no" if plain and not never else "warn" if never else "yes", *ringed)


def _put(result: Result, line: int) -> list[tuple[str, str]]:
    """The names that the line adds to self, each with the dict that holds it."""
    before, after = result.steps[line - 1], result.steps[line]
    return [(name, held) for held in DICTS for name in after[held] or [] if name not in (before[held] or [])]


def _plain(result: Result, line: int) -> bool:
    """Whether what the line adds stands in __dict__ alone."""
    put = _put(result, line)
    return bool(put) and all(held == "__dict__" for _, held in put)


def _gives(result: Result) -> Cell:
    said, failed = _used(result), fails(result)
    if failed.startswith("at line"):
        return (said, "muted")
    return keyed("works" if failed == "never" else f"raises {said}", "yes" if failed == "never" else "warn", "@fails")


def _dicts(result: Result, at: int) -> Panel:
    state = result.steps[min(at, len(result.steps) - 1)]
    rows: list[list[Cell]] = [[name, _held(state[name])] for name in DICTS]
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
