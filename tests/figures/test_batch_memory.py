"""The bars are the bytes of the Result, and their sum is its total."""

import pytest

from figures.batch_memory import MIB, draw
from lessons.batch_memory import LESSON, Params

run = LESSON.run


def drawn(**values):
    params = Params(**values)
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_the_bars_of_the_bill_add_up_to_its_total():
    result, panels = drawn()
    values = panels["Bill at batch_size 8, counted on the CPU"]["values"]
    assert sum(values) * MIB == result.total
    assert values[-1] * MIB == result.activations


def test_the_chosen_batch_size_stands_among_the_others_in_order():
    result, panels = drawn(batch_size=5)
    bill = panels["Whole bill by batch_size"]
    assert bill["labels"] == ["1", "5", "8", "16"]
    assert bill["marks"].index("lit") == 1 and bill["values"][1] * MIB == result.total


@pytest.mark.parametrize(
    ("values", "title", "ringed"),
    [
        ({}, "after y = net(x), in memory", {"@double": ["activations, 16 items"], "@graph": ["activations, 8 items"]}),
        ({"optimizer": "AdamW"}, "Bill at batch_size 8, counted on the CPU", {"@state": ["gradients", "optimizer state"]}),
        ({"frozen": "first half"}, "Saved for one item in train mode, by what is frozen", {"@half": ["first half", "last half"]}),
    ],
)  # fmt: skip
def test_the_hero_holds_the_bars_that_the_settings_are_about(values, title, ringed):
    params = Params(**values)
    bars = draw(params, run(params))["rows"][0][2]
    assert bars["title"] == title and "veiled" in bars
    for key, labels in ringed.items():
        assert [name for name, keys in zip(bars["labels"], bars["keys"], strict=True) if key in keys] == labels


@pytest.mark.parametrize("budget, verdict", [(7, ["no", "warn"]), (8, ["yes", "yes"])])
def test_the_verdict_is_on_the_same_side_of_the_budget_as_the_bar(budget, verdict):
    result, panels = drawn(budget=budget)
    assert ["this batch fits", verdict] in panels["What fits"]["rows"]
    assert (result.total <= budget * MIB) == (result.max_batch >= 8) == (verdict[0] == "yes")


def test_the_tensors_kept_are_all_that_is_saved():
    result, panels = drawn(attention="SDPA")
    assert sum(size for *_, size in panels["kept: what the graph holds for backward()"]["rows"]) == result.activations


def test_the_bars_of_what_is_frozen_mark_what_is_set():
    result, panels = drawn(frozen="last half")
    bars = panels["Saved for one item in train mode, by what is frozen"]
    assert [size * MIB for size in bars["values"]] == list(result.by_frozen.values())
    assert bars["labels"][bars["marks"].index("lit")] == "last half"


@pytest.mark.parametrize(
    "values", [{}, {"mode": "eval"}, {"frozen": "all"}, {"mode": "no_grad"}, {"layers": 1, "frozen": "last half"}]
)
def test_the_facts_of_the_hero_are_read_off_the_result(values):
    result, panels = drawn(**values)
    text = {item["key"]: item["text"] for item in panels[""]["items"]}
    assert (text["graph"] == "None") == (not result.activations)
    assert (text["double"] == "×2: activations alone") == bool(result.activations)
    assert (text["fits"] == "fits") == (result.total <= 8 * MIB)
    first, last = result.by_frozen["first half"], result.by_frozen["last half"]
    half = "neither: both the same" if first == last else "the first half" if first < last else "the last half"
    assert text.get("half") == (half if "frozen" in values else None)


def test_the_measured_throughput_is_drawn_only_where_it_was_asked_for():
    result, panels = drawn(measure=True, length=8, width=16, layers=1)
    assert panels["Items a second by batch_size, measured on cpu"]["values"] == list(result.throughput.values())
    assert not [title for title in drawn()[1] if "Items a second" in title]


def test_the_batches_that_are_compared_are_those_of_the_question_and_the_one_that_is_set():
    for size, shown in ((8, [8, 16]), (3, [3, 8, 16]), (32, [8, 16, 32])):
        params = Params(batch_size=size)
        result = run(params)
        given, _, came = draw(params, result)["rows"][0]
        assert [(node["facts"], node["sizes"]) for node in given["nodes"] if node["name"] == "x"] == [
            (f"{size} items", [size]) for size in shown
        ]
        assert came["labels"] == ["weights, already there", *(f"activations, {size} items" for size in shown)]
        drawn = [round(value * MIB) for value in came["values"]]
        assert drawn == [result.weights, *(result.by_size[size] for size in shown)]


@pytest.mark.parametrize("values", [{"optimizer": "AdamW"}, {"frozen": "last half"}])
def test_where_one_batch_is_enough_the_settings_that_matter_stand_below_it(values):
    given = draw(Params(**values), run(Params(**values)))["rows"][0][0]
    assert [node["sizes"] for node in given["nodes"] if node["name"] == "x"] == [[8]]
    assert all(value in given["note"] for value in values.values())


@pytest.mark.parametrize("values", [{}, {"batch_size": 32}, {"mode": "no_grad"}])
def test_lines_stand_at_multiples_of_what_is_saved_for_8_items(values):
    params = Params(**values)
    result = run(params)
    bars = draw(params, result)["rows"][0][2]
    once = result.by_size[8] / MIB
    drawn = (1, 2, 4) if params.batch_size == 32 else (1, 2)
    assert [tuple(line) for line in bars["references"]] == [(f"×{times}", times * once) for times in drawn if once]


def test_the_words_for_a_block_are_the_modules_that_it_has():
    made = {}
    exec(LESSON.snippet(Params()), made)
    *_, block = draw(Params(), run(Params()))["rows"][0][0]["nodes"]
    mlp = [type(part).__name__ for part in made["net"][0].mlp]
    assert (block["facts"], block["times"]) == (" → ".join(mlp), len(made["net"]))
