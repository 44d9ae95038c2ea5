"""The picture of the normalisation layers is their Result."""

import math
from typing import get_args

import pytest

from explorable.words import number
from figures.normalization import draw
from lessons.normalization import LESSON, Norm, Params

run = LESSON.run


def panels(params):
    return {panel["title"]: panel for row in draw(params, run(params))["rows"] for panel in row}


def flat(nested):
    return [leaf for item in nested for leaf in flat(item)] if isinstance(nested, list) else [nested]


@pytest.mark.parametrize("norm", get_args(Norm))
def test_the_note_of_every_cell_computes_the_cell(norm):
    panel = panels(Params(norm=norm, L=4))["y"]
    for note, value in zip(flat(panel["notes"]), flat(panel["values"]), strict=True):
        arithmetic = note.split(" = ")[-2].replace("√", "sqrt")
        assert eval(arithmetic, {"sqrt": math.sqrt}) == pytest.approx(value, abs=2e-3)


@pytest.mark.parametrize("norm", get_args(Norm))
def test_cells_of_one_group_have_one_colour_and_light_together(norm):
    shown = panels(Params(norm=norm, L=4))
    group = run(Params(norm=norm, L=4)).group[norm].tolist()
    for name in ("x", "y"):
        assert shown[name]["groups"] == group
        assert flat(shown[name]["keys"]) == [f"group-{k}" for k in flat(group)]


def test_every_layer_is_a_row_and_the_chosen_one_is_marked():
    table = panels(Params(norm="RMSNorm(L)"))["every layer on this x"]
    assert len(table["rows"]) == 7
    assert [table["rows"][index][0] for index in table["lit"]] == ["RMSNorm(L)"]


def test_the_moments_are_those_of_the_groups():
    shown, result = panels(Params()), run(Params())
    for group, cells in enumerate(zip(*shown["moments of the groups of x"]["values"], strict=True)):
        assert list(cells) == result.before[group].tolist()
    for group, cells in enumerate(zip(*shown["moments of the groups of y"]["values"], strict=True)):
        assert list(cells) == result.after[group].tolist()


def test_a_refusal_shows_the_live_error_and_the_input():
    shown = panels(Params(norm="LayerNorm(C)"))
    assert shown["y"]["text"].startswith("RuntimeError: Given normalized_shape=[4]")
    assert shown["x"]["values"] == run(Params()).x.tolist()
    assert [mark == "error" for mark in flat(shown["x"]["marks"])].count(True) == Params().L


FACTS = {
    "BatchNorm1d": ("4: one per channel", "N and L", "mean 0, variance 1"),
    "LayerNorm([C, L])": ("3: one per sample", "C and L", "mean 0, variance 1"),
    "LayerNorm(L)": ("12: one per sample and channel", "L, the last axis", "mean 0, variance 1"),
    "LayerNorm(C), transposed": ("15: one per sample and position", "C, the channels", "mean 0, variance 1"),
    "GroupNorm": ("6: one per sample and group of channels", "L and part of C", "mean 0, variance 1"),
    "InstanceNorm1d": ("12: one per sample and channel", "L, the last axis", "mean 0, variance 1"),
    "RMSNorm(L)": ("12: one per sample and channel", "L, the last axis", "mean(y²) = 1"),
}


@pytest.mark.parametrize("norm", FACTS)
def test_the_facts_name_the_groups_as_they_are_read_off_the_result(norm):
    items = {item["key"]: item["text"] for item in panels(Params(norm=norm))[""]["items"]}
    assert (items["means"], items["axes"], items["leaves"]) == FACTS[norm]


MEANS = "the mean that each cell of x is normalised with"


@pytest.mark.parametrize("norm", ["BatchNorm1d", "LayerNorm(L)", "LayerNorm(C), transposed", "GroupNorm"])
def test_each_cell_names_the_mean_of_its_group_in_all_samples(norm):
    result, shown = run(Params(norm=norm)), panels(Params(norm=norm))[MEANS]
    group = result.group[norm].transpose(0, 1).reshape(4, 15).tolist()
    assert [[f"m{g}" for g in row] for row in group] == shown["values"] and shown["groups"] == group
    named = shown.get("groupNames", [])
    assert named == [f"m{g} = {number(mean, 2)}" for g, (mean, *_) in enumerate(result.before.tolist())][: len(named)]
    assert len(named) == (len(result.before) if len(result.before) <= 6 else 0)


def test_many_cells_are_drawn_in_two_parts():
    params = Params(N=4, L=6)
    drawn = [panel for panel in draw(params, run(params))["rows"][0] if panel["view"] == "grid"]
    assert [len(panel["values"][0]) for panel in drawn] == [12, 12]
    assert [name for panel in drawn for name, _ in panel["colGroups"]] == [f"sample {n}" for n in range(4)]


def test_what_each_group_leaves_with_is_true_of_each():
    """Of two values that are close together eps takes a part: their variance leaves below 1."""
    params = Params(norm="LayerNorm(L)", N=2, L=2)
    result = run(params)
    [facts] = [panel for row in draw(params, result)["rows"] for panel in row if panel["view"] == "facts"]
    [told] = [item["text"] for item in facts["items"] if item["key"] == "leaves"]
    low, high = result.after[:, 1].min().item(), result.after[:, 1].max().item()
    assert low < 0.99 and told == f"mean 0, variance {low:.2f} to {high:.2f}"
