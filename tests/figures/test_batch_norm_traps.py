"""A colour is a mean that values share, and what is told of it is true."""

import pytest

from figures.batch_norm_traps import draw
from lessons.batch_norm_traps import LESSON, MICRO, POISONED, RANKS, SWAPPED, UNTRACKED, Params

run = LESSON.run


def panels(params):
    return {panel["title"]: panel for row in draw(params, run(params))["rows"] for panel in row}


def grouped(panel):
    """The numbers of each colour."""
    found = {}
    for values, groups in zip(panel["values"], panel["groups"], strict=True):
        for value, group in zip(values, groups, strict=True):
            found.setdefault(group, []).append(value)
    return found


@pytest.mark.parametrize(("case", "mode", "count"), [
    (SWAPPED[0], "train", 3), ("as usual", "train", 3), (UNTRACKED, "eval", 3), (POISONED, "train", 3), (MICRO, "train", 6),
    (RANKS, "train", 6),
])  # fmt: skip
def test_what_has_one_colour_has_mean_0_and_variance_1(case, mode, count):
    found = grouped(panels(Params(case, mode))["y"])
    assert len(found) == count
    for values in found.values():
        mean = sum(values) / len(values)
        assert mean == pytest.approx(0, abs=1e-4)
        assert sum((value - mean) ** 2 for value in values) / len(values) == pytest.approx(1, abs=0.01)


def test_where_stored_means_serve_nothing_has_a_colour():
    for case in ("as usual", POISONED, SWAPPED[0], MICRO, RANKS):
        assert "groups" not in panels(Params(case, "eval"))["y"]


def test_the_names_of_the_colours_tell_their_means():
    assert panels(Params())["y"]["groupNames"] == [f"position {place}: mean 0" for place in range(3)]
    assert panels(Params("as usual"))["y"]["groupNames"] == [f"channel {place}: mean 0" for place in range(3)]


def test_the_ringed_cells_are_those_that_share_a_mean_or_are_nan_or_move():
    def rung(panel, key):
        pairs = zip(panel["values"], panel["keys"], strict=True)
        return [value for row, keys in pairs for value, one in zip(row, keys, strict=True) if key in one]

    shared = rung(panels(Params())["y"], "@shares")
    assert len(shared) == 6 and sum(shared) == pytest.approx(0, abs=1e-4)
    assert rung(panels(Params(POISONED, "eval"))["y"], "@returns") == ["nan"] * 6
    moved = rung(panels(Params(UNTRACKED, "eval"))["how far the first rows of y move"], "@moves")
    assert len(moved) == 3 and all(moved)
    assert rung(panels(Params(RANKS))["how far the first rows of y move"], "@moves") == [0.0] * 3
