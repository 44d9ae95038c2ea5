"""What each worker reads, how the batches take turns, and what arrives twice, never or out of order."""

from dataclasses import replace
from typing import Any

from explorable.words import count, one_of
from figures.cells import Cell, cells_of
from figures.panels import Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.iterable import Params, Result, once

MOST = 6  # cells that are ringed at most


def draw(params: Params, result: Result) -> Figure:
    call = Operator(f"DataLoader(num_workers={params.num_workers})", f"batches of {params.batch_size}")
    processes = [_processes(result)] if result.arrived else []
    return figure(
        hero=[
            [_stream(params, result)],
            [call, veiled(_pipes(params, result))],
            [_facts(result)],
        ],
        more=[
            [_batches(params, result)] if result.batches else [],
            processes,
            [_counts(params, result), *([_displacement(result)] if once(result) else [])],
        ],
    )


def _facts(result: Result) -> Panel:
    first = str(result.batches[0].tolist()) if result.batches else "none comes"
    items = [
        ("delivered", "the loop receives", count(len(result.received), "item")),
        ("lost", "the loop never receives", count(result.lost, "item") if result.lost else "none"),
        ("first", "the first batch", first),
        ("length", "batches, and len(loader)", f"{len(result.batches)}, and {result.length}"),
    ]
    return veiled(Facts(items))


def _sum(params: Params, result: Result) -> str:
    """What each worker delivers, as the sum that the loop receives: `12 + 12 = 24 items`."""
    sizes = [
        sum(len(batch) for batch, source in zip(result.batches, result.source, strict=True) if source == worker)
        for worker in range(params.num_workers)
    ]
    return f"{' + '.join(map(str, sizes))} = {count(sum(sizes), 'item')} for the loop" if len(sizes) > 1 else ""


def _card(i: int, note: str = "", mark: str = "card") -> Cell:
    """A cell that shows which item it is: its number, and one colour wherever it appears."""
    return Cell(i, note, f"item-{i}", mark=mark, group=i)


EMPTY = Cell(None, key="")


def _stream(params: Params, result: Result) -> Panel:
    """What __iter__ goes through, before anybody asks who reads it; ringed is what never arrives."""
    lost = [i for i, times in enumerate(result.counts.tolist()) if not times][:MOST]
    cards = [
        replace(_card(i, f"item {i} of the stream"), key=[f"item-{i}", *["@lost"] * (i in lost)])
        for i in range(params.n)
    ]
    return Grid(
        "the stream", [cards], tensor=f"range({params.n})", limit=1e9,
        digits=0, row_dim=None, col_dim=0, labels=False, wide=True, badge="what __iter__ goes through",
    )  # fmt: skip


def _pipes(params: Params, result: Result) -> Panel:
    longest = max(map(len, result.read))
    cells = [
        [*_read(params, result, worker, row), *[EMPTY] * (longest - len(row))] for worker, row in enumerate(result.read)
    ]
    again = {worker for worker, _ in _again(result)}
    readers = [f"worker {worker}{', again' * (worker in again)}" for worker in range(len(cells))]
    size = params.batch_size
    whole, rest = divmod(longest, size)
    batches = [(_over(at, size), size) for at in range(whole)]
    return Grid(
        "what each worker reads" if params.num_workers else "what the main process reads", cells, limit=1e9, digits=0,
        tensor=f"sharding: {params.sharding}", row_dim=None, badge=_sum(params, result), col_dim=0,
        row_labels=readers if params.num_workers else ["main process"], label_width=112 if again else 84,
        col_labels=[""] * longest, col_groups=[*batches, *[(_over(whole, rest), rest)] * (rest > 0)],
        wide=True,
    )  # fmt: skip


def _over(batch: int, columns: int) -> str:
    """The name of a batch of each reader over so many columns, as long as there is room."""
    return f"{'its batch ' if columns > 2 else 'batch ' if columns > 1 else ''}{batch}"


def _reader(params: Params, worker: int) -> str:
    return f"w{worker}" if params.num_workers else "main"


def _read(params: Params, result: Result, worker: int, row: list[int]) -> list[Cell]:
    size, reader = params.batch_size, _reader(params, worker)
    kept = len(row) - len(row) % size if params.drop_last else len(row)
    again = _again(result)

    def card(at: int, item: int) -> Cell:
        goes = f"goes into its batch {at // size}" if at < kept else f"is dropped: no full batch of {size}"
        told = f"{reader} yields item {item} at position {at}; it {goes}"
        keys = [f"item-{item}", *rings(at)] if at < kept else f"item-{item}"
        return replace(_card(item, told, "card" if at < kept else "dropped"), key=keys)

    def rings(at: int) -> list[str]:
        first = worker == result.source[0] and at < min(size, MOST)
        last = worker == result.source[-1] and at >= kept - len(result.batches[-1][:MOST])
        return ["@first"] * first + ["@delivered"] * ((worker, at) in again) + ["@length"] * last

    return [card(at, item) for at, item in enumerate(row)]


def _batches(params: Params, result: Result) -> Panel:
    """One column a batch, in the order in which the training loop gets them."""
    widest = max(map(len, result.batches))
    columns = [[*map(_card, batch.tolist()), *[EMPTY] * (widest - len(batch))] for batch in result.batches]
    return Grid(
        "Batches, in the order of the loop", [*zip(*columns, strict=True)], limit=1e9, digits=0, row_dim=None, col_dim=0,
        tensor=f"batches, a list of {len(columns)} int64 cpu tensors of up to {widest}", rows="place in the batch",
        cols="batch, by its worker", col_labels=[_reader(params, worker) for worker in result.source], wide=True,
        badge="one column a batch",
    )  # fmt: skip


def _again(result: Result) -> list[tuple[int, int]]:
    """Worker and position of the items that a worker before it reads too."""
    seen: set[int] = set()
    places = []
    for worker, row in enumerate(result.read):
        places += [(worker, at) for at, item in enumerate(row) if item in seen]
        seen.update(row)
    return places


def _processes(result: Result) -> Panel:
    pairs = list(zip(result.batches, result.arrived or [], strict=False))
    rows = [[at, str(here.tolist()), str(real.tolist()), _same(here, real)] for at, (here, real) in enumerate(pairs)]
    return Table(
        "Computed and delivered", ["batch", "computed here", "from worker processes", ""], rows, wide=True,
        note=f"{count(len(result.arrived or []), 'batch')} came out of real processes, "
        f"{len(result.batches)} {one_of(len(result.batches), 'was', 'were')} computed.",
    )  # fmt: skip


def _same(here: Any, real: Any) -> tuple[str, str]:
    return ("equal", "yes") if here.tolist() == real.tolist() else ("differs", "warn")


def _counts(params: Params, result: Result) -> Panel:
    counts = result.counts.tolist()
    cells = cells_of(
        [counts],
        key=lambda times, row, i: f"item-{i}",
        mark=lambda times, row, i: "error" if times == 0 else "new" if times > 1 else "",
        note=lambda times, row, i: f"item {i} was delivered {count(times, 'time')}",
    )
    return Grid(
        "counts", cells, tensor=described("counts", result.counts, ("item",)), limit=max(*counts, 1), digits=0,
        row_dim=None, col_dim=0, row_labels=[""], cols="item", wide=True, badge="deliveries of each item",
    )  # fmt: skip


def _displacement(result: Result) -> Panel:
    cells = cells_of(
        [result.displacement],
        [result.received],
        key=lambda shift, i, row, at: f"item-{i}",
        sub=lambda shift, i, row, at: f"item {i}",
        note=lambda shift, i, row, at: f"item {i} came at position {at}: {i} - {at} = {shift}",
    )
    return Grid(
        "displacement", cells, tensor=described("displacement", result.displacement, ("position",)), digits=0,
        limit=limit(result.displacement), row_dim=None, col_dim=0, row_labels=[""], cols="position in the loop",
        badge="item - position", wide=True,
    )  # fmt: skip
