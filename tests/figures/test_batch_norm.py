"""The picture of BatchNorm is its Result."""

import math
from itertools import product

import pytest

from figures.batch_norm import _shown, draw
from lessons.batch_norm import LESSON, Params, moves

run = LESSON.run


def panels(params):
    return {panel["title"]: panel for row in draw(params, run(params))["rows"] for panel in row}


def value_of(formula: str) -> float:
    """What the numbers of `... = (5.1 - 4.5) / √(2 + 1e-05) × 1 + 0 = 0.4` add up to, up to the last equals sign."""
    arithmetic = formula.split(" = ")[-2]
    return eval(arithmetic.replace("√", "sqrt").replace("×", "*"), {"sqrt": math.sqrt})


@pytest.mark.parametrize("name", ["y_train", "y_eval"])
def test_the_note_of_every_cell_computes_the_cell(name):
    panel = panels(Params())[f"{name}[0]"]
    for values, notes in zip(panel["values"], panel["notes"], strict=True):
        assert [value_of(note) for note in notes] == pytest.approx(values, abs=2e-3)


def test_the_note_of_an_input_holds_the_arithmetic_of_both_modes():
    notes, result = panels(Params())["x"]["notes"], run(Params())
    for n, c, i in product(range(4), range(3), range(5)):
        in_train, in_eval = notes[n][c][i].split(" · ")
        assert value_of(in_train) == pytest.approx(result.y_train[n, c, i].item(), abs=2e-3)
        assert value_of(in_eval) == pytest.approx(result.y_eval[n, c, i].item(), abs=2e-3)


@pytest.mark.parametrize("momentum", [0.1, 0.9, None])
def test_the_arithmetic_of_every_update_gives_the_buffers(momentum):
    params = Params(momentum=momentum)
    frames, result = panels(params)["the buffers ▤ after each batch"]["frames"], run(params)
    for step, frame in list(zip(_shown(params), frames, strict=True))[1:-1]:
        for channel, *updates in frame["rows"]:
            for update, running in zip(updates, (result.running_mean, result.running_var), strict=True):
                old_and_batch, new = update.replace("×", "*").split(" = ")
                assert eval(old_and_batch) == pytest.approx(float(new), abs=2e-3)
                assert float(new) == pytest.approx(running[step, int(channel)].item(), abs=1e-4)


def test_a_train_output_lights_its_whole_channel_and_an_eval_output_one_input():
    shown = panels(Params())
    inputs = [keys for sample in shown["x"]["keys"] for row in sample for keys in row]
    assert sum(shown["y_train[0]"]["keys"][2][3] in keys for keys in inputs) == 4 * 5
    assert sum(shown["y_eval[0]"]["keys"][2][3] in keys for keys in inputs) == 1


def test_the_statistics_are_those_of_both_modes():
    result = run(Params())
    used = (result.mean, result.running_mean[-1], result.var, result.running_var[-1])
    rows = panels(Params())["what each mode uses"]["rows"]
    assert [row[1:] for row in rows] == [[f"{values[c]:.4f}" for values in used] for c in range(3)]


@pytest.mark.parametrize("name", ["running_mean", "running_var"])
def test_the_curve_is_the_history_of_the_buffer_beside_the_batches(name):
    panel, result = panels(Params())[f"{name}[:, 0]"], run(Params())
    [[_, line]], [[_, dots]] = panel["lines"], panel["dots"]
    assert line == getattr(result, name)[:, 0].tolist()
    assert dots == [None, *getattr(result, name.replace("running", "batch"))[:, 0].tolist()]
    assert [frame.get("upto", panel["upto"]) for frame in panel["frames"]] == _shown(Params())


def test_the_steps_end_with_the_last_batch_and_are_few_enough_to_play():
    for steps in range(61):
        shown = _shown(Params(steps=steps))
        assert shown[0] == 0 and shown[-1] == steps and len(shown) <= 17


def test_a_refusal_shows_the_error_beside_what_eval_mode_still_does():
    shown = panels(Params(N=1, L=1))
    assert {panel["view"] for panel in shown.values()} == {"operator", "error", "cube", "grid"}
    assert shown["y_train"]["text"].startswith("ValueError: Expected more than 1 value per channel")
    assert value_of(shown["y_eval[0]"]["notes"][0][0]) == pytest.approx(shown["y_eval[0]"]["values"][0][0], abs=2e-3)


def test_the_dots_are_what_their_legend_says():
    """Train mode divides by the biased variance; the dots beside running_var are the unbiased one that the buffer takes."""
    result = run(Params())
    [[legend, dots]] = panels(Params())["running_var[:, 0]"]["dots"]
    assert "unbiased" in legend and "train mode uses" not in legend
    assert dots[1:] == pytest.approx(result.batch_var[:, 0].tolist())
    [[legend, dots]] = panels(Params())["running_mean[:, 0]"]["dots"]
    assert "which train mode uses" in legend


def test_in_each_mode_the_moves_are_drawn_and_eval_mode_leaves_sample_0_alone():
    result = run(Params())
    drawn = [panel for row in draw(Params(), result)["rows"] for panel in row]
    moves = {panel["badge"]: panel for panel in drawn if panel["title"] == "how far the output moves"}
    for mode, moved in (("eval", result.move_eval), ("train", result.move_train)):
        assert moves[f"{mode} mode"]["values"] == moved[:, 0].tolist()
    assert result.move_eval[0].eq(0).all() and result.move_train[0].ne(0).all()


def test_the_mean_of_the_batch_moves_with_the_others_and_the_stored_one_does_not():
    result = run(Params())
    rows = panels(Params())["what +5 changes in channel 0"]["rows"]
    stored, before, after = (f"{mean[0]:.2f}" for mean in (result.running_mean[-1], result.mean, result.shifted_mean))
    assert [row[1][0] for row in rows] == [
        f"{stored}\u00a0→\u00a0{stored}",
        f"{before}\u00a0→\u00a0{after}",
    ] and before != after
    assert [row[2][0] for row in rows] == ["not at all", moves(result.change_train[0])]
    assert [row[2][2]["key"] for row in rows] == ["eval", "train"]
    assert result.shifted_mean[0].item() == pytest.approx(result.mean[0].item() + 0.75 * 5.0, abs=1e-5)


def test_the_cells_that_are_shifted_say_so_in_the_question_about_them_alone():
    given = panels(Params())["input, channel 0"]
    assert given["values"] == run(Params()).x[:, 0].tolist()
    assert given["sub"] == [[""] * 5, *[["+5"] * 5] * 3]
    for params in (Params(steps=10), Params(N=1), Params(L=1, N=2), Params(shift=0.0)):
        assert "sub" not in panels(params)["input, channel 0"]


def test_one_sample_or_one_position_shows_what_train_mode_makes_of_the_channel():
    for params, key in ((Params(N=1), "@train_returns"), (Params(N=2, L=1), "@range")):
        panel = panels(params)["output, channel 0"]
        assert panel["values"] == run(params).y_train[:, 0].tolist()
        assert all(key in cell for row in panel["keys"] for cell in row)


def test_one_pass_is_one_pass_and_one_sample_has_no_others():
    shown = panels(Params(N=1, steps=1))
    assert "moved by 1 forward pass" in shown and shown["change_train"]["badge"] == "no other sample"
