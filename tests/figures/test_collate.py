"""The two trees show the types that torch made, and the same place lights up in both."""

from figures.collate import draw
from lessons.collate import LESSON, Params, kind_of

run = LESSON.run


def drawn(**values):
    """The Result, its panels by title, and the nodes that go in and come out."""
    params = Params(**values)
    result = run(params)
    panels = {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}
    trees = [panel["nodes"] for title, panel in panels.items() if title.startswith("what ") and "nodes" in panel]
    return result, panels, trees


def test_the_trees_are_the_rows_of_the_result_and_a_root_says_what_all_of_it_is():
    result, _, trees = drawn(sample="nested")
    for nodes, rows in zip(trees, (result.sample_tree, result.batch_tree), strict=True):
        seen = [tuple(node.get(part, "") for part in ("depth", "name", "kind", "facts", "value")) for node in nodes]
        assert seen[0] == (0, rows[0][1], kind_of(rows), "", "")
        assert seen[1 : len(rows)] == [(*row[:4], "" if row[2] == "Tensor" else row[4]) for row in rows[1:]]


def test_a_tensor_of_two_dims_at_most_is_drawn_as_its_rows_and_columns():
    *_, (samples, batch) = drawn()
    assert [node.get("sizes") for node in samples] == [None, [10]] * 3 + [None]
    assert [node.get("sizes") for node in batch] == [None, [100, 10]]
    *_, (_, batch) = drawn(sample="nested")
    assert [node.get("sizes") for node in batch if node["kind"] == "Tensor"][0] is None
    *_, (_, batch) = drawn(sample="tensor", batch_size=7)
    assert [(node["kind"], node["facts"], node["sizes"]) for node in batch] == [("Tensor float32", "(7, 3)", [7, 3])]


def test_what_goes_in_is_as_many_of_the_first_samples_as_there_is_room_for_and_the_count_of_the_others():
    for values, names in (
        ({}, ["dataset[0]", "dataset[1]", "dataset[2]", "… 97 more"]),
        ({"batch_size": 2}, ["dataset[0]", "dataset[1]"]),
        ({"batch_size": None}, ["dataset[0]"]),
        ({"sample": "nested", "batch_size": 4}, ["dataset[0]", "… 3 more"]),
    ):
        _, panels, (samples, *_) = drawn(**values)
        assert [node["name"] for node in samples if not node["depth"]] == names
        assert len({node["key"] for node in samples}) == len(samples)


def test_a_place_has_the_same_key_in_the_first_sample_and_in_the_batch():
    *_, trees = drawn(sample="dict")
    keys = [[node["key"].split()[0] for node in nodes[:3]] for nodes in trees]
    assert keys[0] == keys[1] == ["root", "root/'x'", "root/'label'"]


def test_the_root_of_the_batch_is_ringed_and_the_keys_that_a_loop_meets():
    *_, (_, nodes) = drawn(sample="QAModel text", batch_size=2)
    batch = [(node["name"], node["key"].split()[1:]) for node in nodes]
    assert [keys for _, keys in batch][:2] == [["batch"], []]
    assert {tuple(keys) for _, keys in batch[2:] if keys} == {("@items",)}


def test_a_refusal_stands_where_the_batch_would():
    result, panels, trees = drawn(sample="None")
    assert len(trees) == 1 and panels["what torch says"]["text"] == result.error


def test_the_table_has_a_row_for_every_batch_size_and_marks_the_chosen_one():
    result, panels, _ = drawn(batch_size=2)
    assert [row[0] for row in panels["by_size"]["rows"]] == list(result.by_size)
    assert panels["by_size"]["lit"] == [2]


def test_beside_the_arrow_stand_how_many_samples_go_into_a_batch_and_what_collates_them():
    for size, rule in ((4, "default_collate"), (None, "default_convert")):
        params = Params(batch_size=size)
        given, call, *_ = draw(params, run(params))["rows"][0]
        assert given["title"] == f"what goes in: {size or 1} sample{'s' if size else ''}"
        assert (call["title"], call["note"]) == ("DataLoader", f"batch_size={size}, {rule}")
