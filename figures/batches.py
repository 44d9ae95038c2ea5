"""The dataset, the loader, the batches of each epoch; then the carpet of epochs, the tensors and the counts."""

from collections.abc import Sequence
from typing import Any

from explorable.words import count
from figures.cells import Bar, Cell, cells_of
from figures.panels import Bars, Facts, Figure, Grid, Operator, Panel, Table, described, figure, limit, stepped, veiled
from lessons.batches import WEIGHTED, Params, Result, delivered, orders, reached, sizes

MOST = 6  # cells that are ringed at most
SHUFFLES = {"SequentialSampler": ", shuffle=False", "RandomSampler": ", shuffle=True"}


def draw(params: Params, result: Result) -> Figure:
    epochs = range(params.epochs)
    batches = [_batches(params, result, epoch) for epoch in epochs]
    first = [_first(params, result, epoch) for epoch in epochs] if result.length else []
    return figure(
        hero=[
            [
                _dataset(result),
                Operator(f"DataLoader(dataset, {params.batch_size}{_order(params)})"),
                veiled(stepped(batches)),
            ],
            [_facts(params, result)],
        ],
        more=[
            [_carpet(params, result)],
            [stepped(first)] if first else [],
            [_counts(params, result), _table(params, result)],
        ],
        steps=[str(epoch) for epoch in epochs],
        step_name="epoch",
    )


def _order(params: Params) -> str:
    return SHUFFLES.get(params.sampler, ", sampler=...") + (", drop_last=True" if params.drop_last else "")


def _facts(params: Params, result: Result) -> Panel:
    on_each = " on each rank" if params.sampler == "DistributedSampler" else ""
    found = orders(result)
    which = "only one epoch" if params.epochs == 1 else count(found, "order")
    if params.epochs > 1 and found in (1, params.epochs):
        which = "the same in each epoch" if found == 1 else "another in each epoch"
    items = [
        ("sizes", f"sizes of the batches{on_each}", str(sizes(result)) if result.length else "none: len(loader) is 0"),
        ("delivered", "an epoch delivers", count(delivered(result), "sample")),
        ("orders", "order of the samples", which),
        (
            "rng",
            "torch.rand after iter(loader)",
            "the same number" if result.rand_with == result.rand_without else "another number",
        ),
        ("both", "with shuffle=True beside it", _refused(result.both)),
    ]
    if params.sampler in WEIGHTED:
        items.insert(1, ("reach", "samples ever delivered", _reached(result)))
    return veiled(Facts(items))


def _refused(said: str) -> str:
    return f"it raises {said.partition(':')[0]}" if ":" in said else said


def _reached(result: Result) -> str:
    found = reached(result)
    if len(result.counts) > 2 and found in ([0], [1], [0, 1]):
        return f"{'samples' if len(found) == 2 else 'sample'} {' and '.join(map(str, found))} alone"
    return f"{len(found)} of {count(len(result.counts), 'sample')}"


def _card(i: int | None, note: str = "", mark: str = "card", ringed: Sequence[str] = ()) -> Cell:
    """A cell that shows which sample it is: its number, and one colour wherever it appears."""
    return Cell(None, key="") if i is None else Cell(i, note, [f"sample-{i}", *ringed], mark=mark, group=i)


def _dataset(result: Result) -> Panel:
    samples = zip(result.index.tolist(), result.x.tolist(), result.counts.tolist(), strict=True)
    reach = [i for i, times in enumerate(result.counts.tolist()) if times][:MOST]
    cards = [
        _card(
            i,
            f"dataset[{i}] = ({i}, {row}); delivered {times} times in all epochs",
            ringed=["@reach"] * (i in reach),
        )
        for i, row, times in samples
    ]
    return Grid(
        "dataset", [cards], tensor=described("index", result.index), limit=1e9, digits=0, row_dim=None, col_dim=None,
        row_labels=[""], labels=False,
    )  # fmt: skip


def _places(params: Params, result: Result) -> list[tuple[int, int, int | None]]:
    """For each position of the order: its rank, its place there, and its batch (None: dropped)."""
    ranks = params.ranks if params.sampler == "DistributedSampler" else 1
    share = result.order.shape[1] // ranks
    places = [(at // share, at % share) for at in range(result.order.shape[1])]
    return [
        (rank, at, at // params.batch_size if at // params.batch_size < result.length else None) for rank, at in places
    ]


def _carpet(params: Params, result: Result) -> Panel:
    """One row an epoch, one column a position; dropped positions are crossed out."""
    if not result.order.numel():
        return Table("order", ["epoch", "indices"], [[epoch, "none"] for epoch in range(params.epochs)])
    places = _places(params, result)
    spread = params.sampler == "DistributedSampler"
    labels = [("" if batch is None else f"b{batch}") + (f" r{rank}" if spread else "") for rank, _, batch in places]
    cards = [
        [_card(i, _drawn(params, epoch, i, place), "dropped" if place[2] is None else "card") for i, place in zip(row, places, strict=True)]
        for epoch, row in enumerate(result.order.tolist())
    ]  # fmt: skip
    return Grid(
        "order", cards, tensor=described("order", result.order, ("epoch", "position")), limit=1e9, digits=0, rows="epoch",
        cols="batch, in the order drawn", col_labels=labels, wide=True, badge=f"{params.sampler}: what it drew",
    )  # fmt: skip


def _drawn(params: Params, epoch: int, i: int, place: tuple[int, int, int | None]) -> str:
    rank, at, batch = place
    where = f"epoch {epoch}, " + (f"rank {rank}, " if params.sampler == "DistributedSampler" else "")
    goes = (
        f"goes into batch {batch}" if batch is not None else f"is dropped: no full batch of {params.batch_size} is left"
    )
    return f"{where}position {at}: sample {i} {goes}"


def _batches(params: Params, result: Result, epoch: int) -> Panel:
    """One row a batch; places that a short batch does not fill are empty. Ringed: the last batch, the first one, what comes twice."""
    if not result.length:
        return Table("batches", ["batch", "indices"], [["none", "none"]])
    indices = [batch[0].tolist() for batch in result.batches[epoch]]
    flat = sum(indices, [])
    twice = [i for i in dict.fromkeys(flat) if flat.count(i) > 1][:3]

    def ringed(batch: int, at: int, i: int) -> list[str]:
        decides = {"@sizes": batch == len(indices) - 1, "@orders": batch == 0, "@delivered": i in twice}
        return [key for key, is_ringed in decides.items() if is_ringed and at < MOST]

    rows = [
        [_card(i, ringed=ringed(batch, at, i)) for at, i in enumerate(row)] + [_card(None)] * (params.batch_size - len(row))
        for batch, row in enumerate(indices)
    ]  # fmt: skip
    names = [f"batch {b}" for b in range(len(rows))]
    if params.sampler == "DistributedSampler":
        names = [f"rank {b // result.length}" for b in range(len(rows))]
    return Grid(
        "batches of the epoch", rows, tensor="the index of each sample, int64 cpu", limit=1e9, digits=0, row_dim=None, col_dim=None,
        row_labels=names, col_labels=[""] * params.batch_size, label_width=56,
    )  # fmt: skip


def _first(params: Params, result: Result, epoch: int) -> Panel:
    """The tensors of the epoch's last batch: the one that may be short."""
    index, x = result.batches[epoch][-1]
    samples = index.tolist()
    return Grid(
        f"batches[{epoch}][-1][1]", cells_of(x, key=lambda _, row, column: f"sample-{samples[row]}"), tensor=described("x", x, ("B",)),
        limit=limit(result.x), digits=0, row_labels=[f"{i}" for i in samples], rows="sample", cols="feature",
        badge="collated: the last batch",
    )  # fmt: skip


def _counts(params: Params, result: Result) -> Panel:
    counts = [Bar(f"sample {i}", times, key=f"sample-{i}") for i, times in enumerate(result.counts.tolist())]
    return Bars(
        "counts", counts, digits=0, limit=max(params.epochs, 1, *(bar.value for bar in counts)),
        references=[("once an epoch", params.epochs)],
    )  # fmt: skip


def _table(params: Params, result: Result) -> Panel:
    moved = result.rand_with != result.rand_without
    rows: list[list[Any]] = [
        ["len(dataset)", params.n],
        ["len(loader)", result.length],
        ["samples drawn in an epoch", result.order.shape[1]],
        ["samples delivered in an epoch", sum(len(batch[0]) for batch in result.batches[0])],
        ["sampler= with shuffle=True", (result.both, "warn")],
        ["torch.rand(()) after the seed", f"{result.rand_without:.4f}"],
        ["torch.rand(()) after the seed and iter(loader)", (f"{result.rand_with:.4f}", "warn" if moved else "yes")],
    ]
    note = "iter(loader) drew a base seed from the " + ("global generator." if moved else "loader's own generator g.")
    return Table("What an epoch does", ["", "value"], rows, note=note, wide=True)
