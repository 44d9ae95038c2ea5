"""The tree shows every place once, or once for all that look alike, with what the walk gave filled and numbered."""

import json

import pytest
from torch import nn

from figures.module_tree import access
from figures.traversal import draw
from lessons.traversal import ARCHITECTURES, Params, _model, run, survey, walk_through


def drawn(**params):
    asked = Params(**params)
    result = run(asked)
    rows = draw(asked, result)["rows"]
    return result, rows[0][0]["nodes"], [panel for row in rows for panel in row]


def spots(nodes):
    """Modules and their tensors as they are drawn, top to bottom."""
    return [spot for node in nodes for spot in [node, *node.get("parts", ())]]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_line_of_code_gets_what_the_path_names(architecture):
    model = _model(architecture)
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
    table = panels[-1]
    shown = [row[1] for row in table["rows"]]
    assert shown == result.kept[: len(shown)] and f"and {len(result.kept) - len(shown)} more" in table["note"]
    assert f"{len(result.kept)} of {len(result.walked)}" in table["badge"]


def test_a_wrong_and_a_refused_regex_leave_the_tree_and_say_why():
    for pattern in ("stem.[0", r"(stem)\1"):
        _, nodes, panels = drawn(architecture="CNN", pattern=pattern, match="re.search")
        assert [panel["view"] for panel in panels if panel["view"] == "error"] == ["error"]
        assert sum(spot.get("mark") == "walked" for spot in spots(nodes)) == 10


def test_a_thousand_equal_modules_make_a_small_picture():
    block = lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.ReLU())  # noqa: E731
    model = nn.Sequential(*(block() for _ in range(250)))
    for params in (Params(), Params(pattern="7")):
        figure = draw(params, walk_through(model, survey(model), params))
        assert len(json.dumps(figure)) < 50_000
