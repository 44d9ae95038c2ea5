"""From moving a control to the frame that shows its effect, in Chromium: a minimal Gradio app, and a gr.Plot."""

import random
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.browser import chromium
from benchmarks.load import drawn
from benchmarks.report import ratio
from benchmarks.server import MINIMAL, OURS, serving
from components.answer import lesson_of
from components.site import LESSONS
from explorable.lesson import Lesson
from explorable.params import BadParam, choices, kind

ROUNDS = 3
EVENTS = 3  # of each kind in a round; those of a first round are not counted
PLOT = ("-m", "benchmarks.peers.plot")
TICKS = count(1)

Timing = Callable[[], float | None]


def opened(browser: Browser, url: str, ready: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(path=Path(__file__).with_suffix(".js"))
    page.goto(url)
    page.wait_for_selector(ready)
    page.wait_for_timeout(1000)
    return page


def telling(Params: type) -> Any:
    """The first slider that is always there, or else the first field that is drawn: no text is."""
    always = [param for param in fields(Params) if not param.metadata["when"] and kind(param) is not str]
    return next((param for param in always if "low" in param.metadata and param.name != "seed"), always[0])


def control(param: Any, value: Any) -> dict[str, Any]:
    index = choices(param).index(value) if choices(param) else None
    return {"name": param.name, "value": value, "choice": index}


def next_change(lesson: Lesson, draw: random.Random) -> tuple[Any, Any]:
    """Params that hardly anybody has asked for yet and the lesson does not refuse, and the same with another value of the telling field.

    What batch_memory measures only when asked is a run of its own, and no part of moving a control.
    """
    name, before = telling(lesson.Params).name, drawn(lesson.Params, draw)
    if hasattr(before, "measure"):
        before = replace(before, measure=False)
    while (value := getattr(drawn(lesson.Params, draw), name)) == getattr(before, name):
        pass
    after = replace(before, **{name: value})
    try:
        lesson.run(before), lesson.run(after)
    except BadParam:
        return next_change(lesson, draw)
    return before, after


def timings(slug: str, ours: Page, minimal: Page, plot: Page) -> dict[str, Timing]:
    """What is timed for one lesson, by name; each call is one event."""
    lesson, draw = lesson_of(slug), random.Random(slug)
    named = {param.name: param for param in fields(lesson.Params)}

    def ours_control() -> float:
        before, after = next_change(lesson, draw)
        others = [control(named[name], value) for name, value in asdict(before).items() if value is not None]
        moved = telling(lesson.Params)
        change = control(moved, getattr(after, moved.name))
        return ours.evaluate("([slug, others, change]) => timeControl(slug, others, change)", [slug, others, change])

    def minimal_control() -> float:
        return minimal.evaluate("timeMinimal", (next(TICKS) % 20 + 1) / 20)

    def plot_control() -> float:
        _, after = next_change(lesson, draw)
        return plot.evaluate("timePlot", {"slug": slug, "params": asdict(after), "tick": next(TICKS)})

    return {
        "control": ours_control,
        "minimal": minimal_control,
        "plot": plot_control,
        "pointing": lambda: ours.evaluate("timePointing", slug),
        "scrubbing": lambda: ours.evaluate("timeScrubbing", slug),
    }


def measured(runs: dict[str, Timing], pages: dict[str, Page]) -> dict[str, float | None]:
    """The median of each, in turns. A page is timed in front: a hidden one draws no frames."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(ROUNDS + 1):
        for name, run in runs.items():
            pages.get(name, pages["control"]).bring_to_front()
            events = [run() for _ in range(EVENTS)]
            taken[name] += [event for event in events if round_ and event is not None]
    return {name: median(events) if events else None for name, events in taken.items()}


def report(slug: str, took: dict[str, float | None]) -> None:
    floor, plot, ours = took["minimal"], took["plot"], took["control"]
    assert floor and plot and ours
    ratio(f"{slug}: a control / one slider and one gr.HTML", ours, floor, "ms", goal=1.5)
    ratio(f"{slug}: a control / the same as gr.Plot", ours, plot, "ms", goal=0.5)
    for name in ("pointing", "scrubbing"):
        if (inside := took[name]) is not None:
            ratio(f"{slug}: {name}, in the browser / one slider and one gr.HTML", inside, floor, "ms", goal=0.5)


def main() -> None:
    with serving(*OURS) as ours, serving(*MINIMAL) as minimal, serving(*PLOT) as plot:
        slugs = [slug for slug in LESSONS if not lesson_of(slug).button]
        with chromium() as browser:
            floor, peer = (
                opened(browser, minimal.url, "#out p"),
                opened(browser, plot.url, "#asked textarea, #asked input"),
            )
            for slug in slugs:
                page = opened(browser, f"{ours.url}/?lesson={slug}", f"[data-lesson={slug}][data-state=ready]")
                pages = {"control": page, "minimal": floor, "plot": peer}
                report(slug, measured(timings(slug, page, floor, peer), pages))
                page.close()


if __name__ == "__main__":
    main()
