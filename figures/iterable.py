"""What each worker reads, how the batches take turns, and what arrives twice, never or out of order."""

from typing import Any

from explorable.words import count
from figures.panels import Figure, Panel, described, facts, figure, grid, limit, operator, table, veiled
from lessons.iterable import Params, Result, once


def draw(params: Params, result: Result) -> Figure:
    readers = f"num_workers={params.num_workers}" if params.num_workers else "num_workers=0"
    call = operator(f"DataLoader({readers})", f"of a stream of {count(params.n, 'item')}")
    batches = [veiled(_batches(params, result))] if result.batches else []
    processes = [_processes(result)] if result.arrived else []
    return figure(
        hero=[[call, veiled(_pipes(params, result))], batches, [_facts(result)]],
        more=[processes, [_counts(params, result), *([_displacement(result)] if once(result) else [])]],
    )


def _facts(result: Result) -> Panel:
    first = str(result.batches[0].tolist()) if result.batches else "none comes"
    items = [
        ("delivered", "delivered", count(len(result.received), "item")),
        ("lost", "never delivered", count(result.lost, "item") if result.lost else "none"),
        ("first", "the first batch", first),
        ("length", "batches, and len(loader)", f"{len(result.batches)}, and {result.length}"),
    ]
    return veiled(facts(items))


def _cards(title: str, items: list[list[Any]], marks: list[list[str]], **rest: Any) -> Panel:
    """Cells that show which item they are: its number, and one colour wherever it appears."""
    keys = [["" if i is None else f"item-{i}" for i in row] for row in items]
    return grid(
        title, items, limit=1e9, digits=0, keys=keys, groups=items, marks=marks, row_dim=None, col_dim=0, **rest
    )


def _pipes(params: Params, result: Result) -> Panel:
    longest = max(map(len, result.read))
    items = [row + [None] * (longest - len(row)) for row in result.read]
    kept = [len(row) - len(row) % params.batch_size if params.drop_last else len(row) for row in result.read]
    cells = [[(worker, at, kept[worker], i) for at, i in enumerate(row)] for worker, row in enumerate(items)]
    return _cards(
        "What each reader's __iter__ yields", items, [[_mark(*cell) for cell in row] for row in cells], wide=True,
        tensor=f"read, a list of {len(items)} lists of up to {longest} int",
        row_labels=[_reader(params, worker) for worker in range(len(items))], rows="worker", cols="position in its stream",
        badge=f"sharding: {params.sharding}",
        sub=[["" if i is None else f"b{at // params.batch_size}" for _, at, _, i in row] for row in cells],
        notes=[[_told(params, *cell) for cell in row] for row in cells],
    )  # fmt: skip


def _reader(params: Params, worker: int) -> str:
    return f"w{worker}" if params.num_workers else "main"


def _mark(worker: int, at: int, kept: int, item: int | None) -> str:
    return "" if item is None else "card" if at < kept else "dropped"


def _told(params: Params, worker: int, at: int, kept: int, item: int | None) -> str:
    if item is None:
        return ""
    goes = (
        f"goes into its batch {at // params.batch_size}"
        if at < kept
        else f"is dropped: no full batch of {params.batch_size}"
    )
    return f"{_reader(params, worker)} yields item {item} at position {at}; it {goes}"


def _batches(params: Params, result: Result) -> Panel:
    """One column a batch, in the order in which the training loop gets them."""
    widest = max(map(len, result.batches))
    items = [[*batch.tolist(), *[None] * (widest - len(batch))] for batch in result.batches]
    rows = [list(row) for row in zip(*items, strict=True)]
    return _cards(
        "Batches, in the order of the loop", rows, [["" if i is None else "card" for i in row] for row in rows],
        tensor=f"batches, a list of {len(items)} int64 cpu tensors of up to {widest}", rows="place in the batch",
        cols="batch, by its worker", col_labels=[_reader(params, worker) for worker in result.source], wide=True,
        badge="one column a batch",
    )  # fmt: skip


def _processes(result: Result) -> Panel:
    pairs = list(zip(result.batches, result.arrived or [], strict=False))
    rows = [[at, str(here.tolist()), str(real.tolist()), _same(here, real)] for at, (here, real) in enumerate(pairs)]
    return table(
        "Computed and delivered", ["batch", "computed here", "from worker processes", ""], rows, wide=True,
        note=f"{count(len(result.arrived or []), 'batch')} came out of real processes, {len(result.batches)} were computed.",
    )  # fmt: skip


def _same(here: Any, real: Any) -> tuple[str, str]:
    return ("equal", "yes") if here.tolist() == real.tolist() else ("differs", "warn")


def _counts(params: Params, result: Result) -> Panel:
    counts = result.counts.tolist()
    return grid(
        "counts", [counts], tensor=described("counts", result.counts, ("item",)), limit=max(*counts, 1), digits=0,
        row_dim=None, col_dim=0, row_labels=[""], cols="item", wide=True, badge="deliveries of each item",
        keys=[[f"item-{i}" for i in range(params.n)]],
        marks=[["error" if times == 0 else "new" if times > 1 else "" for times in counts]],
        notes=[[f"item {i} was delivered {count(times, 'time')}" for i, times in enumerate(counts)]],
    )  # fmt: skip


def _displacement(result: Result) -> Panel:
    items, moved = result.received.tolist(), result.displacement.tolist()
    return grid(
        "displacement", [moved], tensor=described("displacement", result.displacement, ("position",)), digits=0,
        limit=limit(result.displacement), row_dim=None, col_dim=0, row_labels=[""], cols="position in the loop",
        keys=[[f"item-{i}" for i in items]], sub=[[f"item {i}" for i in items]], badge="item - position", wide=True,
        notes=[[f"item {i} came at position {at}: {i} - {at} = {shift}" for at, (i, shift) in enumerate(zip(items, moved, strict=True))]],
    )  # fmt: skip
