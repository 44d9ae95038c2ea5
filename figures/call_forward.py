"""The hooks of three modules, the call, and what ran: events inside one another, and the forward hooks among them coloured."""

from explorable.words import count
from figures.cells import Node, cells_of
from figures.panels import (
    Error,
    Facts,
    Figure,
    Grid,
    Operator,
    Panel,
    Table,
    Tree,
    described,
    figure,
    limit,
    stepped,
    veiled,
)
from lessons.call_forward import Params, Result, last_hooked, values

MODULES = ("model", "first", "second")
HOOKS = ("forward_pre_hook", "forward_hook")
Event = tuple[str, str, str]


def draw(params: Params, result: Result) -> Figure:
    frames = [_events(result, now) for now in range(len(result.order))]
    labels = [f"{k} of {len(result.order)}: {event} of {name}" for k, (name, event, _) in enumerate(result.order, 1)]
    call = Operator(params.call, "then y.sum().backward()" if _backward(params) else "")
    return figure(
        hero=[
            [_registered(params), call, veiled(stepped(frames))],
            [_facts(params, result)],
            _refusal(params, result),
        ],
        more=[[_given(result), _fired(params, result)], _outputs(params, result)],
        steps=labels,
        step_name="event",
    )


def _backward(params: Params) -> bool:
    return bool(values(params)["backward_pre"] or values(params)["backward_hooks"])


def _registered(params: Params) -> Panel:
    """Which hooks each module has, before the call."""
    hooks = [name for name, on in _kinds(params).items() if on]
    more = {"first": [params.returns] if params.returns != "nothing" else []}
    rows = [[name, ", ".join([*hooks, *more.get(name, [])]) or ("none", "muted")] for name in MODULES]
    notes = ["model runs second(first(x))", *(["and a pair for all modules"] if params.global_hooks else [])]
    return Table("hooks", ["module", "registered"], rows, note="; ".join(notes), breaks=True)


def _kinds(params: Params) -> dict[str, bool]:
    known = values(params)
    return {
        "pre hook": known["pre_hooks"],
        "forward hook": known["hooks"],
        "backward pre hook": known["backward_pre"],
        "backward hook": known["backward_hooks"],
    }


def _events(result: Result, now: int) -> Panel:
    """The event that runs now and the forward hooks before it are coloured; what runs inside the forward of model stands to its right."""
    hooks = [kind for _, kind, _ in result.order if kind in HOOKS]
    last = max((k for k, (_, kind, _) in enumerate(result.order) if kind == "forward_hook"), default=-1)
    nodes = [
        _node(event, lit=k == now or k < now and event[1] == "forward_hook", last=k == last)
        for k, event in enumerate(result.order)
    ]
    badge = " + ".join(count(hooks.count(kind), f"{short(kind).replace('_', ' ')}") for kind in HOOKS)
    return Tree("what runs, in order", nodes, badge=badge)


def _node(event: Event, *, lit: bool, last: bool) -> Node:
    name, kind, given = event
    decides = {
        "@last": last,
        "@ran": kind in HOOKS,
        "@args": (name, kind) == ("model", "forward_pre_hook"),
        "@y": "returns" in given,
        "@skipped": name == "second" and kind in ("forward", "forward_hook"),
    }
    keys = " ".join(key for key, ringed in decides.items() if ringed)
    return Node(int(name != "model"), short(kind), kind=name, mark="walked" if lit else "", key=keys)


def short(event: str) -> str:
    """The name of an event without what all of its kind share: `pre_hook` for `forward_pre_hook`."""
    return event.replace("forward_pre", "pre").removeprefix("full_")


def _facts(params: Params, result: Result) -> Panel:
    return veiled(Facts([
        ("last", "the forward hook that ran last", _last(result)),
        ("ran", "pre and forward hooks that ran", f"{result.ran(params.call)} of {params.registered}"),
        ("args", "args of the pre hook of model", _args(params, result)),
        ("skipped", "the forward hook of second", _second(params, result)),
        ("y", "y, compared with no hook", _y(result)),
    ]))  # fmt: skip


def _last(result: Result) -> str:
    return f"{last}'s" if (last := last_hooked(result)) else "there is none"


def _args(params: Params, result: Result) -> str:
    if not params.pre_hooks:
        return "there is none"
    given = [given for name, event, given in result.order if (name, event) == ("model", "forward_pre_hook")]
    if not given:
        return "none: it does not run"
    return "an empty tuple" if given[0].startswith("args empty") else "a tuple with x"


def _second(params: Params, result: Result) -> str:
    if not params.hooks:
        return "there is none"
    if not any(name == "second" for name, _, _ in result.order):
        return "second is not called"
    given = [given for name, event, given in result.order if (name, event) == ("second", "forward_hook")]
    if not given:
        return "it is skipped"
    return "it runs, output None" if given[0].endswith("None") else "it runs"


def _y(result: Result) -> str:
    if result.y is None or result.y_plain is None:
        return "no y: it raises"
    return "y is the same" if result.y.equal(result.y_plain) else "y is another"


def _refusal(params: Params, result: Result) -> list[Panel]:
    if not result.error:
        return []
    return [veiled(Error(params.call, result.error, where=f"forward of {params.raises}"))]


def _given(result: Result) -> Panel:
    rows = [[str(k), name, event, given] for k, (name, event, given) in enumerate(result.order, 1)]
    return Table("what each was given", ["#", "module", "event", "given"], rows, wide=True)


def _fired(params: Params, result: Result) -> Panel:
    rows = [
        [way, *((str(counts[name]), "yes" if counts[name] else "warn") for name in MODULES)]
        for way, counts in result.fired.items()
    ]
    note = "Counted by calling this model in all three ways; global hooks are left out."
    lit = [list(result.fired).index(params.call)]
    return Table("Forward hooks that run", ["call", *MODULES], rows, note=note, lit=lit)


def _outputs(params: Params, result: Result) -> list[Panel]:
    """The output, and the one without hooks where a hook returns something."""
    badges = {"y": params.call} | ({"y_plain": "before any hook"} if params.returns != "nothing" else {})
    top = limit(result.y, result.y_plain)
    shown = {name: getattr(result, name) for name in badges if result.y is not None}
    return [
        Grid(name, cells_of(y), badge=badges[name], tensor=described(name, y), limit=top) for name, y in shown.items()
    ]
