"""How a figure is measured and printed: interleaved rounds, their medians, a ratio and its goal."""

from collections.abc import Callable
from statistics import median


def interleaved(rounds: int, runs: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each run, taken in turns so that a busy moment of the machine falls on all of them."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(run())
    return {name: median(values) for name, values in taken.items()}


def ratio(figure: str, ours: float, floor: float, unit: str, *, goal: float | None = None) -> None:
    """One line: what was measured, both values, ours / floor, and whether that keeps the goal."""
    quotient = ours / floor
    kept = "" if goal is None else f"goal <= {goal:<4} {'kept' if quotient <= goal else 'MISSED'}"
    print(f"{figure:<58} {ours:>9.1f} /{floor:>9.1f} {unit:<8} = {quotient:6.2f}  {kept}".rstrip(), flush=True)


def none(figure: str, found: int) -> None:
    """One line: how many there were of what there must be none of."""
    print(f"{figure:<58} {found:>9}  goal 0 {'kept' if not found else 'MISSED'}", flush=True)


def limit(figure: str, found: float, most: float, unit: str) -> None:
    """One line: what was measured, and whether that is at most what was promised."""
    kept = "kept" if found <= most else "MISSED"
    print(f"{figure:<58} {found:>9.1f} {unit:<8} goal <= {most:<6} {kept}", flush=True)
