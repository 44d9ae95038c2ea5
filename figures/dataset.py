"""Who does which job, what each kind of dataset answers, and the way from an index to its sample."""

from math import isqrt
from typing import Any

from explorable.words import count
from figures.panels import Figure, Panel, described, error, facts, figure, grid, operator, table, veiled
from lessons.dataset import JOBS, NAMED, Params, Result, is_refusal, loop, verdict


def draw(params: Params, result: Result) -> Figure:
    if result.jobs is not None:
        return _who(params, result, result.jobs)
    if result.outcomes is not None:
        return _protocol(params, result.outcomes)
    if result.error:
        reached = [veiled(error("sample", result.error, where=f"wrapped[{params.k}]"))]
    else:
        reached = [veiled(_reached(params, result))]
    call = operator(params.wrapper, f"index {params.k}")
    return figure(
        hero=[[_strip(result.index, "index", "dataset"), call], reached, [_path_facts(params, result)]],
        more=[[*([_reached(params, result)] if result.error else [_way(result)]), _parts(params, result)]],
    )


def _who(params: Params, result: Result, jobs: dict[str, str]) -> Figure:
    rows = [
        [job, (doer, "yes" if doer == "Dataset" else "no"), f"{left} → {jobs[left]}", f"{right} → {jobs[right]}"]
        for job, left, right, doer in JOBS
    ]
    sorter = table(
        "Who does it?", ["job", "done by", "the Dataset alone", "the DataLoader"], rows, wide=True, breaks=True,
        note="Sample i is i²; padded, dropping, shuffled and rank0 are in the program.",
    )  # fmt: skip
    said = facts(
        [
            ("subscript", "loader[0]", verdict(jobs["loader[2]"])),
            ("length", "len(loader) counts", count(len(result.batches or []), "batch")),
            ("shuffle", "shuffle=True replaces", f"the sampler, by a {result.replaced}"),
        ]
    )
    samples = _strip(result.samples, "samples", "dataset")
    call = operator(f"DataLoader(batch_size={params.batch_size})", "what comes next")
    return figure(hero=[[samples, call], [veiled(_batches(result))], [veiled(said)]], more=[[sorter]])


def _batches(result: Result) -> Panel:
    """One column a batch."""
    batches = result.batches or []
    widest = max(map(len, batches))
    rows = [[batch[place] if place < len(batch) else None for batch in batches] for place in range(widest)]
    return grid(
        "batches", rows, tensor=f"list of {len(batches)}, one column a batch", limit=1e9, digits=0, row_dim=None, col_dim=0,
        rows="place in the batch", cols="batch", groups=[[None if i is None else isqrt(i) for i in row] for row in rows],
        keys=[["" if i is None else f"sample-{i}" for i in row] for row in rows],
        marks=[["" if i is None else "card" for i in row] for row in rows], wide=True,
    )  # fmt: skip


def _protocol(params: Params, outcomes: dict[str, str]) -> Figure:
    rows = [
        [expression, ("refused", "warn") if is_refusal(outcome) else ("works", "yes"), outcome]
        for expression, outcome in outcomes.items()
    ]
    tried = table("outcomes", ["expression", "", "what it gives"], rows, breaks=True, wide=True)
    told = [
        ("default", "DataLoader(ds)", "[*DataLoader(ds, batch_size=None)]"),
        ("own", "sampler=[2, 0]", "[*DataLoader(ds, batch_size=None, sampler=[2, 0])]"),
        ("keys", "sampler=['c', 'a']", "[*DataLoader(ds, batch_size=None, sampler=['c', 'a'])]"),
    ]
    items = [(key, label, verdict(outcomes[expression])) for key, label, expression in told]
    said = facts([*items, ("loop", "for x in ds", loop(outcomes["[*islice(ds, 9)]"]))])
    return figure(hero=[[operator("DataLoader(ds)", f"ds: {NAMED[params.kind]}"), veiled(said)], [veiled(tried)]])


def _path_facts(params: Params, result: Result) -> Panel:
    sample = verdict(str(result.error)) if result.sample is None else f"sample {result.sample.item()}"
    lengths = str([len(part) for part in result.parts or []])
    return veiled(facts([("sample", f"wrapped[{params.k}]", sample), ("lengths", "lengths of the parts", lengths)]))


def _strip(tensor: Any, title: str, badge: str, **rest: Any) -> Panel:
    """One row of cards: every sample keeps its number and its colour."""
    cards = tensor.tolist()
    colours = [isqrt(i) if title == "samples" else i for i in cards]  # samples holds squares
    return grid(
        title, [cards], tensor=described(title, tensor), limit=1e9, digits=0, row_dim=None, col_dim=0, row_labels=[""],
        keys=[[f"sample-{i}" for i in cards]], groups=[colours], marks=[["card"] * len(cards)], badge=badge, **rest,
    )  # fmt: skip


def _reached(params: Params, result: Result) -> Panel:
    assert result.reached is not None
    m = len(result.reached)
    asked = params.k % m if -m <= params.k < m else None
    return _strip(
        result.reached, "reached", params.wrapper,
        sub=[["asked" if position == asked else "" for position in range(m)]],
        notes=[[f"position {position} stands for sample {i}" for position, i in enumerate(result.reached.tolist())]],
    )  # fmt: skip


def _way(result: Result) -> Panel:
    steps = [*(result.path or []), str(result.sample)]
    return table("path", ["step", "leads to"], [[number, step] for number, step in enumerate(steps)])


def _parts(params: Params, result: Result) -> Panel:
    assert result.parts is not None
    names = {"Subset": "indices", "random_split": "parts"}.get(params.wrapper, "datasets")
    rows = [[f"{names}[{number}]", len(part), ", ".join(map(str, part))] for number, part in enumerate(result.parts)]
    return table("parts", ["", "length", "samples"], rows)
