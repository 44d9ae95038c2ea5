"""The tensors of the last forward pass, the call, and what it left in their .grad; below, what torch says of each tensor."""

from typing import Any

from explorable.words import count, listing
from figures.cells import cells_of
from figures.panels import Error, Facts, Figure, Grid, Operator, Panel, Table, figure, limit, veiled
from lessons.backward import Params, Result, added, filled, text

ROWS = ("w", "x", "h", "y")
NAMES = (*ROWS, "b")
SLOPES = {"h ** 2": "2 · h", "h.exp()": "exp(h)"}


def draw(params: Params, result: Result) -> Figure:
    call = Operator("loss.backward()", f"{count(params.forwards, 'round')}, {count(params.backwards, 'call')} each")
    came = (
        veiled(Error("What PyTorch says", result.error, key="@outcome"))
        if result.error
        else veiled(_grads(params, result))
    )
    return figure(hero=[[_forward(params, result), call, came], [_facts(result)]], more=[_tensors(params, result)])


def _forward(params: Params, result: Result) -> Panel:
    """What was bound of the last forward pass, one tensor a row, with the line that made it."""
    bound = [name for name in ROWS if getattr(result, name) is not None]
    tensors = [getattr(result, name) for name in bound]
    moved = ", after w -= 0.1" if params.in_place == "w -= 0.1" and result.grads else ""
    made = {"w": f"the weights{moved}", "x": "the data", "h": "h = w * x", "y": f"y = {params.function}"}
    lines = {"h": "h = w * x", "y": f"y = {params.function}"}
    return Grid(
        ", ".join(bound), cells_of(tensors, note=lambda _, row, place: made[bound[row]]),
        tensor=f"loss = {params.loss_is}; w is {str(result.w.dtype).removeprefix('torch.')}", limit=limit(*tensors),
        row_labels=[lines.get(name, name) for name in bound], label_width=96, digits=_digits(tensors), signed=False,
    )  # fmt: skip


def _digits(tensors: list[Any]) -> int:
    """0 where all numbers are whole."""
    return 0 if all(float(value).is_integer() for tensor in tensors for value in tensor.flatten().tolist()) else 2


def _grads(params: Params, result: Result) -> Panel:
    assert result.grads is not None
    leaf = result.leaves is not None and result.leaves["w"]
    brought = result.given if leaf and len(result.given) > 1 else []
    adds = bool(brought) and params.zero_grad == "never" and result.grads["w"] is not None
    asked = (
        ("w",) if adds else ("w", "b") if brought else ("w", "h", "b")
    )  # whose .grad is drawn, also where it is None
    names = [name for name in NAMES if name in asked or (name != "b" or not adds) and result.grads[name] is not None]
    held = [grad for name in names if (grad := result.grads[name]) is not None]
    values = [*(grad.tolist() for grad in brought), *(_row(name, result.grads[name]) for name in names)]
    rows = [*("" for _ in brought), *names]

    def note(value: Any, row: int, place: int) -> str:
        if not rows[row]:
            return f"call {row + 1} of backward() brings {value:.4g} to w.grad[{place}]"
        return "" if value is None else _note(params, result, rows[row], place)

    return Grid(
        "what each call gives, and w.grad" if brought else ".grad",
        cells_of(
            values,
            note=note,
            key=lambda value, row, place: [
                f"{NAMES.index(rows[row] or 'w')},{place}", *(_rung(value, rows[row]) if rows[row] else [])
            ],
        ),
        tensor="after the last line of the loop", limit=limit(*held, *brought), label_width=76, signed=False,
        row_labels=[
            *(f"{'+ ' * (adds and at > 1)}call {at}" for at in range(1, len(brought) + 1)),
            *(f"{'= ' * (adds and name == 'w')}{name}.grad" for name in names),
        ],
        digits=_digits([*held, *brought]),
    )  # fmt: skip


def _row(name: str, grad: Any) -> list[Any]:
    """The numbers of a .grad; that of b is one."""
    numbers = ["None"] * (1 if name == "b" else 3) if grad is None else grad.flatten().tolist()
    return [*numbers, *[None] * (3 - len(numbers))]


def _rung(value: Any, name: str) -> list[str]:
    return [] if value is None else [f"@{name}", *["@filled"] * (value != "None")]


def _note(params: Params, result: Result, name: str, place: int) -> str:
    assert result.grads is not None and result.h is not None
    grad = result.grads[name]
    if grad is None:
        return f"{name}.grad is None"
    said = f"{name}.grad{f'[{place}]' * grad.dim()} = {grad.flatten()[place].item():.4g}"
    if name != "w" or params.in_place != "nothing":
        return said
    h, x = result.h[place].item(), result.x[place].item()
    slope = 2 * h if params.function == "h ** 2" else result.y[place].item()  # type: ignore[index]
    times, rule = added(params), SLOPES[params.function]
    return f"{said} = {times} × {rule} · x = {times} × {slope:.4g} × {x:g}"


def _facts(result: Result) -> Panel:
    outcome = f"a {result.error.partition(':')[0]}" if result.error else "no error"
    items = [("outcome", "backward() ends with", outcome)]
    if result.grads:
        names = filled(result)
        said = listing(names) if len(names) > 1 else f"{names[0]} alone" if names else "nothing"
        items = [
            ("w", "w.grad", text(result.grads["w"])),
            ("h", "h.grad", text(result.grads["h"])),
            ("b", "b.grad", text(result.grads["b"])),
            ("filled", "a .grad is in", said),
            *items,
        ]
    return veiled(Facts(items))


def _tensors(params: Params, result: Result) -> list[Panel]:
    if not (result.leaves and result.requires and result.grads):
        return []
    rows = [
        [name, _flag(leaf), _flag(result.requires[name]), text(result.grads[name])]
        for name, leaf in result.leaves.items()
    ]
    note = f"of the last forward pass, y = {params.function}, loss = {params.loss_is}"
    return [Table("tensors", ["tensor", "is_leaf", "requires_grad", ".grad"], rows, note=note, wide=True)]


def _flag(on: bool) -> tuple[str, str]:
    return str(on), "yes" if on else "muted"
