"""The bill of one training step, what it comes to at every batch_size, and the tensors that autograd keeps."""

from typing import Any

from figures.charts import LINES, look
from figures.panels import Figure, Panel, bars, chart, figure, table
from lessons.batch_memory import Params, Result

MIB = 2**20


def draw(params: Params, result: Result) -> Figure:
    return figure(
        [_bill(params, result), _totals(params, result)],
        [_throughput(params, result)] if result.throughput else [],
        [_facts(params, result), _kept(params, result)],
        [_stacked(params, result)],
    )


def _parts(params: Params, result: Result) -> dict[str, int]:
    return {
        "weights": result.weights,
        "gradients": result.gradients,
        "optimizer state": result.state,
        "activations": result.activations,
    }


def _bill(params: Params, result: Result) -> Panel:
    parts = _parts(params, result)
    notes = [f"{name}: {size} bytes" for name, size in parts.items()]
    notes[-1] += f" = {params.batch_size} items · {result.per_item} bytes"
    return bars(
        f"Bill at batch_size {params.batch_size}", list(parts), [size / MIB for size in parts.values()], unit="MiB", digits=2,
        notes=notes, keys=[name.replace(" ", "-") for name in parts],
    )  # fmt: skip


def _totals(params: Params, result: Result) -> Panel:
    """The whole bill at every batch_size that was measured, the chosen one among them."""
    saved = dict(sorted({**result.by_size, params.batch_size: result.activations}.items()))
    totals = [(result.fixed + size) / MIB for size in saved.values()]
    return bars(
        "Whole bill by batch_size", [str(size) for size in saved], totals, unit="MiB", digits=2, wide=True,
        limit=max(*totals, params.budget), references=[("budget", params.budget)],
        marks=["lit" if size == params.batch_size else "" for size in saved],
        notes=[
            f"{result.fixed} fixed + {size} saved = {result.fixed + size} bytes, {_within(params, result.fixed + size)}"
            for size in saved.values()
        ],
    )  # fmt: skip


def _within(params: Params, size: int) -> str:
    return f"{'within' if size <= params.budget * MIB else 'over'} {params.budget} MiB"


def _facts(params: Params, result: Result) -> Panel:
    most = "no limit" if result.max_batch is None else str(result.max_batch)
    fits = result.total <= params.budget * MIB
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
    return table("What fits", ["", "value"], rows, note=note, lit=[5])


def _throughput(params: Params, result: Result) -> Panel:
    speed = result.throughput or {}
    notes = [
        f"{size} items in {1000 * size / rate:.2f} ms; {rate / size:.1f} steps a second" for size, rate in speed.items()
    ]
    return bars(
        f"Items a second by batch_size, measured on {result.device}", [str(size) for size in speed], list(speed.values()),
        unit="items/s", digits=0, notes=notes, wide=True, marks=["lit" if size == params.batch_size else "" for size in speed],
    )  # fmt: skip


def _kept(params: Params, result: Result) -> Panel:
    rows = [[shape, times, size] for shape, times, size in result.kept] or [["nothing", 0, 0]]
    return table(
        "kept: what autograd saves for backward", ["tensor", "how many", "bytes of their storages"], rows, badge=params.mode,
        note="A Linear saves its input with the batch and the positions flattened into one axis. Parameters are not counted.",
    )  # fmt: skip


def _stacked(params: Params, result: Result) -> Panel:
    sizes = list(result.by_size)
    names = [f"B={size}" for size in sizes]  # categories, not numbers
    fixed = {"weights": result.weights, "gradients": result.gradients, "optimizer state": result.state}
    layers = {name: [size / MIB] * len(sizes) for name, size in fixed.items()}
    layers["activations"] = [size / MIB for size in result.by_size.values()]
    data: list[dict[str, Any]] = [
        {"type": "bar", "name": name, "x": names, "y": values, "marker": {"color": LINES[at]}}
        for at, (name, values) in enumerate(layers.items())
    ]
    budget = [params.budget] * len(sizes)
    line = {"color": LINES[4], "width": 2, "dash": "dash"}
    data.append({"type": "scatter", "mode": "lines", "name": "budget", "x": names, "y": budget, "line": line})
    rows = [[size, *(layers[name][at] for name in layers)] for at, size in enumerate(sizes)]
    alt = (
        f"Stacked bars in MiB: {result.fixed / MIB:.2f} of weights, gradients and optimiser state at every batch_size, and "
        f"activations from {layers['activations'][0]:.2f} at 1 to {layers['activations'][-1]:.2f} at {sizes[-1]}."
    )
    return chart(
        "The bill, stacked",
        {"data": data, "layout": {**look("batch_size", "MiB"), "barmode": "stack"}},
        alt=alt,
        columns=["batch_size", *layers],
        rows=rows,
    )
