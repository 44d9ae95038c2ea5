"""Who loaded which batch when, where it waited, beside the training loop; what is read ahead; what the second epoch sees."""

from typing import Any

from figures.panels import Figure, Panel, bars, described, error, figure, grid, table
from lessons.workers import Params, Result

BINS = 32  # columns of the time axis
Span = tuple[int, list[float], str]  # batch, [start, end] in ms, what happens to it


def draw(params: Params, result: Result) -> Figure:
    if result.error:
        return figure([error("loader", result.error, where="iter(loader)")])
    return figure([_gantt(params, result)], [_fetched(params, result), _values(result)], [_epochs(params, result)])


def _gantt(params: Params, result: Result) -> Panel:
    """One row a process and one a place in the queue, one column a slice of time; a batch keeps its number and colour."""
    width = max(result.steps[-1][1], result.loads[-1][1]) / BINS
    lanes = {**_readers(params, result), **_queue(params, result, width), "loop": _loop(result)}
    rows: list[list[Any]] = [[None] * BINS for _ in lanes]
    notes = [[""] * BINS for _ in lanes]
    for lane, spans in enumerate(lanes.values()):
        for batch, span, told in spans:
            for at in _slices(span, width):
                rows[lane][at] = batch
                notes[lane][at] = f"{told}: {span[0]:.1f} to {span[1]:.1f} ms"
    waiting = [name.startswith("q") for name in lanes]
    legend = "; w: a worker loads, q: loaded and waiting in the queue" if params.num_workers else ""
    return grid(
        "The first epoch, as measured", rows, tensor=f"batch number, in slices of {width:.1f} ms{legend}",
        limit=1e9, digits=0,
        row_dim=None, col_dim=0, rows="process", cols="ms since iter(loader) was called", row_labels=list(lanes),
        col_labels=[f"{at * width:.0f}" if at % 4 == 0 else "" for at in range(BINS)], groups=rows, notes=notes, wide=True,
        keys=[["" if batch is None else f"batch-{batch}" for batch in row] for row in rows],
        marks=[["" if batch is None else "pad" if waits else "card" for batch in row] for row, waits in zip(rows, waiting, strict=True)],
        badge=f"{result.epochs[0]:.0f} ms",
    )  # fmt: skip


def _number(result: Result, place: int) -> int:
    """The batch that the loop got at this place, by its first sample."""
    return result.indices[place][0] // len(result.indices[place])


def _readers(params: Params, result: Result) -> dict[str, list[Span]]:
    names = [f"w{worker}" for worker in range(params.num_workers)] or ["load"]
    lanes: dict[str, list[Span]] = {name: [] for name in names}
    for place, worker in enumerate(result.worker):
        name, batch = names[max(worker, 0)], _number(result, place)
        lanes[name].append((batch, result.loads[place], f"{name} loads batch {batch}"))
    return lanes


def _queue(params: Params, result: Result, width: float) -> dict[str, list[Span]]:
    """Batches that are loaded and not yet asked for, each in the first place of the queue that is free."""
    lanes: dict[str, list[Span]] = {}
    spans = [[load[1], step[0]] for load, step in zip(result.loads, result.steps, strict=True)]
    for place in sorted(range(len(spans)), key=lambda place: spans[place][0]):
        if not params.num_workers or spans[place][1] - spans[place][0] < width:
            continue
        free = (
            name
            for name, taken in lanes.items()
            if set(_slices(taken[-1][1], width)).isdisjoint(_slices(spans[place], width))
        )
        batch = _number(result, place)
        lanes.setdefault(next(free, f"q{len(lanes)}"), []).append((batch, spans[place], f"batch {batch} waits"))
    return lanes


def _loop(result: Result) -> list[Span]:
    numbers = [_number(result, place) for place in range(len(result.steps))]
    return [
        (batch, span, f"the loop trains on batch {batch}") for batch, span in zip(numbers, result.steps, strict=True)
    ]


def _slices(span: list[float], width: float) -> range:
    """The slices that the span touches for the most part, at least the one in which it begins."""
    start = min(int(span[0] / width), BINS - 1)
    return range(start, min(max(round(span[1] / width), start + 1), BINS))


def _fetched(params: Params, result: Result) -> Panel:
    ahead = params.num_workers * params.prefetch_factor * params.batch_size
    labels = ["iter(loader)", *(f"next() {at}" for at in range(1, len(result.fetched)))]
    lines = [("num_workers · prefetch_factor · batch_size", ahead)] if params.num_workers else []
    return bars(
        "Samples handed out for reading, after", labels, result.fetched, digits=0, references=lines,
        limit=max(ahead, *result.fetched),
        keys=["", *(f"batch-{_number(result, place)}" for place in range(len(result.indices)))],
        notes=[f"{count} samples have left the sampler after {label}" for label, count in zip(labels, result.fetched, strict=True)],
    )  # fmt: skip


def _values(result: Result) -> Panel:
    seen = result.values.tolist()
    return grid(
        "values", result.values, tensor=described("values", result.values, ("epoch", "batch")), limit=9, digits=0, rows="epoch",
        cols="batch", marks=[["error" if epoch and value == 1 else "" for value in row] for epoch, row in enumerate(seen)],
        notes=[[f"epoch {epoch}: dataset.value was {value} at loading; set to 9 after epoch 0" for value in row] for epoch, row in enumerate(seen)],
        badge="stale copy" if 1 in seen[1] else "set to 9 after epoch 0",
    )  # fmt: skip


def _epochs(params: Params, result: Result) -> Panel:
    loading = sum(end - start for start, end in result.loads)
    training = sum(end - start for start, end in result.steps)
    first, second = result.epochs
    rows: list[list[Any]] = [
        ["loading, all batches of the first epoch", f"{loading:.0f} ms"],
        ["training steps, likewise", f"{training:.0f} ms"],
        ["one after the other", f"{loading + training:.0f} ms"],
        ["first epoch", (f"{first:.0f} ms", "yes" if first < loading + training else "warn")],
        ["second epoch", (f"{second:.0f} ms", "yes" if second < loading + training else "warn")],
        ["order of the batches", str([_number(result, place) for place in range(len(result.indices))])],
    ]
    note = "Times are measured on this machine, once, and kept for these settings; a busy machine takes longer."
    return table("Two epochs", ["", "measured"], rows, note=note, wide=True)
