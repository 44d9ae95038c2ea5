"""A benchmark compares like with like, in turns, and says whether its goal is kept."""

import json
import random
from dataclasses import asdict

import pytest

from benchmarks.load import drawn, following
from benchmarks.paint import next_change, telling
from benchmarks.peers.plot import picture, table_of
from benchmarks.report import interleaved, ratio
from components.answer import lesson_of
from explorable.params import read
from tests.corners import figure_at

each_that_follows = pytest.mark.parametrize("slug", following())


def test_rounds_are_taken_in_turns_and_the_median_counts():
    order: list[str] = []
    values = {"a": iter([1.0, 9.0, 2.0]), "b": iter([5.0, 5.0, 5.0])}

    def run(name: str) -> float:
        order.append(name)
        return next(values[name])

    assert interleaved(3, {"a": lambda: run("a"), "b": lambda: run("b")}) == {"a": 2.0, "b": 5.0}
    assert order == ["a", "b", "a", "b", "a", "b"]


def test_a_line_holds_both_values_their_ratio_and_the_goal(capsys):
    ratio("start", 6.0, 4.0, "s", goal=1.2)
    ratio("start", 4.0, 4.0, "s", goal=1.2)
    missed, kept = capsys.readouterr().out.splitlines()
    assert missed.split() == ["start", "6.0", "/", "4.0", "s", "=", "1.50", "goal", "<=", "1.2", "MISSED"]
    assert kept.endswith("1.00  goal <= 1.2  kept")


def test_drawn_params_are_in_range(lesson):
    draw = random.Random(0)
    for params in (drawn(lesson.Params, draw) for _ in range(50)):
        assert read(lesson.Params, asdict(params)) == params


@each_that_follows
def test_a_timed_change_changes_one_field_that_is_on_screen(slug):
    Params = lesson_of(slug).Params
    before, after = next_change(lesson_of(slug), random.Random(0))
    differing = [name for name in vars(before) if getattr(before, name) != getattr(after, name)]
    assert differing == [telling(Params).name] and not telling(Params).metadata["when"]


@each_that_follows
def test_the_plot_peer_draws_every_panel(slug):
    params = lesson_of(slug).Params()
    drawn_by_plotly = picture(json.dumps({"slug": slug, "params": asdict(params), "tick": 7}))
    panels = [panel for row in figure_at(slug, params)["rows"] for panel in row]
    assert len(drawn_by_plotly.data) == len(panels) and drawn_by_plotly.layout.meta == 7


def test_leading_dims_are_folded_into_rows():
    assert table_of([[[1, 2], [3, 4]], [["nan", 6]]]) == [[1, 2], [3, 4], [None, 6]]
    assert table_of([1, 2]) == [[1, 2]] and table_of(3.0) == [[3.0]]
