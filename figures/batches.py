"""The dataset, the order of one epoch cut into batches, the tensors that leave the loader, and the carpet of epochs."""

from typing import Any

from figures.panels import Figure, Panel, bars, described, figure, grid, limit, stepped, table
from lessons.batches import Params, Result


def draw(params: Params, result: Result) -> Figure:
    epochs = range(params.epochs)
    rows = [[_dataset(result), _carpet(params, result)], [_counts(params, result), _facts(params, result)]]
    if result.length:
        batches, first = ([part(params, result, epoch) for epoch in epochs] for part in (_batches, _first))
        rows.insert(1, [stepped(batches[-1], batches), stepped(first[-1], first)])
    return figure(
        *rows, steps=[f"{epoch} of 0 to {params.epochs - 1}" for epoch in epochs], step_name="epoch of the batches"
    )


def _cards(title: str, indices: list[list[Any]], **rest: Any) -> Panel:
    """Cells that show which sample they are: its number, and one colour wherever it appears."""
    keys = [["" if i is None else f"sample-{i}" for i in row] for row in indices]
    marks = rest.pop("marks", None) or [["" if i is None else "card" for i in row] for row in indices]
    return grid(title, indices, limit=1e9, digits=0, keys=keys, groups=indices, marks=marks, **rest)


def _dataset(result: Result) -> Panel:
    samples = enumerate(zip(result.x.tolist(), result.counts.tolist(), strict=True))
    return _cards(
        "index", [result.index.tolist()], tensor=described("index", result.index), row_dim=None, col_dim=0,
        row_labels=[""], badge="dataset",
        notes=[[f"dataset[{i}] = ({i}, {row}); delivered {times} times in all epochs" for i, (row, times) in samples]],
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
        return table("order", ["epoch", "indices"], [[epoch, "none"] for epoch in range(params.epochs)])
    order, places = result.order.tolist(), _places(params, result)
    spread = params.sampler == "DistributedSampler"
    labels = [("" if batch is None else f"b{batch}") + (f" r{rank}" if spread else "") for rank, _, batch in places]
    return _cards(
        "order", order, tensor=described("order", result.order, ("epoch", "position")), rows="epoch", cols="batch, in the order drawn",
        col_labels=labels, wide=True, badge=f"{params.sampler}: what it drew",
        marks=[["card" if batch is not None else "dropped" for *_, batch in places] for _ in order],
        notes=[[_drawn(params, epoch, i, place) for i, place in zip(row, places, strict=True)] for epoch, row in enumerate(order)],
    )  # fmt: skip


def _drawn(params: Params, epoch: int, i: int, place: tuple[int, int, int | None]) -> str:
    rank, at, batch = place
    where = f"epoch {epoch}, " + (f"rank {rank}, " if params.sampler == "DistributedSampler" else "")
    goes = (
        f"goes into batch {batch}" if batch is not None else f"is dropped: no full batch of {params.batch_size} is left"
    )
    return f"{where}position {at}: sample {i} {goes}"


def _batches(params: Params, result: Result, epoch: int) -> Panel:
    """One row a batch; places that a short batch does not fill are empty."""
    indices = [batch[0].tolist() for batch in result.batches[epoch]]
    rows = [row + [None] * (params.batch_size - len(row)) for row in indices]
    names = [f"{b % result.length}" for b in range(len(rows))]
    if params.sampler == "DistributedSampler":
        names = [f"r{b // result.length} b{b % result.length}" for b in range(len(rows))]
    return _cards(
        f"batches of epoch {epoch}", rows, tensor=f"index of each batch, at most [{len(rows)}, {params.batch_size}] int64 cpu",
        row_dim=None, col_dim=0, row_labels=names, rows="batch", cols="place in the batch", badge=f"len(loader) = {result.length}",
    )  # fmt: skip


def _first(params: Params, result: Result, epoch: int) -> Panel:
    """The tensors of the epoch's last batch: the one that may be short."""
    index, x = result.batches[epoch][-1]
    keys = [[f"sample-{i}"] * 2 for i in index.tolist()]
    return grid(
        f"batches[{epoch}][-1][1]", x, tensor=described("x", x, ("B",)), limit=limit(result.x), digits=0, keys=keys,
        row_labels=[f"{i}" for i in index.tolist()], rows="sample", cols="feature", badge="collated: the last batch",
    )  # fmt: skip


def _counts(params: Params, result: Result) -> Panel:
    counts = result.counts.tolist()
    return bars(
        "counts", [f"sample {i}" for i in range(params.n)], counts, digits=0, keys=[f"sample-{i}" for i in range(params.n)],
        limit=max(*counts, params.epochs, 1), references=[("once an epoch", params.epochs)],
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    moved = result.rand_with != result.rand_without
    rows: list[list[Any]] = [
        ["len(dataset)", params.n],
        ["len(loader)", result.length],
        ["samples drawn in an epoch", result.order.shape[1]],
        ["samples delivered in an epoch", sum(len(batch[0]) for batch in result.batches[0])],
        ["torch.rand(()) after the seed", f"{result.rand_without:.4f}"],
        ["torch.rand(()) after the seed and iter(loader)", (f"{result.rand_with:.4f}", "warn" if moved else "yes")],
    ]
    note = "iter(loader) drew a base seed from the " + ("global generator." if moved else "loader's own generator g.")
    return table("What an epoch does", ["", "value"], rows, note=note, wide=True)
