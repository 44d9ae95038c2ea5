"""The lines of a turn are those that run, in their order."""

import pytest

from figures.loop import draw
from lessons.loop import LEADS, LESSON, Params
from tests.corners import corners, result_at

run = LESSON.run
CALLS = {  # the line as the table says it -> what stands in the program
    "zero_grad()": "optimizer.zero_grad()",
    "loss = ...": "F.mse_loss(",
    "backward()": ".backward()",
    "clip_grad_norm_()": "clip_grad_norm_(",
    "step()": "optimizer.step()",
    "scheduler.step()": "scheduler.step()",
    "a new optimizer": "watched(model)",
}


def calls(lines):
    """Which of the calls stand in the lines of the program, one after the other."""
    return [call for line in lines for call, written in CALLS.items() if written in line]


@pytest.mark.parametrize("change", LEADS)
def test_the_lines_of_a_turn_are_those_of_the_program(change):
    for params in (params for params in corners(Params) if params.change == change):
        panels = draw(params, result_at("loop", params))["rows"][0]
        rows = [row[0] for row in panels[0]["rows"] if row[1][0] != "left out"]
        [point] = [cell for cell in LESSON.program.cells(params) if cell.kind == "point"]
        inner = [line for line in point.lines if line.startswith(" " * 8)]
        assert rows == calls(inner), params


def test_the_curves_are_the_losses():
    result = run(Params())
    rows = draw(Params(), result)["rows"]
    curve, [batches] = rows[0][2], rows[2]
    assert [values for _, values in curve["lines"]] == [result.epochs.tolist(), result.epochs_in_order.tolist()]
    assert [values for _, values in batches["lines"]] == [result.losses, result.in_order]
    assert curve["bold"] == curve["lines"][0][0] == "this loop"


def test_w_stands_beside_the_answer_with_its_goal_and_how_often_it_passes_that():
    for params in corners(Params):
        result = result_at("loop", params)
        panels = draw(params, result)["rows"][1]
        assert [panel["view"] for panel in panels] == (["facts"] if result.error else ["curve", "facts"])
        if result.error:
            continue
        [way, _] = panels
        w = [pair[0] for pair in result.weights]
        assert way["lines"] == [["this loop", w], ["its goal, 2", [2] * len(w)]] and way["veiled"]
        passes = sum((before > 2) != (after > 2) for before, after in zip(w, w[1:], strict=False))
        assert way.get("badge", "") == (
            "" if not passes else f"passes its goal {'once' if passes == 1 else f'{passes} times'}"
        )


def test_without_zero_grad_w_passes_its_goal_again_and_again_and_with_it_never():
    badges = [draw(params, run(params))["rows"][1][0].get("badge") for params in (Params(), Params(change="none"))]
    assert badges == ["passes its goal 5 times", None]


def test_where_zero_grad_is_left_out_the_gradient_is_said_to_be_never_emptied():
    rows = draw(Params(), run(Params()))["rows"][0][0]["rows"]
    assert rows[0] == ["zero_grad()", ["left out", "warn"]]
    assert rows[2] == ["backward()", ["adds to .grad, never emptied", "warn"]]
    params = Params(change="no step()")
    assert "never emptied" not in str(draw(params, run(params))["rows"][0][0])
    assert ["step()", ["left out", "warn"]] in draw(params, run(params))["rows"][0][0]["rows"]
