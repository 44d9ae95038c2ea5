"""Every card keeps its number and colour from the dataset to the batch."""

import pytest

from figures.batches import draw
from lessons.batches import LESSON, Params

run = LESSON.run


def drawn(**values):
    params = Params(**values)
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


@pytest.mark.parametrize("sampler", Params.__annotations__["sampler"].__args__)
def test_a_card_has_the_same_key_and_colour_wherever_its_number_stands(sampler):
    _, panels = drawn(sampler=sampler)
    for title in ("dataset", "order", "batches of the epoch"):
        for values, keys, groups in zip(*(panels[title][part] for part in ("values", "keys", "groups")), strict=True):
            assert [key and key[0] for key in keys] == ["" if i is None else f"sample-{i}" for i in values]
            assert groups == values


def ringed(panel, key):
    cells = zip(sum(panel["values"], []), sum(panel["keys"], []), strict=True)
    return [i for i, keys in cells if f"@{key}" in keys]


def test_the_cells_that_decide_a_question_are_ringed():
    result, panels = drawn()
    shown = panels["batches of the epoch"]
    assert ringed(shown, "sizes") == result.batches[-1][-1][0].tolist()
    assert ringed(shown, "orders") == result.batches[-1][0][0].tolist() and ringed(shown, "delivered") == []
    result, panels = drawn(sampler="WeightedRandomSampler(2 classes)")
    assert ringed(panels["dataset"], "reach") == [0, 1]
    result, panels = drawn(sampler="DistributedSampler", batch_size=3)
    again = ringed(panels["batches of the epoch"], "delivered")
    assert len(again) == 4 and sorted(again)[::2] == sorted(again)[1::2]


def test_the_batches_can_be_scrubbed_epoch_by_epoch():
    result, panels = drawn(epochs=3)
    frames = panels["batches of the epoch"]["frames"]
    assert [
        [i for row in {**panels["batches of the epoch"], **f}["values"] for i in row if i is not None] for f in frames
    ] == (result.order.tolist())


def test_what_drop_last_leaves_out_is_crossed_out_in_every_epoch():
    _, panels = drawn(n=10, batch_size=4, drop_last=True)
    assert panels["order"]["marks"] == [["card"] * 8 + ["dropped"] * 2] * 4


def test_an_epoch_without_batches_shows_no_batch():
    _, panels = drawn(n=3, drop_last=True)
    assert panels["batches"]["view"] == "table" and "batches of the epoch" not in panels
    assert panels["order"]["marks"] == [["dropped"] * 3] * 4


def test_the_bars_count_what_was_delivered():
    result, panels = drawn(sampler="WeightedRandomSampler")
    assert panels["counts"]["values"] == result.counts.tolist()
