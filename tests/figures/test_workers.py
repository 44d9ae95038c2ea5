"""The chart of the epoch holds every batch twice: where it was loaded and where it was trained on."""

import pytest
import torch

from figures.workers import draw
from lessons.workers import LESSON, Params, Result

run = LESSON.run


def panels(params, result):
    return {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_a_batch_fills_the_slices_of_the_time_it_took():
    """Two workers, 8 batches; 320 ms in 32 slices of 10 ms."""
    loads = [[40 * batch, 40 * batch + 20] for batch in range(8)]
    steps = [[40 * batch + 20, 40 * batch + 40] for batch in range(8)]
    made = Result(
        [0, 1] * 4,
        [[2 * b, 2 * b + 1] for b in range(8)],
        [4] * 9,
        torch.tensor([[1], [9]]),
        loads,
        steps,
        [320.0, 320.0],
    )
    chart = panels(Params(), made)["The first epoch, as measured"]
    assert chart["rowLabels"] == ["w0", "w1", "loop"]
    assert chart["values"][0][:12] == [0, 0, *[None] * 6, 2, 2, None, None]
    assert chart["values"][1][:8] == [None] * 4 + [1, 1, None, None]
    assert chart["values"][2] == [batch for b in range(8) for batch in (None, None, b, b)]
    assert chart["notes"][1][4] == "w1 loads batch 1: 40.0 to 60.0 ms"


def test_batches_that_are_ready_early_wait_in_a_queue_one_below_the_other():
    """Three batches are ready at 20 ms; the loop takes them at 20, 120 and 220 ms; 320 ms in 32 slices."""
    loads, steps = [[0, 20]] * 3, [[20, 120], [120, 220], [220, 320]]
    made = Result([0, 1, 2], [[0], [1], [2]], [3] * 4, torch.tensor([[1], [9]]), loads, steps, [320.0, 320.0])
    chart = panels(Params(num_workers=3, batch_size=1), made)["The first epoch, as measured"]
    assert chart["rowLabels"] == ["w0", "w1", "w2", "q0", "q1", "loop"]
    assert chart["values"][3] == [None] * 2 + [1] * 10 + [None] * 20
    assert chart["values"][4] == [None] * 2 + [2] * 20 + [None] * 10


def test_a_host_without_processes_is_drawn_as_its_error():
    [[panel]] = draw(Params(), Result([], [], [], torch.zeros(0), [], [], [], "PermissionError: no"))["rows"]
    assert panel["view"] == "error" and panel["text"] == "PermissionError: no"


@pytest.mark.parametrize("num_workers", [0, 2])
def test_the_bars_are_the_samples_handed_out_with_the_law_beside_them(num_workers):
    params = Params(num_workers=num_workers, load=0, step=0)
    result = run(params)
    bars = panels(params, result)["Samples handed out for reading, after"]
    assert bars["values"] == result.fetched
    assert [value for _, value in bars["references"]] == ([8] if num_workers else [])


def test_a_stale_copy_is_marked():
    params = Params(persistent_workers=True, load=0, step=0)
    shown = panels(params, run(params))["values"]
    assert shown["marks"] == [[""] * 6, ["error"] * 6] and shown["badge"] == "stale copy"
