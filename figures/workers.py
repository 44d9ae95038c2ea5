"""Who loaded which batch when, where it waited, beside the training loop; what is read ahead; what the second epoch sees."""

from typing import Any

from explorable.words import count
from figures.cells import Bar, Span, cells_of
from figures.panels import Bars, Error, Facts, Figure, Grid, Lanes, Operator, Panel, Table, described, figure, veiled
from lessons.workers import NO_FILE, Params, Result, number, place_of_sample_0, shares_position, strangers


def draw(params: Params, result: Result) -> Figure:
    call = Operator(f"DataLoader(num_workers={params.num_workers})", _ahead(params))
    if result.error:
        return figure(hero=[[_given(params), call, veiled(Error("loader", result.error, where="iter(loader)"))]])
    return figure(
        hero=[[_given(params), call, veiled(_epoch(params, result))], [_facts(params, result)]],
        more=[
            [_lines(result)] if params.reads != NO_FILE else [],
            [_fetched(params, result), _values(result)],
            [_epochs(params, result)],
        ],
    )


def _given(params: Params) -> Panel:
    """The samples of each batch, as the sampler gives them."""
    samples = [[batch * params.batch_size + at for at in range(params.batch_size)] for batch in range(6)]
    cells = cells_of(samples, key=lambda _, batch, at: f"batch-{batch}", group=lambda _, batch, at: batch)
    return Grid(
        "6 batches", cells, tensor="samples, as the sampler gives them", limit=1e9, digits=0, signed=False, labels=False,
        row_dim=None, col_dim=None,
    )  # fmt: skip


def _ahead(params: Params) -> str:
    if not params.num_workers:
        return "the training loop loads"
    return f"prefetch_factor={params.prefetch_factor}, batch_size={params.batch_size}"


def _epoch(params: Params, result: Result) -> Panel:
    """One lane a process, and one a place in the queue; a batch keeps its number and colour."""
    end = max(result.steps[-1][1], result.loads[-1][1])
    queue = [(f"ready {place}", spans) for place, spans in enumerate(_queue(params, result, end / 100), 1)]
    rows = [*_readers(params, result).items(), *queue, ("loop", _loop(result))]
    return Lanes("the first epoch, as measured", rows, end=end, unit="ms", badge=f"{result.epochs[0]:.0f} ms")


def _span(batch: int, span: list[float], kind: str, told: str) -> Span:
    start, end = span
    return Span(start, end, f"{batch}", kind, f"batch-{batch}", f"{told}: {start:.1f} to {end:.1f} ms")


def _readers(params: Params, result: Result) -> dict[str, list[Span]]:
    names = [f"worker {worker}" for worker in range(params.num_workers)] or ["reading"]
    found: dict[str, list[Span]] = {name: [] for name in names}
    for place, worker in enumerate(result.worker):
        name, batch = names[max(worker, 0)], number(result, place)
        who = name if params.num_workers else "the loop"
        found[name].append(_span(batch, result.loads[place], "loads", f"{who} loads batch {batch}"))
    return found


def _queue(params: Params, result: Result, shortest: float) -> list[list[Span]]:
    """Batches that are loaded and wait for at least `shortest` ms, each in the first place of the queue that is free."""
    found: list[list[Span]] = []
    spans = [[load[1], step[0]] for load, step in zip(result.loads, result.steps, strict=True)]
    for place in sorted(range(len(spans)), key=lambda place: spans[place][0]) if params.num_workers else []:
        if spans[place][1] - spans[place][0] < shortest:
            continue
        free = next((taken for taken in found if taken[-1][1] <= spans[place][0]), None)
        if free is None:
            found.append(free := [])
        free.append(
            _span(number(result, place), spans[place], "waits", f"batch {number(result, place)} is loaded and waits")
        )
    return found


def _loop(result: Result) -> list[Span]:
    numbers = [number(result, place) for place in range(len(result.steps))]
    return [
        _span(batch, span, "trains", f"the loop trains on batch {batch}")
        for batch, span in zip(numbers, result.steps, strict=True)
    ]


def _facts(params: Params, result: Result) -> Panel:
    loading, training = (sum(end - start for start, end in spans) for spans in (result.loads, result.steps))
    items = [
        ("handed", "handed out when iter(loader) returns", count(result.fetched[0], "sample")),
        ("place", "the loop gets first", f"batch {number(result, 0)}"),
        ("second", "dataset.value in the second epoch", _seen(result)),
        ("apart", "loading and training, added up", f"{loading + training:.0f} ms"),
    ]
    if params.reads != NO_FILE:
        items[1:1] = [
            ("shared", "processes share", "the position in the file" if shares_position(params, result) else "nothing"),
            ("strangers", "got another's line", f"{strangers(result)} of {count(result.fetched[-1], 'sample')}"),
        ]
    if params.first > 1:
        items.insert(2, ("slow", "the batch of sample 0 comes", f"at place {place_of_sample_0(result)}"))
    return veiled(Facts(items))


def _seen(result: Result) -> str:
    seen = set(result.values[1].tolist())
    return {1: "1, the old value", 9: "9, the new value"}[seen.pop()] if len(seen) == 1 else "both values"


def _fetched(params: Params, result: Result) -> Panel:
    ahead = params.num_workers * params.prefetch_factor * params.batch_size
    lines = [("num_workers · prefetch_factor · batch_size", ahead)] if params.num_workers else []

    def bar(at: int, taken: int) -> Bar:
        label, key = (f"next() {at}", f"batch-{number(result, at - 1)}") if at else ("iter(loader)", "")
        return Bar(label, taken, f"{count(taken, 'sample')} left the sampler by {label}", key=key)

    shown = [bar(at, taken) for at, taken in enumerate(result.fetched)]
    return Bars(
        "Samples handed out for reading, after", shown, digits=0, references=lines, limit=max(ahead, *result.fetched)
    )


def _lines(result: Result) -> Panel:
    """The line that each sample got, one row a batch."""
    cells = cells_of(
        result.lines,
        result.indices,
        mark=lambda line, index, *_: "" if line == index else "error",
        note=lambda line, index, *_: f"sample {index} got line {line}",
    )
    return Grid(
        "lines", cells, tensor="the line that each sample got", limit=99, digits=0, signed=False, rows="batch", cols="sample",
        row_labels=[str(number(result, place)) for place in range(len(cells))],
    )  # fmt: skip


def _values(result: Result) -> Panel:
    cells = cells_of(
        result.values,
        mark=lambda value, epoch, batch: "error" if epoch and value == 1 else "",
        note=lambda value, epoch, batch: f"epoch {epoch}: dataset.value was {value} at loading; set to 9 after epoch 0",
    )
    return Grid(
        "values", cells, tensor=described("values", result.values, ("epoch", "batch")), limit=9, digits=0, rows="epoch",
        cols="batch", badge="stale copy" if 1 in result.values[1].tolist() else "set to 9 after epoch 0",
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
        ["order of the batches", str([number(result, place) for place in range(len(result.indices))])],
    ]
    note = "Times are measured on this machine, once, and kept for these settings; a busy machine takes longer."
    return Table("Two epochs", ["", "measured"], rows, note=note, wide=True)
