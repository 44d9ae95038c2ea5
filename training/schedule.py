"""A learning rate that can be told to finish: warm up, stay level, then fall to zero."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cooldown:
    """A straight fall to zero over `length` steps, from `level` times the peak."""

    start: int  # step
    length: int  # steps
    level: float = 1.0


@dataclass(frozen=True)
class Schedule:
    """Share of the peak learning rate at each step; a cooldown can be set at any time.

    A level middle instead of a fall from the first step lets a run stop wherever its time is
    up and still end at zero (Hägele et al., 2024, "Scaling laws beyond fixed training durations").
    """

    warmup: int  # steps
    cooldown: Cooldown

    @property
    def steps(self) -> int:
        return self.cooldown.start + self.cooldown.length

    def cooling(self, step: int) -> bool:
        return step >= self.cooldown.start

    def share(self, step: int) -> float:
        """Share of the peak learning rate for the update that follows `step` earlier ones."""
        warm = min(1.0, (step + 1) / self.warmup)
        if not self.cooling(step):
            return warm
        left = max(0, self.steps - step) / self.cooldown.length
        return min(warm, self.cooldown.level * left)


def planned(steps: int, warmup: int, fraction: float) -> Schedule:
    """A schedule of exactly `steps`, the last `fraction` of them cooling down."""
    length = max(1, round(steps * fraction))
    return Schedule(warmup, Cooldown(steps - length, length))


def finish_in(schedule: Schedule, step: int, length: int) -> Schedule:
    """The same schedule, cooling down from where it stands now, over at most `length` steps."""
    if step + length >= schedule.steps:
        return schedule
    level = schedule.share(step)
    return Schedule(schedule.warmup, Cooldown(step, max(1, length), level))
