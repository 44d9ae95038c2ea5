"""The picture of BatchNorm is its Result."""

import math
import re

import pytest

from figures.batch_norm import draw
from lessons.batch_norm import Params, run


def panels(params):
    return {panel["title"]: panel for row in draw(params, run(params))["rows"] for panel in row}


def value_of(formula: str) -> float:
    """What the numbers of `... = (5.1 - 4.5) / √(2 + 1e-05) × 1 + 0 = 0.4` add up to, up to the last equals sign."""
    arithmetic = formula.split(" = ")[-2]
    return eval(arithmetic.replace("√", "sqrt").replace("×", "*"), {"sqrt": math.sqrt})


@pytest.mark.parametrize("name", ["y_train", "y_eval"])
def test_the_note_of_every_cell_computes_the_cell(name):
    panel = panels(Params())[name]
    for sample, notes in zip(panel["values"], panel["notes"], strict=True):
        for values, row in zip(sample, notes, strict=True):
            assert [value_of(note) for note in row] == pytest.approx(values, abs=2e-3)


@pytest.mark.parametrize("momentum", [0.1, 0.9, None])
def test_the_arithmetic_of_the_last_updates_gives_the_buffers(momentum):
    params = Params(momentum=momentum)
    [table] = [panel for title, panel in panels(params).items() if title.startswith("the last updates")]
    result = run(params)
    for step, channel, *updates in table["rows"]:
        for update, running in zip(updates, (result.running_mean, result.running_var), strict=True):
            old_and_batch, new = update.replace("×", "*").split(" = ")
            assert eval(old_and_batch) == pytest.approx(float(new), abs=2e-3)
            assert float(new) == pytest.approx(running[int(step), int(channel)].item(), abs=1e-4)


def test_a_train_output_lights_its_whole_channel_and_an_eval_output_one_input():
    shown = panels(Params())
    inputs = [keys for sample in shown["x"]["keys"] for row in sample for keys in row]
    assert sum(shown["y_train"]["keys"][1][2][3] in keys for keys in inputs) == 4 * 5
    assert sum(shown["y_eval"]["keys"][1][2][3] in keys for keys in inputs) == 1


def test_the_statistics_are_those_of_both_modes():
    params = Params()
    result = run(params)
    used = (result.mean, result.running_mean[-1], result.var, result.running_var[-1])
    assert panels(params)["what each mode uses"]["values"] == [values.tolist() for values in used]


def test_the_curve_is_the_history_of_the_buffer():
    params = Params()
    chart = panels(params)["running_mean after each batch"]
    assert [line["y"] for line in chart["data"][:3]] == run(params).running_mean.T.tolist()


def test_a_refusal_shows_the_error_beside_what_eval_mode_still_does():
    shown = panels(Params(N=1, L=1))
    assert {panel["view"] for panel in shown.values()} == {"error", "cube"}
    assert re.match("ValueError", shown["train"]["text"])
    assert re.search(re.escape("running_mean"), shown["y_eval"]["notes"][0][0][0])
