"""Who does which job, what each kind of dataset answers, and the way from an index to its sample."""

from dataclasses import replace
from math import isqrt
from typing import Any

from explorable.words import count
from figures.cells import Cell
from figures.panels import Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, keyed, veiled
from lessons.dataset import JOBS, NAMED, Params, Result, is_refusal, loop, verdict

MOST = 6  # cells that are ringed at most


def draw(params: Params, result: Result) -> Figure:
    if result.jobs is not None:
        return _who(params, result, result.jobs)
    if result.outcomes is not None:
        return _protocol(params, result.outcomes)
    if result.error:
        reached = [veiled(Error("sample", result.error, where=f"wrapped[{params.k}]"))]
    else:
        reached = [veiled(_reached(params, result))]
    call = Operator(params.wrapper, f"index {params.k}")
    parts = [[veiled(_parts(params, result))]] if params.wrapper == "random_split" else []
    return figure(
        hero=[[_strip(result.index, "index", "dataset"), call], reached, [_path_facts(params, result)], *parts],
        more=[[*([_reached(params, result)] if result.error else [_way(result)]), *([] if parts else [_parts(params, result)])]],
    )  # fmt: skip


def _who(params: Params, result: Result, jobs: dict[str, str]) -> Figure:
    rows = [
        [job, (doer, "yes" if doer == "Dataset" else "no"), f"{left} → {jobs[left]}", f"{right} → {jobs[right]}"]
        for job, left, right, doer in JOBS
    ]
    sorter = Table(
        "Who does it?", ["job", "done by", "the Dataset alone", "the DataLoader"], rows, wide=True, breaks=True,
        note="Sample i is i²; padded, dropping, shuffled and rank0 are in the program.",
    )  # fmt: skip
    said = Facts(
        [
            ("subscript", "loader[0]", verdict(jobs["loader[0]"])),
            ("length", "len(loader) counts", count(len(result.batches or []), "batch")),
            ("shuffle", "shuffle=True replaces", f"the sampler, by a {result.replaced}"),
        ]
    )
    samples = _strip(result.samples, "samples", "of the dataset")
    call = Operator("loader[0]")
    subscript = Error("what comes out", jobs["loader[0]"], where="loader[0]", key="@subscript")
    return figure(
        hero=[
            [samples, call, veiled(subscript)],
            [veiled(_handed(params, result))],
            [veiled(said)],
        ],
        more=[[_batches(result)], [sorter]],
    )


def _handed(params: Params, result: Result) -> Panel:
    """The samples in the order of the loader, each with its batch; the first of each batch is ringed."""
    batches = result.batches or []

    def card(at: int, place: int, i: int) -> Cell:
        keys = [f"sample-{i}", *["@length"] * (place == 0 and at < MOST)]
        return replace(_card(i, isqrt(i), f"sample {i} comes in batch {at}, at place {place}", f"batch {at}"), key=keys)

    cells = [card(at, place, i) for at, batch in enumerate(batches) for place, i in enumerate(batch)]
    return Grid(
        f"loader = DataLoader(dataset, {params.batch_size}): what it hands out", [cells], limit=1e9, digits=0, row_dim=None,
        tensor=count(len(batches), "int64 cpu tensor"), col_dim=None, labels=False, wide=True,
    )  # fmt: skip


def _batches(result: Result) -> Panel:
    """One column a batch."""
    batches = result.batches or []
    widest = max(map(len, batches))
    rows = [
        [_card(batch[place], isqrt(batch[place])) if place < len(batch) else Cell(None, key="") for batch in batches]
        for place in range(widest)
    ]
    return Grid(
        "batches", rows, tensor=f"list of {len(batches)}, one column a batch", limit=1e9, digits=0, row_dim=None, col_dim=0,
        rows="place in the batch", cols="batch",
    )  # fmt: skip


def _card(i: int, colour: int, note: str = "", sub: str = "") -> Cell:
    """Every sample keeps its number and its colour."""
    return Cell(i, note, f"sample-{i}", sub, mark="card", group=colour)


def _protocol(params: Params, outcomes: dict[str, str]) -> Figure:
    keys = {
        "[*DataLoader(ds, batch_size=None)]": "default",
        "[*DataLoader(ds, batch_size=None, sampler=[2, 0])]": "own",
        "[*DataLoader(ds, batch_size=None, sampler=['c', 'a'])]": "keys",
        "[*islice(ds, 9)]": "@loop",
    }
    rows = [
        [expression, keyed(verdict(outcome), "warn" if is_refusal(outcome) else "yes", *filter(None, [keys.get(expression)])), outcome]
        for expression, outcome in sorted(outcomes.items(), key=lambda tried: tried[0] not in keys)  # what is asked for comes first
    ]  # fmt: skip
    tried = Table("What was tried", ["expression", "", "what it gives"], rows, breaks=True, wide=True)
    said = Facts([("loop", "for x in ds", loop(outcomes["[*islice(ds, 9)]"]))])
    return figure(hero=[[Operator("DataLoader(ds)", f"ds: {NAMED[params.kind]}"), veiled(said)], [veiled(tried)]])


def _path_facts(params: Params, result: Result) -> Panel:
    sample = verdict(str(result.error)) if result.sample is None else f"sample {result.sample.item()}"
    lengths = str([len(part) for part in result.parts or []])
    return veiled(Facts([("sample", f"wrapped[{params.k}]", sample), ("lengths", "lengths of the parts", lengths)]))


def _strip(tensor: Any, title: str, badge: str, cards: list[Cell] | None = None) -> Panel:
    """One row of cards."""
    cards = cards or [_card(i, isqrt(i) if title == "samples" else i) for i in tensor.tolist()]  # samples holds squares
    return Grid(
        title, [cards], tensor=described(title, tensor), limit=1e9, digits=0, row_dim=None, col_dim=0, row_labels=[""], badge=badge,
    )  # fmt: skip


def _reached(params: Params, result: Result) -> Panel:
    assert result.reached is not None
    m = len(result.reached)
    asked = params.k % m if -m <= params.k < m else None
    cards = [
        _card(i, i, f"position {position} stands for sample {i}", "asked" if position == asked else "")
        for position, i in enumerate(result.reached.tolist())
    ]
    return _strip(result.reached, "reached", params.wrapper, cards)


def _way(result: Result) -> Panel:
    steps = [*(result.path or []), str(result.sample)]
    return Table("path", ["step", "leads to"], [[number, step] for number, step in enumerate(steps)])


def _parts(params: Params, result: Result) -> Panel:
    assert result.parts is not None
    names = {"Subset": "indices", "random_split": "parts"}.get(params.wrapper, "datasets")
    rows = [
        [f"{names}[{number}]", keyed(f"{len(part)}", "no", "@lengths"), ", ".join(map(str, part))]
        for number, part in enumerate(result.parts)
    ]
    return Table("parts", ["", "length", "samples"], rows)
