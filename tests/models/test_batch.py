"""Items of any length become one rectangle in which the padding can be told from the text."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.batch import IGNORED, collate, labels_of

PAD = 0
IDS = st.lists(st.integers(3, 99), min_size=1, max_size=9)
ROW = torch.tensor([[5, 6, 1]])


def items(rows: list[list[int]], key: str = "input_ids") -> list[dict[str, torch.Tensor]]:
    return [{"input_ids": torch.tensor([row]), key: torch.tensor([row])} for row in rows]


@given(st.lists(IDS, min_size=1, max_size=5))
def test_the_mask_recovers_every_row(rows: list[list[int]]):
    inputs = collate({"text": items(rows)}, PAD)
    mask = inputs["attention_mask"].bool()
    assert [ids[m].tolist() for ids, m in zip(inputs["input_ids"], mask, strict=True)] == rows
    assert inputs["input_ids"][~mask].eq(PAD).all()


@given(st.lists(IDS, min_size=1, max_size=5))
def test_labels_are_padded_with_the_ignored_index(rows: list[list[int]]):
    labels = labels_of({"text": items(rows, "labels")})
    assert [row[row != IGNORED].tolist() for row in labels] == rows


@given(st.lists(IDS, min_size=1, max_size=5))
def test_the_rectangle_is_as_wide_as_the_longest_row(rows: list[list[int]]):
    shape = collate({"text": items(rows)}, PAD)["input_ids"].shape
    assert shape == (len(rows), max(map(len, rows)))


def test_a_row_may_come_with_or_without_its_batch_dimension():
    flat = collate({"text": [{"input_ids": ROW[0]}]}, PAD)
    assert torch.equal(flat["input_ids"], collate({"text": [{"input_ids": ROW}]}, PAD)["input_ids"])


def test_an_items_own_mask_is_kept():
    mask = torch.tensor([[1, 0, 1]])
    inputs = collate({"text": [{"input_ids": ROW, "attention_mask": mask}]}, PAD)
    assert torch.equal(inputs["attention_mask"], mask)


def test_without_labels_there_are_none():
    assert "labels" not in collate({"text": [{"input_ids": ROW}]}, PAD)


def test_the_dict_that_default_collate_makes_is_refused():
    with pytest.raises(TypeError, match="must be a list of items, not dict"):
        collate({"text": {"input_ids": ROW}}, PAD)


def test_a_string_item_is_refused():
    with pytest.raises(TypeError, match=r"batch\['text'\]\[1\] must be a dict of tensors, not str"):
        collate({"text": [{"input_ids": ROW}, "input_ids"]}, PAD)


def test_an_empty_list_is_refused():
    with pytest.raises(ValueError, match="is empty"):
        collate({"text": []}, PAD)


def test_labels_on_some_items_only_are_refused():
    with pytest.raises(ValueError, match=r"\[1\] has no labels"):
        collate({"text": [{"input_ids": ROW, "labels": ROW}, {"input_ids": ROW}]}, PAD)


def test_two_questions_in_one_item_are_refused():
    with pytest.raises(ValueError, match=r"has shape \(2, 3\)"):
        collate({"text": [{"input_ids": ROW.repeat(2, 1)}]}, PAD)


def test_a_mask_of_another_length_is_refused():
    with pytest.raises(ValueError, match="differ in length"):
        collate({"text": [{"input_ids": ROW, "attention_mask": ROW[:, :2]}]}, PAD)


def test_a_key_that_would_be_ignored_is_refused():
    with pytest.raises(ValueError, match="read are input_ids, attention_mask, labels"):
        collate({"text": [{"input_ids": ROW, "token_type_ids": ROW}]}, PAD)
