"""The tree shows every place once, or once for all that look alike, with what the walk gave filled and numbered."""

import json
from dataclasses import replace

import pytest
from torch import nn

from figures.module_tree import access
from figures.traversal import draw
from lessons.traversal import ARCHITECTURES, LESSON, Params, survey, surveyed


def drawn(**params):
    asked = Params(**params)
    result = LESSON.run(asked)
    panels = [panel for row in draw(asked, result)["rows"] for panel in row]
    [tree] = [panel for panel in panels if panel["view"] == "tree"]
    return result, tree["nodes"], panels


def spots(nodes):
    """Modules and their tensors as they are drawn, top to bottom."""
    return [spot for node in nodes for spot in [node, *node.get("parts", ())]]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_line_of_code_gets_what_the_path_names(architecture):
    model = surveyed(architecture)["model"]
    named = [*model.named_modules(remove_duplicate=False), *model.named_parameters(remove_duplicate=False)]
    for path, thing in named:
        assert eval(access(path), {"model": model}) is thing


@pytest.mark.parametrize("walk", ["modules()", "named_parameters()", "buffers()", "state_dict()"])
@pytest.mark.parametrize("architecture", ["Tagger", "CNN"])
def test_what_the_walk_gives_is_filled_and_numbered_in_its_order(architecture, walk):
    result, nodes, _ = drawn(architecture=architecture, walk=walk)
    marked = [spot for spot in spots(nodes) if spot.get("mark") == "walked"]
    assert sorted(int(spot["order"][1:]) for spot in marked) == list(range(1, len(result.walked) + 1))
    assert all(f"number {spot['order'][1:]} of {len(result.walked)}" in spot["note"] for spot in marked)
    assert sum("order" in spot for spot in spots(nodes)) == len(result.walked)


def test_equal_blocks_are_drawn_once_with_their_number():
    _, nodes, _ = drawn(architecture="BERT")
    assert [(node["name"], node["times"]) for node in nodes if "times" in node] == [("0 … 11", 12)]


def test_a_filter_parts_the_blocks_it_keeps_from_those_it_does_not():
    result, nodes, _ = drawn(architecture="BERT", pattern="layer.1")
    blocks = [(node["name"], node.get("times", 1), node["value"]) for node in nodes if node.get("kind") == "BertLayer"]
    assert blocks == [
        ("0", 1, "nothing kept"), ("1", 1, "all 16 kept"), ("2 … 9", 8, "nothing kept"), ("10 … 11", 2, "all 16 kept")
    ]  # fmt: skip
    assert sum(times * 16 for _, times, value in blocks if "all" in value) == len(result.kept)


def test_a_block_of_which_a_part_is_kept_is_drawn_with_its_parts():
    result, nodes, _ = drawn(architecture="BERT", pattern="query.weight")
    [block] = [node for node in nodes if node.get("kind") == "BertLayer"]
    assert block["times"] == 12 == len(result.kept) and "value" not in block
    marks = {part["name"]: part["mark"] for node in nodes if node["name"] == "query" for part in node["parts"]}
    assert marks == {"weight": "walked", "bias": "dropped"}


def test_modules_that_a_filter_keeps_are_parted_from_equal_ones():
    _, nodes, _ = drawn(architecture="BERT", walk="named_modules()", pattern="layer.1")
    blocks = [(node["name"], node["mark"]) for node in nodes if node.get("kind") == "BertLayer"]
    assert blocks == [("0", "dropped"), ("1", "walked"), ("2 … 9", "dropped"), ("10 … 11", "walked")]


def test_one_object_under_several_names_carries_one_letter():
    _, nodes, _ = drawn()
    places = {node["name"]: node for node in nodes}
    assert places["first"]["same"] == places["second"]["same"]
    [embedding], [head] = places["embedding"]["parts"], places["head"]["parts"]
    assert embedding["same"] == head["same"] and embedding["key"] == head["key"]
    assert "the same object as model.head.weight" in embedding["note"]


def test_hidden_modules_are_flagged_where_they_are_kept():
    _, nodes, _ = drawn()
    assert [(node["name"], node["depth"]) for node in nodes if node.get("mark") == "hidden"] == [
        ("extra[0]", 1),
        ("extra[1]", 1),
    ]


def test_the_table_of_what_was_kept_is_in_order_and_says_what_it_leaves_out():
    result, _, panels = drawn(architecture="BERT", pattern="layer.1")
    [table] = [panel for panel in panels if panel["title"] == "In order"]
    shown = [row[1] for row in table["rows"]]
    assert shown == result.kept[: len(shown)] and f"and {len(result.kept) - len(shown)} more" in table["note"]
    assert f"{len(result.kept)} of {len(result.walked)}" in table["badge"]


def test_a_wrong_and_a_slow_regex_leave_the_tree_and_say_why():
    for pattern in ("stem.[0", r"(?P<a>(?&a)a)"):
        _, nodes, panels = drawn(architecture="CNN", pattern=pattern, match="search")
        assert [panel["view"] for panel in panels if panel["view"] == "error"] == ["error"]
        assert sum(spot.get("mark") == "walked" for spot in spots(nodes)) == 10


def test_a_thousand_equal_modules_make_a_small_picture():
    block = lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU())  # noqa: E731
    model = nn.Sequential(*(block() for _ in range(250)))
    for params in (Params(), Params(pattern="7")):
        made = survey(params, {"model": model})
        figure = draw(params, replace(LESSON.program, given=lambda _, made=made: made).run(params))
        assert len(json.dumps(figure)) < 50_000


def hero(**params):
    asked = Params(**params)
    drawn = draw(asked, LESSON.run(asked))
    return [panel for row in drawn["rows"][: drawn["hero"]] for panel in row]


def test_the_input_names_each_child_once_with_what_is_shared_or_not_registered():
    rows = [(name.replace("\N{NO-BREAK SPACE}", " "), held) for name, held in hero(walk="modules()")[0]["rows"]]
    children = {name: held if isinstance(held, str) else held[0] for name, held in rows}
    assert children == {
        "1. embedding": "Embedding, same weight as head", "2. first": "Linear", "3. second": "same layer as first",
        "4. norm": "BatchNorm1d", "5. head": "Linear, same weight as embedding", "extra": "list of 2, not registered",
    }  # fmt: skip


@pytest.mark.parametrize("walk", ["modules()", "named_parameters()", "state_dict()"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_output_names_everything_that_is_given_or_counts_it_by_its_block(architecture, walk):
    result, _, _ = drawn(architecture=architecture, walk=walk)
    out = hero(architecture=architecture, walk=walk)[2]
    if len(result.kept) <= 8:
        named = [row[0] if isinstance(row[0], str) else row[0][0] for row in out["rows"]]
        assert named[: len(result.kept)] == [path or "model itself" for path in result.kept]
        twins = {name: group[0] for group in result.twins for name in group[1:]}
        assert len(named) == len(result.kept)
        told = [row[-1] for row in out["rows"]] if "not given" in out["columns"][-1] else []
        others = [(row, name) for row, cell in enumerate(told) if cell for name in cell[0].split(", ")]
        assert all(twins[name] == result.kept[row] and name not in result.walked for row, name in others)
        assert {name for _, name in others} == {
            name for name, first in twins.items() if first in result.walked and name not in result.walked
        }
        return
    if "more rows" not in out.get("note", ""):
        total = 0
        for cell, size in out["rows"]:
            name = cell if isinstance(cell, str) else cell[0]
            first, _, last = name.rpartition(".")[2].partition(" … ")
            total += (int(last) - int(first) + 1 if last else 1) * int(size.removesuffix(" each"))
        assert total == len(result.kept)


def test_blocks_that_a_text_takes_along_stand_in_rows_of_their_own():
    out = hero(architecture="BERT", pattern="layer.1")[2]
    ringed = [{"key": "@blocks"}] * 2
    assert out["rows"] == [
        [["encoder.layer.1", "", ringed[0]], "16"], [["encoder.layer.10 … 11", "", ringed[1]], "16 each"],
    ]  # fmt: skip


def test_of_a_tied_weight_the_name_that_is_given_is_ringed_and_the_other_one_too():
    rows = hero()[2]["rows"]
    assert rows[0] == [["embedding.weight", "", {"key": "@tied"}], ["head.weight", "muted", {"key": "@tied"}]]
    assert rows[1][1] == ["second.weight", "muted"]
    assert hero(walk="modules()")[2]["rows"][2][0] == ["first", "", {"key": "@layer"}]
