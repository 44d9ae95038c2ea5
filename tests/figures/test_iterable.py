"""Every item keeps its number and colour from the stream to the batch."""

from figures.iterable import draw
from lessons.iterable import LESSON, Params


def drawn(**values):
    params = Params(**values)
    result = LESSON.run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_what_drop_last_leaves_out_is_crossed_out_in_the_stream_of_its_worker():
    _, panels = drawn(n=11, sharding="stride", drop_last=True)
    reads = panels["what each worker reads"]
    assert reads["values"] == [[0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, None]]
    assert reads["marks"] == [["card"] * 4 + ["dropped"] * 2, ["card"] * 4 + ["dropped", ""]]


def test_an_item_has_the_same_key_and_colour_wherever_it_stands():
    _, panels = drawn(n=7, num_workers=3, buffer=3)
    for title in ("what each worker reads", "Batches, in the order of the loop"):
        for values, keys, groups in zip(*(panels[title][part] for part in ("values", "keys", "groups")), strict=True):
            named = [keys if isinstance(keys, str) else keys[0] for keys in keys]
            assert named == ["" if i is None else f"item-{i}" for i in values] and groups == values


def ringed(panel, key):
    cells = zip(sum(panel["values"], []), sum(panel["keys"], []), strict=True)
    return [i for i, keys in cells if f"@{key}" in keys]


def test_the_cells_that_decide_a_question_are_ringed():
    result, panels = drawn()
    reads = panels["what each worker reads"]
    assert ringed(reads, "first") == [0, 1, 2, 3] and ringed(reads, "delivered") == [*range(12)]
    assert ["@delivered" in key for key in reads["keys"][0]] == [False] * 12
    assert ringed(reads, "length") == result.batches[-1].tolist()
    result, panels = drawn(sharding="stride", drop_last=True)
    lost = [i for i, times in enumerate(result.counts.tolist()) if not times]
    assert ringed(panels["the stream"], "lost") == lost and len(lost) == result.lost
    assert ringed(panels["what each worker reads"], "delivered") == []


def test_a_worker_that_reads_what_another_has_read_says_so():
    _, panels = drawn(num_workers=3)
    reads = panels["what each worker reads"]
    assert reads["rowLabels"] == ["worker 0", "worker 1, again", "worker 2, again"]
    assert ringed(reads, "delivered") == [*range(12)] * 2
    _, panels = drawn(num_workers=3, sharding="block")
    assert panels["what each worker reads"]["rowLabels"] == ["worker 0", "worker 1", "worker 2"]


def test_over_what_is_read_stand_the_batches_of_each_worker():
    for values, names in (
        ({}, ["its batch 0", "its batch 1", "its batch 2"]),
        ({"n": 6}, ["its batch 0", "batch 1"]),
        ({"batch_size": 1, "n": 3}, ["0", "1", "2"]),
    ):
        reads = drawn(**values)[1]["what each worker reads"]
        assert [name for name, _ in reads["colGroups"]] == names
        assert sum(size for _, size in reads["colGroups"]) == len(reads["values"][0])


def test_the_sum_is_what_each_worker_delivers():
    _, panels = drawn(sharding="stride", drop_last=True)
    assert panels["what each worker reads"]["badge"] == "4 + 4 = 8 items for the loop"
    _, panels = drawn(num_workers=1)
    assert "badge" not in panels["what each worker reads"]


def test_the_batches_stand_in_the_order_of_the_loop_with_their_worker():
    result, panels = drawn(n=7, num_workers=2, batch_size=3)
    batches = panels["Batches, in the order of the loop"]
    assert [[i for i in column if i is not None] for column in zip(*batches["values"], strict=True)] == [
        b.tolist() for b in result.batches
    ]
    assert batches["colLabels"][:2] == ["w0", "w1"]


def test_the_facts_count_what_came_and_what_never_came():
    result, panels = drawn(sharding="stride", drop_last=True)
    told = {item["key"]: item["text"] for item in panels[""]["items"]}
    assert (
        (told["delivered"], told["lost"])
        == ("8 items", "4 items")
        == (f"{len(result.received)} items", f"{result.lost} items")
    )
    assert panels["counts"]["marks"] == [["error" if times == 0 else "" for times in result.counts.tolist()]]


def test_each_batch_of_the_processes_is_compared_with_the_computed_one():
    _, panels = drawn(processes=True)
    rows = panels["Computed and delivered"]["rows"]
    assert len(rows) == 6 and all(here == real and verdict == ["equal", "yes"] for _, here, real, verdict in rows)
