"""The lines of a turn are those that run, in their order."""

import pytest

from figures.loop import draw
from lessons.loop import LEADS, LESSON, Params, caption, meant
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
    curve, [batches] = rows[0][2], rows[4]
    assert curve["lines"] == [
        ["this loop", result.epochs.tolist()],
        ["with zero_grad()", result.epochs_in_order.tolist()],
    ]
    assert [values for _, values in batches["lines"]] == [result.losses, result.in_order]
    assert curve["bold"] == curve["lines"][0][0] == "this loop"


def test_the_loop_beside_it_is_named_by_what_it_has_and_drawn_where_something_is_wrong():
    for params in corners(Params):
        result = result_at("loop", params)
        if not result.error:
            names = [name for name, _ in draw(params, result)["rows"][0][2]["lines"]]
            assert names == ["this loop", *[meant(params)] * (LEADS["none"] not in caption(params, result))]
    assert meant(Params(change="none", schedule="each batch")) == "with scheduler.step() in the outer loop"


def test_each_epoch_is_ringed_to_which_the_loss_has_risen_and_from_which_it_falls():
    for params in corners(Params):
        result = result_at("loop", params)
        if result.error:
            continue
        epochs = result.epochs.tolist()
        peaks = [at for at in range(1, 9) if epochs[at - 1] < epochs[at] > epochs[at + 1]]
        assert draw(params, result)["rows"][0][2].get("ringed", []) == [[at, "@trend"] for at in peaks]
    assert [at for at, _ in draw(Params(), run(Params()))["rows"][0][2]["ringed"]] == [1, 3, 5, 7]


def sums(params):
    return draw(params, result_at("loop", params))["rows"][1][0]


def test_the_gradients_are_those_that_are_added_and_read_in_the_first_turns():
    for params in corners(Params):
        result = result_at("loop", params)
        if result.error:
            assert draw(params, result)["rows"][1][0]["view"] == "facts"
            continue
        panel, (added, read) = sums(params), sums(params)["values"]
        assert panel["veiled"] and panel["colLabels"] == [f"w {w + 0.0:.1f}" for w, _ in result.weights[:9]]
        assert added == [dict(result.adds).get(turn) for turn in range(9)]
        assert read == [dict(result.reads).get(turn) for turn in range(9)]
        w = [pair[0] for pair in result.weights]
        away = [at for at, grad in enumerate(read) if grad and (w[at] - 2) * grad < 0]
        assert [at for at, mark in enumerate(panel.get("marks", [[], []])[1]) if mark == "lit"] == away
        past, below = [at for at in away if w[at] > 2], [at for at in away if w[at] < 2]
        assert ("framed: " in panel["tensor"]) == bool(away)
        still = ", still" if all((read[at - 1] or 0) * read[at] > 0 for at in away) else " and"
        assert (panel["tensor"].endswith(f"w is past 2{still} pushed up")) == (bool(past) and not below)
        assert (panel["tensor"].endswith(f"w is below 2{still} pushed down")) == (bool(below) and not past)
        to_goal = not away and any(grad for grad in read)
        assert panel["tensor"].endswith("always to its goal") == to_goal
        assert all((w[at] - 2) * grad >= 0 for at, grad in enumerate(read) if grad) or not to_goal
        assert panel.get("sub", [[], [""] * 9])[1] == [
            (("↑" if grad < 0 else "↓") + (" past 2" if at in past else " below 2" if at in below else ""))
            if grad
            else ""
            for at, grad in enumerate(read)
        ]
        assert panel["colGroups"] == [["epoch 1", 3], ["epoch 2", 3], ["epoch 3", 3]]


def test_without_zero_grad_step_reads_the_sum_and_goes_on_past_the_goal():
    added, read = sums(Params())["values"]
    assert read == pytest.approx([sum(added[: turn + 1]) for turn in range(9)], rel=1e-5)
    assert sums(Params())["marks"][1] == ["", "", "", "lit", "lit", "", "", "", ""]
    added, read = sums(Params(change="none"))["values"]
    assert added == read and "marks" not in sums(Params(change="none"))


def test_w_and_its_goal_stand_below_with_how_often_it_passes_that():
    for params in corners(Params):
        result = result_at("loop", params)
        if result.error:
            continue
        way = draw(params, result)["rows"][5][0]
        w = [pair[0] for pair in result.weights]
        assert way["lines"] == [["this loop", w], ["its goal, 2", [2] * len(w)]]
        passes = sum((before > 2) != (after > 2) for before, after in zip(w, w[1:], strict=False))
        assert way.get("badge", "") == (
            "" if not passes else f"passes its goal {'once' if passes == 1 else f'{passes} times'}"
        )


def test_where_zero_grad_is_left_out_the_gradient_is_said_to_be_never_emptied():
    rows = draw(Params(), run(Params()))["rows"][0][0]["rows"]
    assert rows[0] == ["zero_grad()", ["left out", "warn"]]
    assert rows[2] == ["backward()", ["adds to .grad, never emptied", "warn"]]
    params = Params(change="no step()")
    assert "never emptied" not in str(draw(params, run(params))["rows"][0][0])
    assert ["step()", ["left out", "warn"]] in draw(params, run(params))["rows"][0][0]["rows"]
