"""The lines that build the net, the call, and what it moved or reached; below, every slot beside what each call did to its content."""

from typing import Any

from figures.cells import Bar, cells_of
from figures.panels import (
    Bars,
    Error,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Table,
    described,
    figure,
    keyed,
    limit,
    veiled,
)
from lessons.registration import CHECKPOINT, Params, Result, moved_names, reaches

Text = str | tuple[str, str] | tuple[str, str, dict[str, str]]
CONTENTS = {"Linear": "nn.Linear(3, 3)", "Dropout": "nn.Dropout(0.5)", "tensor": "torch.randn(3)"}
SLOTS = {
    "attribute": "{}", "list": "[{}]", "dict": '{{"a": {}}}', "ModuleList": "nn.ModuleList([{}])",
    "ModuleDict": 'nn.ModuleDict({{"a": {}}})', "ParameterList": "nn.ParameterList([{}])", "Parameter": "nn.Parameter({})",
    "list of Parameter": "[nn.Parameter({})]", "Parameter(...).half()": "nn.Parameter({}).half()", "buffer": "nn.Buffer({})",
    "non-persistent buffer": "nn.Buffer({}, persistent=False)",
}  # fmt: skip
_STEPS = {
    "SGD step": ("SGD(net.parameters())", "one step"),
    "SGD, then a new held": ("SGD(net.parameters())", "a new held, then one step"),
}
REACHED = (".to(float64)", '.to("meta")', ".eval()", "state_dict()", "SGD(...)")


def draw(params: Params, result: Result) -> Figure:
    then = f"net{params.then}" if params.then.startswith(".") else params.then
    call = Operator(*_STEPS.get(params.then, (then, "then net(x) again")))
    outcome = _outcome(params, result)
    told = result.dicts is None or params.then in CHECKPOINT or params.then.startswith("SGD")
    said = [veiled(outcome)] if isinstance(outcome, Error) and not told else []
    return figure(
        hero=[[veiled(_lines(params, result), cells=True), call, veiled(outcome if told else _calls(params, result))], [_facts(params, result)], said],
        more=[[_slots(params, result)], [_held(result)], _before(result) if told or said else [*_before(result), outcome]],
    )  # fmt: skip


def source(params: Params) -> str:
    """What self.held is set to, as code."""
    return SLOTS[params.slot].format(CONTENTS[params.content])


def _lines(params: Params, result: Result) -> Panel:
    """The lines of __init__ that hold something, and whether the name is then registered, which is part of the answer."""
    lines = {
        "held": f"self.held = {source(params)}",
        **({"head": "self.head = nn.Linear(3, 3)"} if params.head else {}),
    }
    rows = [[_broken(line), _registered(name, result)] for name, line in lines.items()]
    return Table("Net.__init__", ["code", "registered"], rows, breaks=True)


def _broken(code: str) -> str:
    """It breaks behind a bracket, and not between two numbers."""
    return code.replace("(", "(\N{ZERO WIDTH SPACE}").replace(", ", ",\N{NO-BREAK SPACE}")


def _registered(name: str, result: Result) -> tuple[str, str]:
    """Whether the name stands in one of the dicts that nn.Module keeps."""
    if result.dicts is None:
        return ("refused", "warn") if name == "held" else ("", "muted")
    kept = any(name in names for place, names in result.dicts.items() if place != "__dict__")
    return ("✓\N{NO-BREAK SPACE}yes", "yes") if kept else ("✗\N{NO-BREAK SPACE}no", "warn")


def _held(result: Result) -> Panel:
    """Which names stand in which dict."""
    rows: list[list[Text]] = [
        [f"net.{name}", ", ".join(names) or ("–", "muted")] for name, names in (result.dicts or _none()).items()
    ]
    return Table("net", ["dict", "names"], rows, breaks=True)


def _calls(params: Params, result: Result) -> Panel:
    """What each call does to the content of this slot: the row of the chosen slot, one line a call."""
    seen, then = (
        result.reached[params.slot],
        {".to(torch.float64)": 0, '.to("meta")': 1, ".eval()": 2, "load_state_dict": 3},
    )
    rows: list[list[Text]] = []
    for at, (call, cell) in enumerate(zip(REACHED, _reached(seen), strict=True)):
        keys = ["@reach"] * (then.get(params.then) == at) + ["@kept"] * (at in (0, 3)) + ["@parameters"] * (at == 4)
        rows.append([call, keyed(cell[0], cell[1], *keys) if keys else cell])
    return Table(f"self.held, a {params.content}: what reaches it", ["call", "does"], rows, breaks=True)


def _none() -> dict[str, list[str]]:
    return {name: [] for name in ("_parameters", "_buffers", "_modules", "__dict__")}


def _facts(params: Params, result: Result) -> Panel:
    if result.dicts is None:
        return veiled(Facts([("refused", "the module", "is not built")]))
    items = [
        ("reach", _CALLS.get(params.then, f"net{params.then}"), _reach(params, result)),
        ("kept", "by to() and state_dict() held is", _kept(result.reached[params.slot])),
        (
            "parameters",
            "net.parameters() gives",
            _counted(len(result.parameters or []), "parameter").replace("\N{NO-BREAK SPACE}", " "),
        ),
    ]
    if params.then in CHECKPOINT:
        items.insert(0, ("moved", "the checkpoint", _loaded(result)))
    if params.then.startswith("SGD"):
        items.insert(0, ("moved", "the step moves", _moved(result)))
    return veiled(Facts(items))


_CALLS = {
    "nothing": "a second call",
    "load_state_dict": "load_state_dict()",
    **dict.fromkeys(CHECKPOINT, "load_state_dict()"),
    "SGD step": "SGD(net.parameters())",
    "SGD, then a new held": "SGD(net.parameters())",
}


def _reach(params: Params, result: Result) -> str:
    reached = reaches(params, result)
    if reached is None:
        return "nothing to reach"
    return f"it reaches the {params.content}" if reached else f"it passes the {params.content} by"


def _kept(seen: dict[str, Any]) -> str:
    if not seen["dtype"]:
        return "no tensor to keep"
    moved = "moved" if seen["dtype"] == "torch.float64" else "left"
    return f"{moved} and saved" if seen["keys"] else f"{moved} {'but' if moved == 'moved' else 'and'} not saved"


def _loaded(result: Result) -> str:
    return "it raises" if result.error else f"it fills {moved_names(result)}"


def _moved(result: Result) -> str:
    return "nothing: it raises" if result.error else moved_names(result)


def _slots(params: Params, result: Result) -> Panel:
    rows = [[slot, *_reached(seen)] for slot, seen in result.reached.items()]
    columns = ["self.held = ...", *REACHED]
    return Table(
        f"What reaches a {params.content}", columns, rows, wide=True, lit=[list(result.reached).index(params.slot)],
        note="✓ the call reached it   ✗ it did not   – there is nothing to reach",
    )  # fmt: skip


def _reached(seen: dict[str, Any] | str) -> list[Text]:
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
        title = after if result.dicts else "The module is not built"
        key = "@reach" if params.then.startswith(".") else "@moved"
        return Error(title, result.error, where=_where(params, result), key=key)
    if result.y is None:
        return Table(after, ["", "output"], [["y", result.output]], note="On meta a tensor has no numbers.")
    if result.change:
        return Bars("largest change of a weight", [*map(_change, result.change.items())])
    return _output(result, after)


def _change(named: tuple[str, float]) -> Bar:
    name, by = named
    return Bar(
        f"self.{name}",
        by,
        f"the entry of self.{name} that moved most went by {by:.4f}",
        [f"change-{name}", *["@moved"] * (name == "held")],
    )


def _output(result: Result, after: str) -> Panel:
    return Grid(
        "y", cells_of(result.y), badge=after, tensor=described("y", result.y), limit=limit(result.y_before, result.y)
    )


def _where(params: Params, result: Result) -> str:
    if result.dicts is None:
        return f"self.held = ... ({params.slot})"
    if params.then.startswith("SGD"):
        return "torch.optim.SGD(net.parameters(), lr=0.1)"
    if params.then == "load old checkpoint":
        return "net.load_state_dict(checkpoint)"
    return f"net(x{params.then}), after net{params.then}"


def _before(result: Result) -> list[Panel]:
    if result.y_before is None:
        return [Grid("x", cells_of(result.x), badge="input", tensor=described("x", result.x), limit=limit(result.x))]
    y, top = result.y_before, limit(result.y_before, result.y)
    first = Grid("y_before", cells_of(y), badge="first call", tensor=described("y_before", y), limit=top)
    return [first, _output(result, "second call")] if result.change and not result.error else [first]
