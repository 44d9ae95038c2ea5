"""Who does which job, what each kind of dataset answers, and the way from an index to its sample."""

from typing import Any

from figures.panels import Figure, Panel, described, error, figure, grid, table
from lessons.dataset import JOBS, Params, Result, is_refusal


def draw(params: Params, result: Result) -> Figure:
    if result.jobs is not None:
        return figure([_who(result.jobs)])
    if result.outcomes is not None:
        return figure([_protocol(params, result.outcomes)])
    return figure(
        [_strip(result.index, "index", "dataset"), _reached(params, result)], [_way(result), _parts(params, result)]
    )


def _who(jobs: dict[str, str]) -> Panel:
    rows = [
        [job, (doer, "yes" if doer == "Dataset" else "no"), f"{left} → {jobs[left]}", f"{right} → {jobs[right]}"]
        for job, left, right, doer in JOBS
    ]
    return table(
        "Who does it?", ["job", "done by", "the Dataset alone", "the DataLoader"], rows, wide=True,
        note="dataset.calls counts the calls of __getitem__. Sample i is i²; padded, dropping, shuffled and rank0 are in the code.",
    )  # fmt: skip


def _protocol(params: Params, outcomes: dict[str, str]) -> Panel:
    rows = [
        [expression, ("refused", "warn") if is_refusal(outcome) else ("works", "yes"), outcome]
        for expression, outcome in outcomes.items()
    ]
    return table("outcomes", ["expression", "", "what it gives"], rows, wide=True, badge=f"ds: {params.kind}")


def _strip(tensor: Any, title: str, badge: str, **rest: Any) -> Panel:
    """One row of cards: every sample keeps its number and its colour."""
    cards = [tensor.tolist()]
    return grid(
        title, cards, tensor=described(title, tensor), limit=1e9, digits=0, row_dim=None, col_dim=0, row_labels=[""],
        keys=[[f"sample-{i}" for i in cards[0]]], groups=cards, marks=[["card"] * len(cards[0])], badge=badge, **rest,
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
    if result.error:
        return error("sample", result.error, where="wrapped[k]")
    assert result.path is not None and result.sample is not None
    steps = [*result.path, str(result.sample)]
    return table("path", ["step", "leads to"], [[number, step] for number, step in enumerate(steps)])


def _parts(params: Params, result: Result) -> Panel:
    assert result.parts is not None
    names = {"Subset": "indices", "random_split": "parts"}.get(params.wrapper, "datasets")
    rows = [[f"{names}[{number}]", len(part), ", ".join(map(str, part))] for number, part in enumerate(result.parts)]
    return table("parts", ["", "length", "samples"], rows)
