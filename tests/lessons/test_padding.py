"""Padding fills a rectangle; masks and -100 take it out again."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

from lessons.padding import LABELS, LESSON, MASKS, WASTE, Params, caption, pads, real_pads

run = LESSON.run

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
    assert inverted.min() > 0.1  # a line sees its padding alone; one without padding sees nothing


@pytest.mark.parametrize("side", ["right", "left"])
def test_true_means_the_opposite_in_the_function_and_in_the_module(side):
    result = run(Params(view=MASKS, padding_side=side))
    none, taking_part, ignoring = result.function_gap.amax(dim=1)
    assert taking_part < 1e-5 < min(none, ignoring)
    assert torch.equal(result.key_padding_mask, ~result.attention_mask.bool())


@pytest.mark.parametrize("module", [nn.MultiheadAttention(4, 1, batch_first=True), nn.MultiheadAttention(4, 1)])
def test_key_padding_mask_of_multihead_attention_names_what_to_ignore(module):
    x, mask = torch.randn(1, 3, 4), torch.tensor([[False, False, True]])
    x = x if module.batch_first else x.transpose(0, 1)
    _, weights = module(x, x, x, key_padding_mask=mask)
    assert not weights[0, :, 2].any() and weights[0, :, :2].all()


def test_a_float_mask_is_added_and_a_bool_one_chooses_keys():
    x = torch.randn(1, 3, 4)
    chosen, added = torch.tensor([True, True, False]), torch.tensor([0.0, 0.0, float("-inf")])
    by_bool, by_float = (F.scaled_dot_product_attention(x, x, x, mask.expand(3, 3)) for mask in (chosen, added))
    torch.testing.assert_close(by_bool, by_float)


def whole(gap, result):
    """The line that has no padding, under a mask that hides all of it."""
    return gap[1][(result.attention_mask == 1).all(dim=1)]


def test_a_line_that_is_masked_whole_is_nan_in_eval_mode_under_no_grad_and_finite_in_train_mode():
    evaluated, trained = (run(Params(view=MASKS, mode=mode)) for mode in ("eval", "train"))
    assert whole(evaluated.gap, evaluated).isnan().all() and whole(trained.gap, trained).isfinite().all()
    assert evaluated.gap[1].isnan().sum() == (evaluated.attention_mask == 1).all(dim=1).sum()
    assert evaluated.function_gap.isfinite().all()


@pytest.mark.parametrize("heads, batch_first, fast", [(2, True, True), (1, True, False), (2, False, False)])
def test_only_the_fast_path_of_the_layer_makes_nan_of_a_line_that_is_masked_whole(heads, batch_first, fast):
    """The last trap: the fast path wants an even number of heads, batch_first, eval mode and no gradient."""
    layer = nn.TransformerEncoderLayer(4, heads, 8, dropout=0.0, batch_first=batch_first).eval()
    x, hidden = torch.randn(3, 3, 4), torch.ones(3, 3, dtype=torch.bool)
    with torch.no_grad():
        y = layer(x, src_key_padding_mask=hidden)
    assert y.isnan().all() if fast else y.isfinite().all()
    assert layer(x, src_key_padding_mask=hidden).isfinite().all()  # its weights are trainable, and autograd records
    [trap] = [trap for trap in LESSON.traps if trap.name == "A line that sees nothing"]
    assert "the fast path of nn.TransformerEncoderLayer makes NaN" in trap.sentence


@pytest.mark.parametrize("train", [True, False])
def test_with_need_weights_it_is_nan_in_both_modes(train):
    attention, x = nn.MultiheadAttention(4, 1, batch_first=True).train(train), torch.randn(1, 3, 4)
    y, _ = attention(x, x, x, key_padding_mask=torch.ones(1, 3, dtype=torch.bool), need_weights=True)
    assert y.isnan().all()


def left_out(loss, logits, real):
    return torch.allclose(loss, F.cross_entropy(logits[:real], torch.tensor([1])))


def test_a_filled_cell_counts_until_an_argument_leaves_it_out():
    """The truth, inside and outside of its scope: ignore_index, a weight, a mask and a packed sequence each leave it out."""
    logits, labels = torch.randn(3, 4), torch.tensor([1, 0, 0])
    assert not left_out(F.cross_entropy(logits, labels), logits, 1)
    assert left_out(F.cross_entropy(logits, labels, ignore_index=0), logits, 1)
    assert left_out(F.cross_entropy(logits, torch.tensor([1, -100, -100])), logits, 1)
    assert left_out(F.cross_entropy(logits, labels, weight=torch.tensor([0.0, 1.0, 1.0, 1.0])), logits, 1)
    x, lstm = torch.randn(1, 3, 2), nn.LSTM(2, 2, batch_first=True)
    _, (packed, _) = lstm(pack_padded_sequence(x, [2], batch_first=True))
    torch.testing.assert_close(packed, lstm(x[:, :2])[1][0])
    assert not torch.allclose(packed, lstm(x)[1][0])


def test_padding_idx_keeps_the_gradient_of_its_row_at_zero_and_no_more():
    embedding = nn.Embedding(4, 2, padding_idx=0)
    nn.init.ones_(embedding.weight)
    y = embedding(torch.tensor([0, 1]))
    y.sum().backward()
    assert y.all() and not embedding.weight.grad[0].any() and embedding.weight.grad[1].all()


@given(lines=TEXTS, side=st.sampled_from(["right", "left"]), view=st.sampled_from(["ids", MASKS]))
def test_a_caption_names_padding_only_where_there_is_some(lines, side, view):
    params = Params(view=view, lines=lines, padding_side=side)
    result = run(params)
    words = caption(params, result)
    if view == MASKS:
        assert words.startswith("Compared with each line alone, " if pads(result) else "With no padding in")
    else:
        assert (f"{pads(result)} of them padding on the {side}." in words) if pads(result) else words.endswith("none of them padding.")  # fmt: skip


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (Params(pad_token="None"), "Without a pad token the tokenizer refuses with ValueError."),
        (Params(padding="do_not_pad"), "As lines of unequal length make no tensor without padding, "),
        (Params(pad_to_multiple_of=5), "As max_length=12 is no multiple of pad_to_multiple_of=5, "),
    ],
)
def test_a_refusal_is_told_with_its_own_cause(params, words):
    result = run(params)
    assert result.input_ids is None and caption(params, result).startswith(words)


@pytest.mark.parametrize("pad_token", ["[PAD]", "[SEP]", "<pad>, only named"])
def test_the_caption_says_that_real_tokens_are_ignored_where_the_pad_id_is_theirs(pad_token):
    params = Params(view=LABELS, pad_token=pad_token, lines="rain\n☃ and rain")
    result = run(params)
    kept = (result.ignored != 0) & (result.by_id == 0)
    assert kept.sum() == real_pads(result) == {"[PAD]": 0, "[SEP]": 2, "<pad>, only named": 1}[pad_token]
    assert ("real tokens too" in caption(params, result)) == bool(kept.any())


def test_without_truncation_max_length_does_nothing_where_the_longest_line_decides():
    from models.hugging_face import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("assets/models/extractive", local_files_only=True)
    lines = ["rain", "the dog sat in the rain"]
    whole = tokenizer(lines, padding="longest", return_tensors="pt").input_ids
    ignored = tokenizer(lines, padding="longest", max_length=4, return_tensors="pt").input_ids
    cut = tokenizer(lines, padding="longest", max_length=4, truncation=True, return_tensors="pt").input_ids
    assert ignored.equal(whole) and whole.shape == (2, 8) and cut.shape == (2, 4)
    wide = LESSON.predictions[0].choices[0]
    assert "tells truncation=True where to cut" in wide.reply


@pytest.mark.parametrize("lines", ["rain", "rain\nthe dog barks"])
def test_the_side_is_told_as_what_was_asked_where_nothing_is_padded_too(lines):
    params = Params(view=MASKS, lines=lines)
    told = LESSON.details(params, LESSON.run(params))
    assert "padding_side='right'" in told and "padding on the" not in told
