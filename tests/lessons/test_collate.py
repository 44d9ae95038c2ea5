"""The tree of a batch follows from the tree of a sample, and from batch_size only where it is None."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import default_collate

from lessons.collate import LESSON, Params, caption, details, kind_of

run = LESSON.run

SAMPLES = Params.__annotations__["sample"].__args__


def types(nodes):
    return [(depth, name, kind, facts.split(" ")[0]) for depth, name, kind, facts, _ in nodes]


@given(sample=st.sampled_from(SAMPLES), sizes=st.tuples(st.integers(1, 100), st.integers(1, 100)))
def test_batch_size_changes_no_type(sample, sizes):
    one, other = (run(Params(sample=sample, batch_size=size)) for size in sizes)
    if one.batch_tree and other.batch_tree:
        assert one.batch_tree[0][2] == other.batch_tree[0][2]
        if sample != "nested" and sample != "tuple (x, label)":  # they hold a tuple of strings, as long as the batch
            assert [(d, n, k) for d, n, k, *_ in one.batch_tree] == [(d, n, k) for d, n, k, *_ in other.batch_tree]


@given(size=st.integers(1, 100))
def test_stacking_puts_the_batch_in_front(size):
    assert run(Params(batch_size=size)).batch_tree[1][3] == f"float32 {(size, 10)}"
    assert run(Params(sample="tensor (1, T)", batch_size=size)).batch_tree[0][3] == f"int64 {(size, 1, 6)}"


def test_without_a_batch_size_no_axis_is_added():
    assert run(Params(sample="tensor (1, T)", batch_size=None)).batch_tree[0][3] == "int64 (1, 6)"


@pytest.mark.parametrize(
    ("sample", "dtype"),
    [("int", "int64"), ("float", "float64"), ("1 first, then 2.5", "float32"), ("2.5 first, then 1", "float64")],
)
def test_the_first_number_decides_the_dtype(sample, dtype):
    assert run(Params(sample=sample, batch_size=2)).batch_tree[0][2:4] == ("Tensor", f"{dtype} (2,)")


def test_a_tuple_becomes_a_list_and_a_batch_of_a_tensor_dataset_is_a_list_of_one_tensor():
    result = run(Params())
    assert result.sample_tree[0][2] == "tuple" and result.length == 1
    assert types(result.batch_tree) == [(0, "batch", "list", "len"), (1, "[0]", "Tensor", "float32")]


def test_a_list_of_floats_is_transposed():
    tree = run(Params(sample="list of 3 floats", batch_size=4)).batch_tree
    assert [node[3] for node in tree] == ["len 3"] + ["float64 (4,)"] * 3


def test_the_loop_of_a_qa_model_meets_keys_until_the_list_is_kept():
    merged, kept = (
        run(Params(sample="QAModel text", batch_size=2, collate_fn=fn)) for fn in ("default_collate", "dict of lists")
    )
    assert [met.split(" -> ")[0] for met in merged.loop] == ["str 'input_ids'", "str 'attention_mask'"]
    assert kept.loop == ["dict with items input_ids, attention_mask"] * 2


def test_what_collate_refuses_is_the_live_error():
    with pytest.raises(TypeError) as refused:
        default_collate([None, None])
    assert run(Params(sample="None")).error == f"TypeError: {refused.value}"
    with pytest.raises(RuntimeError) as refused:
        torch.stack([torch.zeros(1), torch.zeros(2)])
    assert run(Params(sample="tensors of unequal length", batch_size=2)).error == f"RuntimeError: {refused.value}"


def test_pad_sequence_makes_unequal_tensors_rectangular():
    assert (
        run(Params(sample="tensors of unequal length", collate_fn="pad_sequence", batch_size=3)).batch_tree[0][3]
        == "int64 (3, 3)"
    )


def test_the_words_say_what_the_collate_fn_got():
    params = Params(sample="int", batch_size=None, collate_fn="list")
    assert caption(params, run(params)) == "Given the sample itself, an int, list refuses with TypeError."
    params = Params(sample="None", batch_size=2)
    assert caption(params, run(params)).startswith(
        "Given a list of 2 samples, the first a NoneType, default_collate refuses"
    )
    params = Params(sample="int", batch_size=None)
    assert (
        caption(params, run(params)) == "With default_convert, one sample becomes an int, and an epoch has 100 samples."
    )
    params = Params(sample="int", batch_size=1, collate_fn="list")
    assert caption(params, run(params)).startswith("With collate_fn=list, one sample becomes a list of one int, ")


def test_each_type_of_the_places_is_named():
    def kind(field="batch_tree", **values):
        return kind_of(getattr(run(Params(**values)), field))

    assert kind(sample="tuple (x, label)") == "list of 3 Tensor and tuple"
    assert kind("sample_tree", sample="tuple (x, label)") == "tuple of 3 Tensor, int and str"
    assert kind(sample="1 first, then 2.5", collate_fn="list") == "list of 100 int and float"
    assert kind(sample="dict") == "dict of 2 keys" and kind("sample_tree", sample="set") == "set of 1 item"


def test_the_first_batch_is_told_for_each_batch_size_and_the_equal_ones_together():
    params = Params(sample="1 first, then 2.5")
    assert details(params, run(params)).startswith(
        "The first batch is an int with batch_size None, is a Tensor int64 with batch_size 1"
        " and is a Tensor float32 with batch_size 2 or 100."
    )


def test_only_a_dict_of_lists_keeps_the_items_of_the_loop():
    kept = {fn: run(Params(sample="QAModel text", batch_size=2, collate_fn=fn)) for fn in ("list", "dict of lists")}
    assert kept["list"].error == "TypeError: list indices must be integers or slices, not str"
    assert kept["dict of lists"].error is None


def test_all_places_of_a_nested_sample_are_named():
    params = Params(sample="nested", batch_size=2)
    assert all(f"'{key}'" in details(params, run(params)) for key in ("x", "spans"))


@pytest.mark.parametrize("first, dtype", [([1, 2.5], "int64 float32"), ([2.5, 1], "float64 float64")])
def test_the_type_of_numbers_follows_the_first_one_and_so_may_depend_on_batch_size(first, dtype):
    assert [str(default_collate(first[:size]).dtype).removeprefix("torch.") for size in (1, 2)] == dtype.split()


def test_a_list_of_samples_says_how_many_are_not_named():
    params = Params(sample="float", batch_size=10, collate_fn="list")
    told = details(params, run(params))
    assert told.count("float,") + told.count("float and 7 more") == 3
    assert " more" not in details(Params(), run(Params()))


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_caption_gives_no_shape_but_that_of_a_tensor(sample):
    said = caption(params := Params(sample=sample), run(params))
    assert not re.search(r"of (?:one|\d+)(?: \w+)? \d", said), said
