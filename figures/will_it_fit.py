"""What goes into the step and its bill at the peak; below, the course of the step, what is saved and what would fit."""

from collections.abc import Sequence
from typing import Any

from figures.cells import Bar
from figures.panels import Bars, Curve, Facts, Figure, Operator, Panel, Table, figure, veiled
from lessons.will_it_fit import WHILE, Params, Result, a_step, fits, gib, name_of

GIB = 2**30
HOLDERS = {
    "parameters": "the parameters",
    "gradients": "the gradients",
    "optimizer state": "the optimizer's state",
    "activations": "the activations",
    "temporary": "temporary tensors",
}


def draw(params: Params, result: Result) -> Figure:
    found = [_changes(params, result), _most(params, result)] if result.totals is not None else []
    return figure(
        hero=[
            [_step(params, result)],
            [_call(params), veiled(_bill(params, result))],
            [veiled(_facts(params, result))],
        ],
        more=[[_course(params, result)], found, [_ends(result), _kept(result)]],
    )


def _step(params: Params, result: Result) -> Panel:
    """What a visitor has set, as the model was built and called; the last two where they are not as usual."""
    told = {
        "model": f"{name_of(params.config)}, {params.dtype}",
        "parameters": f"{result.numel:,}",
        "batch": f"({', '.join(map(str, result.shape))})",
    }
    if params.frozen != "nothing":
        told["frozen"] = f"❄ {params.frozen}"
    if params.attention != "sdpa" or params.checkpointing:
        told["attention"] = params.attention + (", checkpoints" if params.checkpointing else "")
    return Table("what goes in", [*told], [[*told.values()]], wide=True, breaks=True)


def _call(params: Params) -> Panel:
    return Operator(a_step(params), f"{params.optimizer}, {params.mode} mode")


def _bill(params: Params, result: Result) -> Panel:
    """What each kind holds, the largest stands out, and below them their sum, across which the budget is a line."""
    most = max(result.bill, key=result.bill.__getitem__)

    def key(kind: str) -> list[str]:
        asked = {"most": kind == most, "gradients": kind == "gradients", "where": kind in ("gradients", "temporary")}
        return [f"bill-{kind.replace(' ', '-')}", *(f"@{name}" for name, decides in asked.items() if decides)]

    def label(kind: str) -> str:
        none = kind == "gradients" and not result.bill[kind] and result.peak_in != "step"
        return f"{_holder(params, kind)}, none yet" if none else _holder(params, kind)

    shown = [
        Bar(label(kind), size / GIB, f"{kind}: {size:,} bytes", key(kind), mark="" if kind == most else "quiet")
        for kind, size in result.bill.items()
    ]
    total = Bar("all together", result.total / GIB, f"all together: {result.total:,} bytes", "bill-total", mark="quiet")
    return Bars(
        "held at the peak", [*shown, total], unit="GiB", digits=1 if result.total >= 10 * GIB else 3,
        limit=max(result.total / GIB, params.budget), references=[(f"{params.budget} GiB", params.budget)], named=True, summed=True, wide=True,
    )  # fmt: skip


def _facts(params: Params, result: Result) -> Panel:
    return Facts(
        [
            ("most", "the most at the peak is", _holder(params, max(result.bill, key=result.bill.__getitem__))),
            ("gradients", "gradients at the peak", _gradients(result)),
            ("where", "the peak comes", WHILE[result.peak_in]),
            (
                "fits",
                f"in {params.budget} GiB",
                "fits" if fits(params, result.total) else "does not fit",
            ),
        ]
    )


def _holder(params: Params, kind: str) -> str:
    return "AdamW's state" if kind == "optimizer state" and params.optimizer == "AdamW" else HOLDERS[kind]


def _gradients(result: Result) -> str:
    held, all_of_them = result.bill["gradients"], result.at_end["backward"]["gradients"]
    return "none yet" if not held else "all of them" if held == all_of_them else "a part of them"


def _course(params: Params, result: Result) -> Panel:
    """Each line lies on the one below: its distance from it is what its kind holds."""
    labels = [f"{phase[0]}{part}" for phase in result.at_end for part in range(1, 17)]
    names = [("" if not at else "+ ") + kind for at, kind in enumerate(result.bill)]
    lines: dict[str, Sequence[float]] = {
        name: [sum(held[: at + 1]) / GIB for held in result.course] for at, name in enumerate(names)
    }
    lines[f"budget {params.budget} GiB"] = [float(params.budget)] * len(labels)
    when = "GiB over the operators of f(orward), b(ackward) and s(tep), 16 parts each"
    return Curve("The course of the step: each line adds a kind to those below it", labels, lines, x_title=when)


def _ends(result: Result) -> Panel:
    rows: list[list[Any]] = [[kind, *(gib(held[kind]) for held in result.at_end.values())] for kind in result.bill]
    rows.append(["together", *(gib(sum(held.values())) for held in result.at_end.values())])
    rows.append(["forward alone, no_grad", gib(result.without_grad), ("–", "muted"), ("–", "muted")])
    if result.allocated is not None:
        rows.append(["peak of this GPU's allocator", gib(result.allocated), ("–", "muted"), ("–", "muted")])
    columns = ["GiB", *(f"after {phase}" for phase in result.at_end)]
    return Table(
        "Held when a phase ends", columns, rows, note="Below the sums: the peak of a forward without gradients."
    )


def _kept(result: Result) -> Panel:
    rows = [[what, times, gib(int(size))] for what, times, size in result.kept] or [["nothing", 0, "0"]]
    note = "Storages, each counted once; the eight kinds with most bytes. Parameters are not among them."
    return Table("kept: what autograd saves in forward", ["tensor", "how many", "GiB"], rows, note=note)


def _changes(params: Params, result: Result) -> Panel:
    rows: list[list[Any]] = [["as it is", gib(result.total), _verdict(params, result.total)]]
    rows += [[change, gib(size), _verdict(params, size)] for change, size in (result.totals or {}).items()]
    note = "Each change alone, measured by a step of its own."
    return Table("What would fit", ["change", "GiB at the peak", f"in {params.budget} GiB"], rows, note=note)


def _verdict(params: Params, size: int) -> tuple[str, str]:
    return ("fits", "yes") if fits(params, size) else ("does not", "no")


def _most(params: Params, result: Result) -> Panel:
    rows: list[list[Any]] = [["batch_size", _number(result.most_batch)]]
    if result.most_length is not None or result.most_batch is None:
        rows.append(["length", _number(result.most_length)])
    note = "All else as it is. The next larger one was measured too, and does not fit, unless the limit was reached."
    return Table(f"The most that fits in {params.budget} GiB", ["", "value"], rows, note=note)


def _number(most: int | None) -> Any:
    return ("to be measured", "muted") if most is None else f"{most:,}"
