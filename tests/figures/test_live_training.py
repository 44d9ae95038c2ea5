"""The picture of the training shows each snapshot's own numbers."""

from dataclasses import replace

from figures.live_training import ASKED, draw
from lessons.live_training import Params, run

PARAMS = Params(steps=25, padding="left", pads=5)
RESULT = run(PARAMS)


def panels(params=PARAMS, result=RESULT):
    figure = draw(params, result)
    return figure, {panel["title"]: panel for row in figure["rows"] for panel in row}


def frame(panel, step):
    return {**panel, **panel["frames"][step]}


def test_each_snapshot_shows_its_logits_loss_and_exact_match():
    figure, shown = panels()
    assert figure["steps"] == [f"{step} of 25" for step in (0, 10, 20, 25)]
    for k in range(4):
        assert frame(shown["logits[-1].flatten(0, 1)"], k)["values"] == RESULT.logits[k].flatten(0, 1).tolist()
        assert frame(shown["loss"], k)["values"] == [RESULT.held_out_losses[k]]
        assert frame(shown["exact match"], k)["values"] == [RESULT.accuracy[k]]


def test_the_plateau_is_a_line_across_the_loss():
    assert panels()[1]["loss"]["references"] == [["ln 3", RESULT.plateau]]


def test_a_column_is_a_token_and_the_right_one_is_marked():
    _, shown = panels()
    grid = shown["logits[-1].flatten(0, 1)"]
    for row, marks in enumerate(grid["marks"]):
        [column] = [index for index, mark in enumerate(marks) if mark]
        assert grid["colLabels"][column] == RESULT.tokens[row // 2][column] == ("red", "ten", "anna")[row // 2]
    assert grid["colLabels"][ASKED] == "color|price|owner"


def test_the_chosen_padding_is_marked_among_all_and_its_logits_are_drawn():
    _, shown = panels()
    [bars] = [panel for title, panel in shown.items() if title.startswith("exact match when read")]
    assert bars["labels"][bars["marks"].index("lit")] == "left" and bars["values"] == list(RESULT.exact.values())
    assert shown["read.flatten(0, 1)"]["values"] == RESULT.read.flatten(0, 1).tolist()


def test_a_training_under_way_has_a_picture_without_what_comes_after_it():
    partial = replace(RESULT, exact=None, read=None, on_pads=None)
    assert "read.flatten(0, 1)" not in panels(result=partial)[1]
