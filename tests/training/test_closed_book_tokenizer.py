"""One word is one token, with T5's special ids, and decoding gives the text back."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from models.facts import load_facts
from tests.training.book import tokenizer
from training.closed_book_questions import every_question, question_book
from training.closed_book_tokenizer import build_tokenizer


def tokens(text: str) -> list[str]:
    return tokenizer().convert_ids_to_tokens(tokenizer()(text).input_ids)


def test_special_ids_are_those_of_t5():
    assert (tokenizer().pad_token_id, tokenizer().eos_token_id, tokenizer().unk_token_id) == (0, 1, 2)


def test_the_order_of_the_texts_does_not_matter():
    texts = ["What is the capital of France?", "Paris", "Lyon"]
    assert build_tokenizer(texts).get_vocab() == build_tokenizer(texts[::-1]).get_vocab()


@pytest.mark.parametrize("use", ["train", "held_out"])
def test_no_question_of_the_project_has_an_unknown_word(use: str):
    questions = [question for _, question in every_question(question_book(use))]
    assert not any(tokenizer().unk_token_id in ids for ids in tokenizer()(questions).input_ids)


def test_every_answer_survives_encoding_and_decoding():
    for answer in {fact.answer for fact in load_facts()}:
        assert tokenizer().decode(tokenizer()(answer).input_ids, skip_special_tokens=True) == answer


def test_the_possessive_and_the_question_mark_are_tokens_of_their_own():
    assert tokens("What is Chad's capital?") == ["▁What", "▁is", "▁Chad", "'s", "▁capital", "?", "</s>"]


def test_hyphens_and_inner_apostrophes_stay_inside_a_word():
    assert tokens("Port-au-Prince, N'Djamena.") == ["▁Port-au-Prince", ",", "▁N'Djamena", ".", "</s>"]


def test_accents_curly_apostrophes_and_extra_spaces_change_nothing():
    assert tokens("  Brasília  and N’Djamena ") == tokens("Brasilia and N'Djamena")


def test_an_unknown_word_is_one_unknown_token():
    assert tokens("What is Gotham's capital?") == ["▁What", "▁is", "<unk>", "'s", "▁capital", "?", "</s>"]


@given(st.text(max_size=60))
def test_any_text_ends_in_one_end_token(text: str):
    ids = tokenizer()(text).input_ids
    assert ids[-1] == 1


def test_the_saved_folder_loads_as_the_same_tokenizer(tmp_path: Path):
    tokenizer().save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    question = "Which currency is used in Côte d'Ivoire?"
    assert loaded(question).input_ids == tokenizer()(question).input_ids
    assert loaded.model_max_length == tokenizer().model_max_length
