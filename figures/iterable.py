"""What each worker reads, how the batches take turns, and what arrives twice, never or out of order."""

from dataclasses import replace
from typing import Any

from explorable.words import count
from figures.cells import Cell, cells_of
from figures.panels import Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, veiled
from lessons.iterable import Params, Result, once

MOST = 6  # cells that are ringed at most


def draw(params: Params, result: Result) -> Figure:
    readers = f"num_workers={params.num_workers}" if params.num_workers else "num_workers=0"
    call = Operator(f"DataLoader({readers})", f"of a stream of {count(params.n, 'item')}")
    batches = [veiled(_batches(params, result))] if result.batches else [veiled(_pipes(params, result))]
    processes = [_processes(result)] if result.arrived else []
    return figure(
        hero=[[_stream(params, result), call], batches, [_facts(result)]],
        more=[
            [_pipes(params, result)] if result.batches else [],
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


def _card(i: int, note: str = "", sub: str = "", mark: str = "card") -> Cell:
    """A cell that shows which item it is: its number, and one colour wherever it appears."""
    return Cell(i, note, f"item-{i}", sub, mark, group=i)


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
        digits=0, row_dim=None, col_dim=0, row_labels=[""], wide=True, badge="what __iter__ goes through",
    )  # fmt: skip


def _pipes(params: Params, result: Result) -> Panel:
    longest = max(map(len, result.read))
    cells = [
        [*_read(params, _reader(params, worker), row), *[EMPTY] * (longest - len(row))]
        for worker, row in enumerate(result.read)
    ]
    return Grid(
        "What each reader's __iter__ yields", cells, tensor=f"read, a list of {len(cells)} lists of up to {longest} int", limit=1e9,
        digits=0, row_dim=None, col_dim=0, row_labels=[_reader(params, worker) for worker in range(len(cells))], rows="worker",
        cols="position in its stream", badge=f"sharding: {params.sharding}", wide=True,
    )  # fmt: skip


def _reader(params: Params, worker: int) -> str:
    return f"w{worker}" if params.num_workers else "main"


def _read(params: Params, reader: str, row: list[int]) -> list[Cell]:
    size = params.batch_size
    kept = len(row) - len(row) % size if params.drop_last else len(row)

    def card(at: int, item: int) -> Cell:
        goes = f"goes into its batch {at // size}" if at < kept else f"is dropped: no full batch of {size}"
        told = f"{reader} yields item {item} at position {at}; it {goes}"
        return _card(item, told, f"b{at // size}", "card" if at < kept else "dropped")

    return [card(at, item) for at, item in enumerate(row)]


def _batches(params: Params, result: Result) -> Panel:
    """One column a batch, in the order in which the training loop gets them."""
    widest = max(map(len, result.batches))
    again, last = _again(result), len(result.batches) - 1

    def card(at: int, place: int, i: int) -> Cell:
        keys = ["@first"] * (at == 0) + ["@delivered"] * (at == again) + ["@length"] * (at == last)
        return replace(_card(i), key=[f"item-{i}", *keys[: 3 * (place < MOST)]])

    columns = [
        [*(card(at, place, i) for place, i in enumerate(batch.tolist())), *[EMPTY] * (widest - len(batch))]
        for at, batch in enumerate(result.batches)
    ]
    return Grid(
        "Batches, in the order of the loop", [*zip(*columns, strict=True)], limit=1e9, digits=0, row_dim=None, col_dim=0,
        tensor=f"batches, a list of {len(columns)} int64 cpu tensors of up to {widest}", rows="place in the batch",
        cols="batch, by its worker", col_labels=[_reader(params, worker) for worker in result.source], wide=True,
        badge="one column a batch",
    )  # fmt: skip


def _again(result: Result) -> int | None:
    """The first batch with an item that has come before."""
    seen: set[int] = set()
    for at, batch in enumerate(result.batches):
        if seen & (items := set(batch.tolist())):
            return at
        seen |= items
    return None


def _processes(result: Result) -> Panel:
    pairs = list(zip(result.batches, result.arrived or [], strict=False))
    rows = [[at, str(here.tolist()), str(real.tolist()), _same(here, real)] for at, (here, real) in enumerate(pairs)]
    return Table(
        "Computed and delivered", ["batch", "computed here", "from worker processes", ""], rows, wide=True,
        note=f"{count(len(result.arrived or []), 'batch')} came out of real processes, {len(result.batches)} were computed.",
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
