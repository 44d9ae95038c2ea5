"""Every hook and every forward in the order in which it happened, in a lane for each module."""

from figures.panels import Figure, Panel, described, error, figure, grid, limit, stepped, table
from lessons.call_forward import Params, Result

LANES = ("model", "first", "second")
Cell = str | tuple[str, str]


def draw(params: Params, result: Result) -> Figure:
    frames = [_timeline(params, result, now) for now in range(len(result.order))]
    labels = [f"{k} of {len(result.order)}: {event} of {name}" for k, (name, event, _) in enumerate(result.order, 1)]
    return figure(
        [stepped(frames[-1], frames), *_refusal(params, result)],
        [_fired(params, result), *_outputs(params, result)],
        steps=labels,
        step_name="event",
    )


def _timeline(params: Params, result: Result, now: int) -> Panel:
    """The events up to `now`; a lane is a column, so that what runs inside a forward stands to the right of it."""
    rows = [_row(k, *event, future=k > now) for k, event in enumerate(result.order)]
    columns = ["#", *LANES, "was given"]
    return table(f"What {params.call} runs, in order", columns, rows, wide=True, lit=[now])


def _row(k: int, name: str, event: str, given: str, *, future: bool) -> list[Cell]:
    kind = "muted" if future else "yes" if event == "forward" else "no"
    return [
        str(k + 1),
        *(((short(event), kind) if lane == name else "") for lane in LANES),
        "" if future else _kept(given),
    ]


def short(event: str) -> str:
    """The name of an event without what all of its kind share: `pre_hook` for `forward_pre_hook`."""
    return _kept(event.replace("forward_", "").removeprefix("full_"))


def _kept(text: str) -> str:
    """The text with line breaks only behind semicolons."""
    return text.replace(" ", "\N{NO-BREAK SPACE}").replace(";\N{NO-BREAK SPACE}", "; ")


def _refusal(params: Params, result: Result) -> list[Panel]:
    return [error(params.call, result.error, where=f"forward of {params.raises}")] if result.error else []


def _outputs(params: Params, result: Result) -> list[Panel]:
    """The output, and the one without hooks where a hook returns something."""
    badges = {"y": params.call} | ({"y_plain": "before any hook"} if params.returns != "nothing" else {})
    top = limit(result.y, result.y_plain)
    shown = {name: getattr(result, name) for name in badges if result.y is not None}
    return [grid(name, y, badge=badges[name], tensor=described(name, y), limit=top) for name, y in shown.items()]


def _fired(params: Params, result: Result) -> Panel:
    rows: list[list[Cell]] = [
        [way, *((str(counts[lane]), "yes" if counts[lane] else "warn") for lane in LANES)]
        for way, counts in result.fired.items()
    ]
    note = "Counted by calling this model in all three ways; global hooks are left out."
    lit = [list(result.fired).index(params.call)]
    return table("Forward hooks that fire", ["call", *LANES], rows, wide=True, note=note, lit=lit)
