"""Overlapping windows, and the sentences that refuse what cannot be cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.tiny import WORDS, tokenizer
from training.windows import MAX_CONTEXT, Settings, encode, windows_needed

TOKENIZER = tokenizer()
QUESTION = "where is the cat ?"  # 5 tokens
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=60).map(" ".join)


def rows(question: str, context: str, **fields: int):
    return encode(TOKENIZER, [(question, context)], Settings(**fields), 512)


def test_28_tokens_beside_6_fit_four_windows_of_11_that_share_4():
    cut = rows("where is the red cat ?", " ".join(["tree"] * 28), max_length=20, stride=4)
    assert [row.first for row in cut] == [0, 7, 14, 21]
    assert [row.sequence_ids.count(1) for row in cut] == [11, 11, 11, 7]


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(8, 40), st.integers(0, 40))
def test_windows_cover_every_token_in_order_or_one_sentence_says_why_not(context, length, stride):
    room = length - 8
    try:
        cut = rows(QUESTION, context, max_length=length, stride=stride)
    except ValueError as error:
        assert room < 1 or stride >= room
        assert str(error).endswith(".") and ("stride" in str(error) or "max_length" in str(error))
        return
    words = context.split()
    seen = {}
    for row in cut:
        own = [t for t, side in zip(row.tokens, row.sequence_ids, strict=True) if side == 1]
        seen |= {row.first + place: token for place, token in enumerate(own)}
    assert [seen[index] for index in range(len(words))] == words and len(seen) == len(words)
    assert len(cut) == windows_needed(len(words), room, stride)


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_offsets_point_into_the_text_that_was_given(context):
    for row in rows(QUESTION, context, max_length=24, stride=3):
        parts = zip(row.tokens, row.offsets, row.sequence_ids, strict=True)
        assert all(context[a:b] == token for token, (a, b), side in parts if side == 1)


def test_a_stride_as_long_as_the_room_is_refused_before_the_tokenizer_panics():
    with pytest.raises(ValueError, match="stride must be between 0 and 11, not 12: .* 12 tokens"):
        rows(QUESTION, "the cat", max_length=20, stride=12)


def test_a_question_that_fills_the_window_is_refused():
    with pytest.raises(ValueError, match="max_length must be above 23"):
        rows("cat " * 20, "the cat", max_length=23, stride=0)


def test_windows_that_hardly_move_are_refused_before_they_are_made():
    with pytest.raises(ValueError, match="more than 256 windows"):
        rows(QUESTION, "cat " * 600, max_length=20, stride=11)


@pytest.mark.parametrize(
    ("question", "context", "sentence"),
    [
        (" ", "the cat", "The question is empty."),
        ("where ?", "\n", "The context is empty."),
        ("where ?", "\u200b", "The context holds nothing that the tokenizer reads."),
        ("where ?", "\ud800", "The context holds half of a surrogate pair, not a character."),
        ("where ?", "a" * (MAX_CONTEXT + 1), "The context has 50001 characters; at most 50000"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_in_one_sentence(question, context, sentence):
    with pytest.raises(ValueError) as caught:
        rows(question, context)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("field", "value", "limits"),
    [
        ("max_length", 7, "8 and 512"),
        ("max_length", 513, "8 and 512"),
        ("stride", -1, "0 and 512"),
        ("max_answer_tokens", 0, "1 and 512"),
        ("n_best", 101, "1 and 100"),
    ],
)
def test_a_setting_out_of_range_names_its_field_and_range(field, value, limits):
    with pytest.raises(ValueError, match=f"{field} must be between {limits}, not {value}"):
        rows(QUESTION, "the cat", **{field: value})
