"""The lessons on walks and on freezing over 1,000 modules: time to compute and draw, against walking the tree once."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import nn

import figures.traversal
import lessons.traversal
from benchmarks.report import interleaved

ROUNDS = 15


def equal_blocks() -> nn.Module:
    """1,000 modules, in blocks that look alike and are drawn once."""
    return nn.Sequential(
        *(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU()) for _ in range(249)),
        nn.ReLU(),
        nn.ReLU(),
        nn.ReLU(),
    )


def unequal_layers() -> nn.Module:
    """1,000 modules of which no two look alike: every one is a line of the picture."""
    return nn.Sequential(*(nn.Linear(1, width) for width in range(1, 1000)))


def milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def walk(model: nn.Module) -> None:
    """Every module and every parameter once."""
    list(model.named_modules())
    list(model.named_parameters())


def traversal(name: str, model: nn.Module, params: lessons.traversal.Params) -> None:
    """The lesson on a model of another tree, surveyed once as its own models are."""
    surveyed = lessons.traversal.survey(params, {"model": model})
    assert lessons.traversal.LESSON.program is not None
    program = replace(lessons.traversal.LESSON.program, given=lambda _: surveyed)

    def compute() -> lessons.traversal.Result:
        return program.run(params)

    result = compute()
    lines = len(figures.traversal.draw(params, result)["rows"][2][0]["nodes"])
    report(f"traversal, {name}: {lines} lines", model, compute, lambda: figures.traversal.draw(params, result))


def report(figure: str, model: nn.Module, compute: Callable[[], object], draw: Callable[[], object]) -> None:
    calls = {"walk": lambda: walk(model), "compute": compute, "draw": draw}
    taken = interleaved(ROUNDS, {name: partial(milliseconds, call) for name, call in calls.items()})
    walked, computed, drawn = (taken[name] for name in calls)
    print(
        f"{figure:<52} compute {computed:7.1f} ms = {computed / walked:5.1f} walks, "
        f"draw {drawn:6.1f} ms = {drawn / walked:5.1f} walks of {walked:.1f} ms",
        flush=True,
    )


def main() -> None:
    torch.set_num_threads(1)
    Params = lessons.traversal.Params
    equal, unequal = equal_blocks(), unequal_layers()
    traversal("equal blocks", equal, Params())
    traversal("equal blocks, a filter", equal, Params(pattern="7"))
    traversal("no two alike", unequal, Params())
    traversal("no two alike, a regex", unequal, Params(pattern=r"(1|7)\d*\.weight$", match="search"))


if __name__ == "__main__":
    main()
