"""Batches that drew the same numbers have one colour, and the cells that decide a question are ringed."""

import pytest

from figures.worker_seeds import draw
from lessons.worker_seeds import LESSON, Params


def hero(**values):
    params = Params(**values)
    result = LESSON.run(params)
    picture = draw(params, result)
    return result, {panel["title"]: panel for row in picture["rows"][: picture["hero"]] for panel in row}


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("source", ["kept generator", "torch.randint"])
def test_a_cell_holds_the_numbers_of_its_batch_and_equal_ones_share_a_colour(num_workers, source):
    result, shown = hero(num_workers=num_workers, source=source)
    drawn = shown["what each batch drew"]
    batches = [tuple(batch) for epoch in result.numbers.tolist() for batch in epoch]
    assert sum(drawn["values"], []) == [f"{one}, {other}" for one, other in batches]
    assert len(set(sum(drawn["groups"], []))) == len(set(batches))
    readers = [f"worker {who}" if who >= 0 else "loop" for who in result.worker]
    assert (drawn["colLabels"], drawn["colGroups"]) == (readers, [[f"batch {at}", 1] for at in range(4)])


def test_the_first_two_batches_and_the_second_epoch_are_ringed():
    _, shown = hero(num_workers=0)
    [first, second] = shown["what each batch drew"]["keys"]
    assert ["@batches" in keys for keys in first] == [True, True, False, False]
    assert all("@epochs" in keys for keys in second)


@pytest.mark.parametrize(
    "values, told",
    [
        ({"persistent_workers": False}, "drew for this epoch + the worker's id"),
        ({"persistent_workers": True}, "drew when it started the workers, which it keeps, + the worker's id"),
        ({"num_workers": 0}, "the loop keeps its own seed"),
    ],
)
def test_the_note_of_the_seeds_says_when_they_were_drawn(values, told):
    params = Params(**values)
    result = LESSON.run(params)
    first, second = result.seeds
    assert (first == second) == ("this epoch" not in told)
    panels = [panel for row in draw(params, result)["rows"] for panel in row]
    [seeds] = [panel for panel in panels if panel["title"].startswith("torch.initial_seed()")]
    assert told in seeds["note"]


@pytest.mark.parametrize(
    ("num_workers", "label"),
    [
        (0, "compared with batch 0, batch 1 gets"),
        (1, "compared with batch 0, batch 1 gets"),
        (2, "compared with worker 0, worker 1 draws"),
        (3, "compared with worker 0, worker 1 draws"),
    ],
)
def test_two_workers_are_compared_where_there_are_two(num_workers, label):
    _, shown = hero(num_workers=num_workers)
    assert shown[""]["items"][0]["label"] == label
