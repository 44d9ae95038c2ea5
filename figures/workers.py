"""What is handed out when iter(loader) returns; who loaded which batch when, and what the lines of a file or the second epoch say."""

from typing import Any

from explorable.words import count
from figures.cells import Bar, Cell, Span, cells_of
from figures.panels import (
    Bars,
    Error,
    Fact,
    Facts,
    Figure,
    Grid,
    Lanes,
    Operator,
    Panel,
    Table,
    described,
    figure,
    veiled,
)
from lessons.workers import NO_FILE, Params, Result, number, place_of_sample_0, shares_position, strangers

MOST = 6  # cells that are ringed at most


def draw(params: Params, result: Result) -> Figure:
    call = Operator("iter(loader)", _loader(params))
    if result.error:
        return figure(hero=[[_given(params), call, veiled(Error("loader", result.error, where="iter(loader)"))]])
    epoch = _epoch(params, result)
    seen = _decides(params, result, epoch)
    return figure(
        hero=[[_given(params), call, veiled(seen)], [_facts(params, result)]],
        more=[
            [] if seen is epoch else [epoch],
            [_fetched(params, result), _values(result)],
            [_epochs(params, result)],
        ],
    )


def _decides(params: Params, result: Result, epoch: Panel) -> Panel:
    """What the settings are about: the file, the second epoch, the time, or what is handed out ahead."""
    if params.reads != NO_FILE:
        return _lines(result)
    if params.persistent_workers and params.num_workers:
        return _seen_values(result)
    timed = params.first > 1 or not params.in_order or not params.load or not params.step
    return epoch if timed else _handed(params, result)


def _given(params: Params) -> Panel:
    """The samples of each batch, as the sampler gives them."""
    samples = [[batch * params.batch_size + at for at in range(params.batch_size)] for batch in range(6)]
    cells = cells_of(samples, key=lambda _, batch, at: f"batch-{batch}", group=lambda _, batch, at: batch, mark="card")
    return Grid(
        "6 batches", cells, tensor="samples, as the sampler gives them", limit=1e9, digits=0, signed=False, labels=False,
        row_dim=None, col_dim=None,
    )  # fmt: skip


def _loader(params: Params) -> str:
    """How the loader was made."""
    ahead = f" prefetch_factor={params.prefetch_factor}," if params.num_workers else ""
    return f"num_workers={params.num_workers},{ahead} batch_size={params.batch_size}"


def _handed(params: Params, result: Result) -> Panel:
    """The queue of each worker when iter(loader) returns, without workers nothing; and below what nobody has been asked for yet."""
    ready = result.fetched[0] // params.batch_size
    readers = {number(result, place): worker for place, worker in enumerate(result.worker)}
    queues = [[batch for batch in range(ready) if readers[batch] == worker] for worker in range(params.num_workers)]
    longest = max(map(len, queues), default=1)
    cells = [
        [*(_batch(params, worker, batch) for batch in queue), *[Cell(None, key="")] * (longest - len(queue))]
        for worker, queue in enumerate(queues)
    ]
    names = [f"worker {worker}" for worker in range(params.num_workers)]
    if not queues:
        names, cells = ["the loop"], [[Cell("no sample", "each next() reads its own batch", "@handed")]]
    if left := len(readers) - ready:
        names, cells = [*names, "not yet"], [*cells, [_left(params, ready, left)]]
    return Grid(
        _requested(params), cells, tensor="samples, one cell a batch", limit=1e9, row_dim=None,
        col_dim=None, row_labels=names, label_width=70, wide=True, badge="" if left else "all batches",
        col_labels=[f"{which} batch" for which in ("1st", "2nd", "3rd")[:longest]] if queues else [""],
        col_groups=[(f"prefetch_factor={params.prefetch_factor}", longest)] if left and queues else None,
    )  # fmt: skip


def _left(params: Params, ready: int, left: int) -> Cell:
    """The batches that no worker has been asked for, as one cell."""
    first, last = ready * params.batch_size, (ready + left) * params.batch_size - 1
    keys = [f"batch-{batch}" for batch in range(ready, ready + left)]
    return Cell(f"{count(left, 'batch')}: {first} … {last}", "requested or read by a later next()", keys)


def _batch(params: Params, worker: int, batch: int) -> Cell:
    samples = [batch * params.batch_size + at for at in range(params.batch_size)]
    told = f"batch {batch}, samples {samples}, is requested from worker {worker}"
    text = ", ".join(map(str, samples)) if len(samples) < 4 else f"{samples[0]} … {samples[-1]}"
    return Cell(text, told, [f"batch-{batch}", "@handed"], mark="card", group=batch)


def _epoch(params: Params, result: Result) -> Panel:
    """One lane a process, and one a place in the queue; a batch keeps its number and colour."""
    end = max(result.epochs[0], result.steps[-1][1], result.loads[-1][1])
    queue = [(f"ready {place}", spans) for place, spans in enumerate(_queue(params, result, end / 100), 1)]
    rows = [*_readers(params, result).items(), *queue, ("loop", _loop(result))]
    return Lanes("the first epoch, as measured", rows, end=end, unit="ms")


def _span(batch: int, span: list[float], kind: str, told: str, ringed: str = "") -> Span:
    start, end = span
    return Span(start, end, f"{batch}", kind, f"batch-{batch}{ringed}", f"{told}: {start:.1f} to {end:.1f} ms")


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
        _span(batch, span, "trains", f"the loop trains on batch {batch}", "" if place else " @place")
        for place, (batch, span) in enumerate(zip(numbers, result.steps, strict=True))
    ]


def _facts(params: Params, result: Result) -> Panel:
    loading, training = (sum(end - start for start, end in spans) for spans in (result.loads, result.steps))
    items: list[Fact] = [
        ("handed", _requested(params), count(result.fetched[0], "sample"), _factors(params, result)),
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


def _requested(params: Params) -> str:
    return f"{'requested' if params.num_workers else 'read'} when iter(loader) returns"


def _factors(params: Params, result: Result) -> str:
    """What the number of samples that are handed out is a product of."""
    if not params.num_workers:
        return ""
    asked = params.num_workers * params.prefetch_factor
    batches = f"{params.num_workers} × {params.prefetch_factor}" if asked <= len(result.worker) else "all"
    return f"{batches} batches × {params.batch_size}"


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
    return Bars("Samples requested, after", shown, digits=0, references=lines, limit=max(ahead, *result.fetched))


def _lines(result: Result) -> Panel:
    """The line that each sample got, one row a batch."""
    pairs = zip(sum(result.indices, []), sum(result.lines, []), strict=True)
    wrong = [index for index, line in pairs if line != index][:MOST]
    cells = cells_of(
        result.lines,
        result.indices,
        key=lambda line, index, *_: [f"sample-{index}", *["@shared"] * (index in wrong)],
        mark=lambda line, index, *_: "" if line == index else "error",
        note=lambda line, index, *_: f"sample {index} got line {line}",
    )
    return Grid(
        "the line that each sample got", cells, tensor="framed: the line of another sample", limit=1e9, digits=0, signed=False,
        row_labels=[f"batch {number(result, place)}" for place in range(len(cells))], label_width=62, row_dim=None, col_dim=None,
        col_labels=[""] * len(cells[0]),
    )  # fmt: skip


def _seen_values(result: Result) -> Panel:
    """dataset.value as the worker of each batch saw it, in both epochs."""
    cells = cells_of(
        result.values,
        key=lambda value, epoch, batch: [f"{epoch},{batch}", *["@second"] * epoch],
        mark=lambda value, epoch, batch: "error" if epoch and value == 1 else "",
        note=lambda value, epoch, batch: f"epoch {epoch}: dataset.value was {value} at loading; set to 9 after epoch 0",
    )
    return Grid(
        "dataset.value as each batch saw it", cells, tensor=described("values", result.values, ("epoch", "batch")), limit=9, digits=0,
        signed=False, row_labels=["epoch 0", "epoch 1"], label_width=70, cols="batch", row_dim=None, col_dim=None,
        badge="set to 9 after epoch 0",
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
