"""What goes into the net, and what autograd saves at each batch_size; below the whole bill, at every batch_size."""

from typing import Any

from explorable.words import count
from figures.cells import Bar, Node
from figures.panels import Bars, Facts, Figure, Operator, Panel, Table, Tree, figure, veiled
from lessons.batch_memory import RECORDING, TRAINING, TWICE, Params, Result

MIB = 2**20


def draw(params: Params, result: Result) -> Figure:
    bars = [_by_size(params, result), _bill(params, result), _by_frozen(params, result)]
    decides = _decides(params)
    came = bars[decides]
    if decides:
        bars.pop(decides)
    else:
        came = _compared(params, result)
    return figure(
        hero=[[_step(params, result), _call(params), veiled(came)], [veiled(_facts(params, result))]],
        more=[
            bars,
            [_totals(params, result)],
            [_throughput(params, result)] if result.throughput else [],
            [_kept(params, result)],
            [_fits(params, result)],
        ],
    )


def _step(params: Params, result: Result) -> Panel:
    """The batches that are compared, an item a square, or the one that is set; and the net that reads them."""
    sizes = [params.batch_size] if _decides(params) else _sizes(params)
    shape = f"{params.length}, {params.width}) float32"
    batches = [
        Node(0, "x", facts=count(size, "item"), key=f"size-{size}", note=f"x is ({size}, {shape}", sizes=[size])
        for size in sizes
    ]
    mixing = [f"attention: {params.attention}"] if params.attention != "none" else []
    parts = " → ".join([*mixing, "LayerNorm", "Linear", "ReLU", "Dropout", "Linear"])
    block = Node(1, "Block", facts=parts, key="weights", times=params.layers, note=f"{result.weights} bytes of weights")
    said = [
        f"frozen: {params.frozen if params.mode in RECORDING else 'nothing'}",
        f"optimizer: {params.optimizer if params.mode in TRAINING else 'not used'}",
    ]
    return Tree("What goes in", [*batches, Node(0, "net"), block], note="; ".join(said) if _decides(params) else "")


def _sizes(params: Params) -> list[int]:
    """The batch sizes that are compared: those that are asked for, and the one that is set."""
    return sorted({8, 16, params.batch_size})


def _call(params: Params) -> Panel:
    """The forward pass, which saves; with what the drawn bars need beyond it."""
    said = {"train": "", "checkpoint": "with checkpoints"}.get(params.mode, params.mode)
    net = [count(params.layers, "block"), "" if params.attention == "none" else params.attention]
    return Operator("y = net(x)", ", ".join(filter(None, [*net, "then one step" if _decides(params) == 1 else said])))


def _parts(result: Result) -> dict[str, int]:
    return {
        "weights": result.weights,
        "gradients": result.gradients,
        "optimizer state": result.state,
        "activations": result.activations,
    }


def _decides(params: Params) -> int:
    """What the settings are about: 0 what a larger batch saves, 1 what AdamW holds, 2 what is frozen."""
    if params.frozen != "nothing" and params.mode in RECORDING:
        return 2
    return int(params.optimizer == "AdamW" and params.mode in TRAINING)


def _compared(params: Params, result: Result) -> Panel:
    """The weights, once, and the bytes that autograd saves for each batch that is compared, with lines at multiples of those for 8 items."""
    once = result.by_size[8] / MIB
    lines = [(f"×{size // 8}", size / 8 * once) for size in _sizes(params) if size % 8 == 0 and once]
    same = f"{result.weights} bytes, whatever the batch: backward() reads them where they are"
    saved = [
        _saved_at(params, result, f"activations, {count(size, 'item')}", size, result.by_size[size])
        for size in _sizes(params)
    ]
    return Bars(
        "after y = net(x), in memory", [Bar("weights, already there", result.weights / MIB, same, "weights", "quiet"), *saved],
        unit="MiB", digits=2, references=lines, named=bool(lines), wide=True,
    )  # fmt: skip


def _by_size(params: Params, result: Result) -> Panel:
    bars = [_saved_at(params, result, f"batch_size {size}", size, kept) for size, kept in result.by_size.items()]
    return Bars("Saved for backward at each batch_size", bars, unit="MiB", digits=2)


def _saved_at(params: Params, result: Result, label: str, size: int, kept: int) -> Bar:
    keys = [f"size-{size}", *["@double"] * (size == 16), *["@graph"] * (size == params.batch_size)]
    return Bar(label, kept / MIB, f"{kept} bytes saved at batch_size {size}", keys)


def _bill(params: Params, result: Result) -> Panel:
    more = {"activations": f" = {params.batch_size} · {result.per_item} bytes"}
    compared = ("gradients", "optimizer state")
    shown = [
        Bar(name, size / MIB, f"{name}: {size} bytes{more.get(name, '')}", [name.replace(" ", "-"), *["@state"] * (name in compared)])
        for name, size in _parts(result).items()
    ]  # fmt: skip
    title = f"Bill at batch_size {params.batch_size}, counted on the {result.counted_on.upper()}"
    return Bars(title, shown, unit="MiB", digits=2)


def _facts(params: Params, result: Result) -> Panel:
    items = [
        ("double", "saved for backward(), 8 to 16 items", _double(result)),
        ("graph", "y.grad_fn", _graph(result)),
        ("state", "optimizer state, to gradients", _state(result)),
        ("fits", f"the bill, in {params.budget} MiB", "fits" if _is_within(params, result.total) else "does not fit"),
    ]
    if params.frozen != "nothing" and params.mode in RECORDING:
        items.append(("half", "half to freeze, to save less", _half(result)))
    return Facts(items)


def _double(result: Result) -> str:
    if not result.doubled:
        return "nothing at both"
    return TWICE if result.doubled == 2 else f"×{round(result.doubled, 3):g}"


def _graph(result: Result) -> str:
    if not result.recorded:
        return "None"
    return "a graph with saved tensors" if result.activations else "a graph without saved tensors"


def _state(result: Result) -> str:
    times = round(result.state / result.gradients) if result.gradients else 0
    return {0: "empty", 1: "as large"}.get(times, f"{times} times as large")


def _half(result: Result) -> str:
    first, last = result.by_frozen["first half"], result.by_frozen["last half"]
    if first == last:
        return "neither: both the same"
    return f"the {'first' if first < last else 'last'} half"


def _is_within(params: Params, size: int) -> bool:
    return size <= params.budget * MIB


def _totals(params: Params, result: Result) -> Panel:
    """The whole bill at every batch_size that was measured, the chosen one among them."""
    totals = [
        Bar(str(size), (result.fixed + kept) / MIB, _told(params, result.fixed, kept), mark=_lit(size == params.batch_size))
        for size, kept in result.by_size.items()
    ]  # fmt: skip
    return Bars(
        "Whole bill by batch_size", totals, unit="MiB", digits=2, wide=True, references=[("budget", params.budget)],
        limit=max(params.budget, *(bar.value for bar in totals)),
    )  # fmt: skip


def _lit(chosen: bool) -> str:
    return "lit" if chosen else ""


def _told(params: Params, fixed: int, saved: int) -> str:
    within = f"{'within' if _is_within(params, fixed + saved) else 'over'} {params.budget} MiB"
    return f"{fixed} fixed + {saved} saved = {fixed + saved} bytes, {within}"


def _by_frozen(params: Params, result: Result) -> Panel:
    """The bytes saved for one item, for everything that can be frozen."""
    sizes = [
        Bar(part, size / MIB, f"frozen: {part}; {size} bytes", [part.replace(" ", "-"), *["@half"] * part.endswith("half")], _lit(part == params.frozen))
        for part, size in result.by_frozen.items()
    ]  # fmt: skip
    return Bars(f"Saved for one item in {params.mode} mode, by what is frozen", sizes, unit="MiB")


def _kept(params: Params, result: Result) -> Panel:
    rows = [[shape, times, size] for shape, times, size in result.kept] or [["nothing", 0, 0]]
    return Table(
        "kept: what the graph holds for backward()", ["tensor", "how many", "bytes of their storages"], rows,
        badge=params.mode, note="A Linear saves its input with the batch and the positions flattened into one axis. Parameters "
        f"are not counted. Counted on the {result.counted_on.upper()}: on another device an operator may save other tensors, such "
        "as a mask of bool.",
    )  # fmt: skip


def _fits(params: Params, result: Result) -> Panel:
    most = "no limit" if result.max_batch is None else str(result.max_batch)
    fits = _is_within(params, result.total)
    rows: list[list[Any]] = [
        ["fixed: weights + gradients + state", result.fixed],
        ["a: saved for one item", result.per_item],
        ["fixed + a · batch_size", result.total],
        ["budget", params.budget * MIB],
        ["this batch fits", ("yes", "yes") if fits else ("no", "warn")],
        ["largest batch: (budget - fixed) // a", (most, "yes" if result.max_batch != 0 else "warn")],
        ["peak measured on the GPU", result.peak if result.peak is not None else ("there is no GPU here", "muted")],
    ]
    note = "Bytes. What an operator needs only while it runs is in the peak, not in the bill."
    return Table("What fits", ["", "value"], rows, note=note, lit=[5])


def _throughput(params: Params, result: Result) -> Panel:
    def told(size: int, rate: float) -> str:
        return f"{size} items in {1000 * size / rate:.2f} ms; {rate / size:.1f} steps a second"

    speed = [
        Bar(str(size), rate, told(size, rate), mark=_lit(size == params.batch_size))
        for size, rate in (result.throughput or {}).items()
    ]
    title = f"Items a second by batch_size, measured on {result.device}"
    return Bars(title, speed, unit="items/s", digits=0, wide=True)
