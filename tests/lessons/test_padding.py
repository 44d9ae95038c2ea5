"""Padding fills a rectangle; masks and -100 take it out again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lessons.padding import LABELS, MASKS, WASTE, Params, run

TEXTS = st.text(max_size=120) | st.lists(st.sampled_from(["rain", "my cat sat", "", "👋 שלום", "x" * 90])).map(
    "\n".join
)
LENGTHS = st.integers(4, 24)


@given(lines=TEXTS, max_length=LENGTHS, side=st.sampled_from(["right", "left"]))
def test_the_filling_is_what_the_mask_leaves_out_and_stands_on_one_side(lines, max_length, side):
    result = run(Params(lines=lines, max_length=max_length, padding_side=side))
    mask = result.attention_mask
    assert torch.equal(result.input_ids == result.pad_token_id, mask == 0)
    ordered = mask.sort(dim=1, descending=side == "right").values
    assert torch.equal(mask, ordered) and result.input_ids.shape[1] == mask.sum(dim=1).max() <= max_length


@given(lines=TEXTS, multiple=st.sampled_from([2, 3, 4]))
def test_the_length_is_rounded_up_to_a_multiple(lines, multiple):
    result = run(Params(lines=lines, max_length=24, pad_to_multiple_of=multiple))
    longest = int(result.attention_mask.sum(dim=1).max())
    assert result.input_ids.shape[1] == -(-longest // multiple) * multiple


@given(lines=TEXTS, max_length=LENGTHS, batch_size=st.integers(1, 4), seed=st.integers(0, 99))
def test_a_batch_takes_its_size_times_its_longest_line(lines, max_length, batch_size, seed):
    result = run(Params(view=WASTE, lines=lines, max_length=max_length, batch_size=batch_size, seed=seed))
    cells, lengths = result.cells, result.attention_mask.sum(dim=1)
    assert cells["real tokens"] == lengths.sum() <= cells["sorted by length"] <= cells["one batch of all"]
    assert cells["real tokens"] <= cells["random order"] <= cells["one batch of all"] <= cells["all to max_length"]
    for order, batches in ((result.order, result.random_batches), (result.by_length, result.sorted_batches)):
        groups = [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
        assert [tuple(ids.shape) for ids in batches] == [(len(group), int(lengths[group].max())) for group in groups]


def test_one_line_a_batch_wastes_nothing():
    cells = run(Params(view=WASTE, batch_size=1)).cells
    assert cells["random order"] == cells["sorted by length"] == cells["real tokens"]


@given(lines=TEXTS, pad_token=st.sampled_from(["[PAD]", "[SEP]", "<pad>, only named"]))
def test_minus_100_where_the_mask_is_0_gives_the_loss_of_the_lines_alone(lines, pad_token):
    loss = run(Params(view=LABELS, lines=lines, pad_token=pad_token)).loss
    assert loss["-100 where the mask is 0"] == pytest.approx(loss["each line alone, by token"], abs=1e-4)


def test_labels_that_count_the_padding_have_another_loss():
    loss = run(Params(view=LABELS)).loss
    assert abs(loss["labels = input_ids"] - loss["-100 where the mask is 0"]) > 0.05


def test_a_pad_token_that_is_the_end_token_takes_the_real_ends_out_of_the_loss():
    result = run(Params(view=LABELS, pad_token="[SEP]"))
    ends = (result.input_ids[:, 1:] == 102) & (result.attention_mask[:, 1:] == 1)
    assert ends.sum() == len(result.texts) and not result.by_id[ends].any() and result.ignored[ends].all()


def test_naming_a_pad_token_is_not_adding_it():
    named, added = (run(Params(pad_token=token)) for token in ("<pad>, only named", "<pad>, added"))
    assert named.pad_token_id == 100 and named.length == named.vocab_size
    assert added.pad_token_id == added.vocab_size == added.length - 1


def test_what_the_tokenizer_and_the_embedding_refuse_is_the_live_error():
    assert run(Params(pad_token="None")).error.startswith("ValueError: Asking to pad but the tokenizer does not have")
    assert run(Params(padding="do_not_pad")).error.startswith("ValueError: Unable to create tensor")
    assert run(Params(view=LABELS, pad_token="<pad>, added")).error == "IndexError: index out of range in self"


@pytest.mark.parametrize("side", ["right", "left"])
def test_only_the_right_mask_with_the_right_positions_makes_padding_neutral(side):
    none, inverted, masked, shifted = run(Params(view=MASKS, padding_side=side)).gap
    assert shifted.max() < 1e-5 < none.max() and (masked.max() < 1e-5) == (side == "right")
    assert inverted.min() > 0.1  # every line sees the padding alone, or nothing
