"""The chart of the epoch holds every batch twice: where it was loaded and where it was trained on."""

import math

import pytest
import torch

from figures.workers import draw
from lessons.workers import LESSON, SHARED, Params, Result

run = LESSON.run


def panels(params, result):
    return {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def lanes(params, result):
    return panels(params, result)["the first epoch, as measured"]["lanes"]


def test_a_span_is_as_long_as_it_took_in_the_lane_of_who_did_it():
    """Two workers, 8 batches, one after the other."""
    loads = [[40.0 * batch, 40.0 * batch + 20] for batch in range(8)]
    steps = [[40.0 * batch + 20, 40.0 * batch + 40] for batch in range(8)]
    indices, values = [[2 * b, 2 * b + 1] for b in range(8)], torch.tensor([[1], [9]])
    seen = lanes(Params(), Result([0, 1] * 4, indices, indices, 0, [4] * 9, values, loads, steps, [320.0, 320.0]))
    assert [name for name, _ in seen] == ["worker 0", "worker 1", "loop"]
    assert seen[1][1][0] == [40.0, 60.0, "1", "loads", "batch-1", "worker 1 loads batch 1: 40.0 to 60.0 ms"]
    assert seen[2][1][0][4] == "batch-0 @place"
    assert [span[:2] for span in seen[0][1]] == loads[::2]
    assert [span[:3] for span in seen[2][1]] == [[*step, str(batch)] for batch, step in enumerate(steps)]


def test_batches_that_are_ready_early_wait_one_below_the_other():
    """Three batches are ready at 20 ms; the loop takes them at 20, 120 and 220 ms."""
    loads, steps = [[0.0, 20.0]] * 3, [[20.0, 120.0], [120.0, 220.0], [220.0, 320.0]]
    made = Result(
        [0, 1, 2], [[0], [1], [2]], [[0], [1], [2]], 0, [3] * 4, torch.tensor([[1], [9]]), loads, steps, [320.0, 320.0]
    )
    seen = lanes(Params(num_workers=3, batch_size=1), made)
    assert [name for name, _ in seen] == ["worker 0", "worker 1", "worker 2", "ready 1", "ready 2", "loop"]
    assert [spans for _, spans in seen[3:5]] == [
        [[20.0, 120.0, "1", "waits", "batch-1", "batch 1 is loaded and waits: 20.0 to 120.0 ms"]],
        [[20.0, 220.0, "2", "waits", "batch-2", "batch 2 is loaded and waits: 20.0 to 220.0 ms"]],
    ]


def test_a_host_without_processes_is_drawn_as_its_error():
    [[_, _, panel]] = draw(Params(), Result([], [], [], 0, [], torch.zeros(0), [], [], [], "PermissionError: no"))[
        "rows"
    ]
    assert panel["view"] == "error" and panel["text"] == "PermissionError: no"


@pytest.mark.parametrize("num_workers", [0, 2])
def test_the_bars_are_the_samples_handed_out_with_the_law_beside_them(num_workers):
    params = Params(num_workers=num_workers, load=0, step=0)
    result = run(params)
    bars = panels(params, result)["Samples requested, after"]
    assert bars["values"] == result.fetched
    assert [value for _, value in bars["references"]] == ([12] if num_workers else [])


def test_a_stale_copy_is_marked():
    params = Params(persistent_workers=True, load=0, step=0)
    drawn = panels(params, run(params))
    shown = drawn["values"]
    assert shown["marks"] == [[""] * 6, ["error"] * 6] and shown["badge"] == "stale copy"
    hero = drawn["dataset.value as each batch saw it"]
    assert hero["values"] == shown["values"] and hero["marks"] == shown["marks"] and "veiled" in hero
    assert [["@second" in keys for keys in row] for row in hero["keys"]] == [[False] * 6, [True] * 6]


@pytest.mark.parametrize("num_workers", [0, 2, 3])
def test_the_hero_holds_the_queue_of_each_worker_when_the_loader_returns(num_workers):
    params = Params(num_workers=num_workers, load=1, step=1)
    result = run(params)
    [shown] = [panel for title, panel in panels(params, result).items() if title.endswith("when iter(loader) returns")]
    left = 6 - result.fetched[0] // 3
    if left:
        waits, last = shown["values"].pop(), shown["rowLabels"].pop()
        assert (last, waits) == (
            "not yet",
            [f"{left} batches: {result.fetched[0]} … 17"],
        )
        assert shown["keys"].pop() == [[f"batch-{batch}" for batch in range(6 - left, 6)]]
    assert shown.get("badge") == (None if left else "all batches")
    cells = zip(sum(shown["values"], []), sum(shown["keys"], []), strict=True)
    ringed = [text for text, keys in cells if "@handed" in keys]
    if not num_workers:
        assert ringed == ["no sample"] and shown["title"] == "read when iter(loader) returns"
        return
    assert sum(len(text.split(", ")) for text in ringed) == result.fetched[0]
    rows = [*zip(shown["rowLabels"], shown["values"], strict=True)]
    for place, worker in enumerate(result.worker):
        names = [name for name, row in rows if ", ".join(map(str, result.indices[place])) in row]
        assert names == [f"worker {worker}"] * (place < result.fetched[0] // params.batch_size)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_the_ringed_number_is_the_product_of_its_note(factor):
    params = Params(num_workers=3, prefetch_factor=factor, batch_size=2, load=0, step=0, first=2)
    result = run(params)
    [fact] = [item for item in panels(params, result)[""]["items"] if item["key"] == "handed"]
    said = fact["note"].replace("all", str(len(result.worker))).replace(" batches", "")
    assert f"{math.prod(map(int, said.split(' × ')))} samples" == fact["text"] == f"{result.fetched[0]} samples"


def test_the_axis_ends_with_the_epoch_of_the_caption():
    params = Params(load=1, step=1, first=2)
    result = run(params)
    assert panels(params, result)["the first epoch, as measured"]["end"] == result.epochs[0]


def test_the_input_is_the_samples_of_each_batch_in_the_colour_of_its_spans():
    [given, *_] = draw(Params(batch_size=3), run(Params(batch_size=3, load=0, step=0)))["rows"][0]
    assert sum(given["values"], []) == list(range(18)) and given["groups"][4] == [4, 4, 4]
    assert given["keys"][4] == ["batch-4"] * 3 and "veiled" not in given


def test_a_line_of_another_sample_is_marked():
    indices, lines = [[0, 1], [2, 3]], [[0, 2], [1, 3]]
    spans, values = [[0.0, 1.0], [1.0, 2.0]], torch.tensor([[1], [9]])
    made = Result([0, 1], indices, lines, 16, [4] * 3, values, spans, spans, [2.0, 2.0])
    shown = panels(Params(reads=SHARED), made)
    lines = shown["the line that each sample got"]
    assert lines["marks"] == [["", "error"], ["error", ""]] and "@shared" in lines["keys"][1][0]
    told = {item["key"]: item["text"] for item in shown[""]["items"]}
    assert told["strangers"] == "2 of 4 samples" and told["shared"] == "the position in the file"
