"""Windows and batches that the training reads."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.tiny import WORDS, tokenizer
from training.features import Feature, collate, draw_batches, draw_window, featurise, tokens_of
from training.squad import Gold, Question

TOKENIZER = tokenizer()
LONG = " ".join(WORDS * 4)


def question(answer: str, context: str = LONG, text: str = "where is the dog ?") -> Question:
    return Question("1", "t", text, context, (Gold(answer, context.index(answer)),))


FEATURES = featurise([question(word) for word in WORDS], TOKENIZER)


def test_the_answers_tokens_are_those_that_touch_its_characters():
    offsets = ((0, 3), (4, 7), (7, 9), (10, 12))
    assert tokens_of(offsets, 4, 9) == (1, 2)
    assert tokens_of(offsets, 5, 8) == (1, 2)
    assert tokens_of(offsets, 3, 4) is None


@given(st.integers(0, len(FEATURES) - 1), st.integers(10, 90), st.integers(0, 999))
def test_a_window_fits_and_holds_the_answer(index, length, seed):
    window = draw_window(FEATURES[index], length, random.Random(seed))
    assert len(window) <= length or len(window.feature.context) <= length
    assert len(window.targets()) == 1
    assert 0 <= window.first < window.last <= len(window.feature.context)


@settings(max_examples=30)
@given(st.integers(100, 600), st.integers(0, 99))
def test_a_pass_reads_every_question_once_within_the_budget(tokens, seed):
    batches = draw_batches(FEATURES, (20, 60), tokens, seed)
    drawn = [window.feature for batch in batches for window in batch]
    assert sorted(map(id, drawn)) == sorted(map(id, FEATURES))
    assert all(len(batch) * max(map(len, batch)) <= tokens for batch in batches)


def test_the_same_seed_draws_the_same_pass_and_another_seed_another():
    assert draw_batches(FEATURES, (20, 60), 300, 1) == draw_batches(FEATURES, (20, 60), 300, 1)
    assert draw_batches(FEATURES, (20, 60), 300, 1) != draw_batches(FEATURES, (20, 60), 300, 2)


def test_a_batch_is_what_the_tokenizer_itself_makes_of_question_and_context():
    batch = collate([draw_window(FEATURES[3], 384, random.Random(0))], TOKENIZER)
    own = TOKENIZER("where is the dog ?", LONG, return_tensors="pt")
    assert all(torch.equal(batch.inputs[name], own[name]) for name in own)


def test_targets_are_shared_among_the_annotators_and_point_at_their_words():
    asked = Question("1", "t", "where ?", "cat dog tree", (Gold("cat", 0), Gold("dog tree", 4), Gold("cat", 0)))
    batch = collate([draw_window(featurise([asked], TOKENIZER)[0], 384, random.Random(0))], TOKENIZER)
    words = TOKENIZER.convert_ids_to_tokens(batch.inputs["input_ids"][0])
    shares = dict(zip(words, batch.start[0].tolist(), strict=True))
    assert shares["cat"] == pytest.approx(2 / 3) and shares["dog"] == pytest.approx(1 / 3)
    assert batch.end[0, words.index("tree")] == pytest.approx(1 / 3)
    assert batch.start.sum() == batch.end.sum() == pytest.approx(1)


def test_an_answer_cut_off_by_the_window_is_no_target():
    feature = Feature((1,), (5, 6, 7, 8), ((0, 1),) * 4, ((0, 0), (3, 3)))
    windows = [draw_window(feature, 6, random.Random(seed)) for seed in range(20)]
    assert {len(window.targets()) for window in windows} == {1}
    assert {window.first for window in windows} == {0, 2}


def test_of_a_question_without_an_answer_the_target_is_cls_and_any_stretch_may_be_read():
    feature = featurise([Question("1", "t", "where is the dog ?", LONG, ())], TOKENIZER)[0]
    windows = [draw_window(feature, 20, random.Random(seed)) for seed in range(400)]
    size = len(feature.context)
    assert {window.targets() == [(0, 0)] for window in windows} == {True}
    assert min(w.first for w in windows) == 0 and max(w.last for w in windows) == size
    batch = collate(windows[:3], TOKENIZER)
    assert batch.start[:, 0].tolist() == batch.end[:, 0].tolist() == [1, 1, 1]
    assert draw_batches([feature], (20,), 60, 0)
