"""The path from a question and a context to spans, on networks of noise and on tiny real ones."""

import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.extractive import Extractive
from tests.models.tiny import WORDS, network, noisy, tokenizer
from training.reader import Reader
from training.windows import Settings

TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=50).map(" ".join)
QUESTION = "where is the cat ?"
GARDEN = "the cat is in a garden . the dog is under a tree . the house is on the river ."


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(0, 10_000), st.integers(1, 12), st.sampled_from(["longest", "max_length"]))
def test_no_logits_whatever_make_a_span_illegal(context, seed, longest, padding):
    chosen = Settings(22, 5, max_answer_tokens=longest, n_best=100, padding=padding)
    answer = Reader(noisy(seed)).answer(QUESTION, context, chosen)
    for span in answer.spans:
        window = answer.windows[span.window]
        assert window.sequence_ids[span.first_token] == window.sequence_ids[span.last_token] == 1
        assert 0 <= span.last_token - span.first_token < longest
        assert answer.legal(span.window)[span.first_token, span.last_token]
        assert context[span.start : span.end] == span.text != ""


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(0, 10_000))
def test_the_best_span_has_the_highest_score_of_all_legal_spans_of_all_windows(context, seed):
    answer = Reader(noisy(seed)).answer(QUESTION, context, Settings(22, 5, max_answer_tokens=6))
    legal_scores = [
        (window.start_logits[:, None] + window.end_logits[None, :])[answer.legal(number)].max()
        for number, window in enumerate(answer.windows)
    ]
    assert answer.best.score == float(max(legal_scores))


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(0, 10_000))
def test_a_naive_pair_that_is_legal_is_the_best_span_of_its_window(context, seed):
    answer = Reader(noisy(seed)).answer(QUESTION, context, Settings(64, 5))
    naive, best = answer.naive, answer.best
    assert naive.legal == bool(answer.legal(0)[naive.first_token, naive.last_token])
    assert naive.score >= best.score
    pair = (naive.first_token, naive.last_token)
    assert not naive.legal or pair == (best.first_token, best.last_token)


def test_some_naive_pairs_are_illegal_so_that_the_masks_are_needed():
    naive = [Reader(noisy(seed)).answer(QUESTION, GARDEN).naive for seed in range(30)]
    assert sum(pair.last_token < pair.first_token for pair in naive) > 3
    assert all(pair.text == "" for pair in naive if pair.last_token < pair.first_token)


def test_a_batch_answers_as_single_calls_do():
    model = Extractive(network(), tokenizer())
    asked = [(QUESTION, GARDEN[:stop]) for stop in (16, 30, 46, 60, 78)] * 3
    together = Reader(model).answer_many(asked, batch_size=4)
    for (question, context), answer in zip(asked, together, strict=True):
        alone = Reader(model).answer(question, context)
        size = len(alone.windows[0].tokens)
        torch.testing.assert_close(answer.windows[0].start_logits[:size], alone.windows[0].start_logits)
        assert [s.text for s in answer.spans] == [s.text for s in alone.spans]
        assert answer.best.probability == pytest.approx(alone.best.probability, abs=1e-5)


def test_padding_to_the_window_changes_no_answer():
    model = Extractive(network(), tokenizer())
    padded = Reader(model).answer(QUESTION, GARDEN, Settings(64, 0, padding="max_length"))
    plain = Reader(model).answer(QUESTION, GARDEN, Settings(64, 0))
    assert padded.windows[0].tokens[-1] == "[PAD]" and len(padded.windows[0].tokens) == 64
    assert [span.text for span in padded.spans] == [span.text for span in plain.spans]
    assert padded.best.score == pytest.approx(plain.best.score, abs=1e-4)


def test_every_span_lies_in_the_characters_of_the_window_it_came_from():
    answer = Reader(noisy(1)).answer(QUESTION, GARDEN, Settings(20, 6, n_best=100, max_answer_tokens=3))
    shown = [window.characters for window in answer.windows]
    assert len(shown) > 2 and shown == sorted(shown) and shown[-1][1] == len(GARDEN)
    assert len({span.window for span in answer.spans}) > 1
    assert all(shown[s.window][0] <= s.start < s.end <= shown[s.window][1] for s in answer.spans)


def scored(answer):
    """The spans and their scores, but for the rounding that rows of other threads in one forward may bring."""
    return [(span.text, span.window, pytest.approx(span.score, abs=1e-4)) for span in answer.spans]


def test_threads_that_share_a_model_get_their_own_answers():
    model = Extractive(network(), tokenizer())
    chosen = [Settings(18 + 2 * n, n, n_best=3) for n in range(6)]
    expected = [scored(Reader(model).answer(QUESTION, GARDEN, one)) for one in chosen]
    wrong: list[int] = []

    def ask(number: int) -> None:
        for _ in range(10):
            if scored(Reader(model).answer(QUESTION, GARDEN, chosen[number])) != expected[number]:
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_float16_folder_is_loaded_as_float32_on_a_cpu(tmp_path):
    network().half().save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    model = Extractive.load(tmp_path, torch.device("cpu"))
    assert {p.dtype for p in model.model.parameters()} == {torch.float32}
    assert not model.model.training
    assert Reader(model).answer(QUESTION, GARDEN).best.text in GARDEN


def test_a_folder_of_pickled_weights_is_not_loaded(tmp_path):
    network().save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(network().state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        Extractive.load(tmp_path)


def test_asking_nothing_gives_nothing():
    assert Reader(noisy(0)).answer_many([]) == []
