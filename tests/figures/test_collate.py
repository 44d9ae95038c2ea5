"""The two trees show the types that torch made, and the same place lights up in both."""

from figures.collate import draw
from lessons.collate import LESSON, Params

run = LESSON.run


TREES = {"one sample": "sample_tree", "the batch": "batch_tree"}


def drawn(**values):
    params = Params(**values)
    result = run(params)
    return result, {panel["title"]: panel for row in draw(params, result)["rows"] for panel in row}


def test_the_trees_are_the_rows_of_the_result():
    result, panels = drawn(sample="nested")
    for title, field in TREES.items():
        nodes = [
            tuple(node.get(part, "") for part in ("depth", "name", "kind", "facts", "value"))
            for node in panels[title]["nodes"]
        ]
        assert nodes == [(*row[:4], "" if row[2] == "Tensor" else row[4]) for row in getattr(result, field)]


def test_a_tensor_of_two_dims_at_most_is_drawn_as_its_rows_and_columns():
    _, panels = drawn()
    assert [[node.get("sizes") for node in panels[title]["nodes"]] for title in TREES] == [
        [None, [10]],
        [None, [100, 10]],
    ]
    _, panels = drawn(sample="nested")
    assert [node.get("sizes") for node in panels["the batch"]["nodes"] if node["kind"] == "Tensor"][0] is None


def test_a_place_has_the_same_key_in_the_sample_and_in_the_batch():
    _, panels = drawn(sample="dict")
    keys = [[node["key"].split()[0] for node in panels[title]["nodes"]] for title in TREES]
    assert keys[0] == keys[1] == ["root", "root/'x'", "root/'label'"]


def test_the_root_of_the_batch_is_ringed_and_the_keys_that_a_loop_meets():
    _, panels = drawn(sample="QAModel text", batch_size=2)
    batch = [(node["name"], node["key"].split()[1:]) for node in panels["the batch"]["nodes"]]
    assert [keys for _, keys in batch][:2] == [["@batch"], []]
    assert {tuple(keys) for _, keys in batch[2:] if keys} == {("@items",)}


def test_a_refusal_stands_where_the_batch_would():
    result, panels = drawn(sample="None")
    assert "the batch" not in panels and panels["what torch says"]["text"] == result.error


def test_the_table_has_a_row_for_every_batch_size_and_marks_the_chosen_one():
    result, panels = drawn(batch_size=2)
    assert [row[0] for row in panels["by_size"]["rows"]] == list(result.by_size)
    assert panels["by_size"]["lit"] == [2]


def test_beside_the_arrow_stand_how_many_samples_go_into_a_batch_and_what_collates_them():
    for size, rule in ((4, "default_collate"), (None, "default_convert")):
        params = Params(batch_size=size)
        given, call, *_ = draw(params, run(params))["rows"][0]
        assert given.get("badge") == (f"× {size}" if size else None)
        assert (call["title"], call["note"]) == ("DataLoader", f"batch_size={size}, {rule}")
