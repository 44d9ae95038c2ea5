"""The official SQuAD scores, and the file format."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.squad import Gold, exact_match, f1, normalise, read, score

WORDS = st.lists(st.sampled_from(["red", "blue", "cat", "dog"]), min_size=1, max_size=6).map(" ".join)


@pytest.fixture
def file(tmp_path):
    qas = [
        {"id": 1, "question": " Who?", "answers": [{"text": "Ada", "answer_start": 0}]},
        {"id": 2, "question": "What?", "answers": [{"text": "sat down", "answer_start": 4}]},
    ]
    paragraph = {"context": "Ada sat down.", "qas": qas}
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps({"data": [{"title": "Chairs", "paragraphs": [paragraph]}]}))
    return path


def test_every_question_of_a_file_is_read_with_its_answers(file):
    first, second = read(file)
    assert (first.id, first.title, first.question) == ("1", "Chairs", "Who?")
    assert second.answers == (Gold("sat down", 4),)
    assert all(q.context[g.start :].startswith(g.text) for q in (first, second) for g in q.answers)


def test_case_articles_punctuation_and_spaces_do_not_count():
    assert normalise("  The  Cat's, an  answer!") == "cats answer"
    assert exact_match("the Andes.", "Andes") == 1


def test_an_article_inside_a_word_is_kept():
    assert normalise("theatre and another") == "theatre and another"


def test_f1_is_the_harmonic_mean_of_precision_and_recall():
    assert f1("about 7,000 kilometres", "7,000 kilometres") == pytest.approx(2 * (2 / 3) / (2 / 3 + 1))


def test_a_word_counts_as_often_as_both_say_it():
    assert f1("cat cat cat", "cat cat dog") == pytest.approx(2 / 3)


@given(WORDS, WORDS)
def test_f1_is_symmetric_and_one_only_for_the_same_words(one, other):
    assert f1(one, other) == f1(other, one)
    assert (f1(one, other) == 1) == (sorted(one.split()) == sorted(other.split()))


def test_the_annotator_who_agrees_most_counts(file):
    first, second = read(file)
    scores = score([first, second], {"1": "Ada", "2": "sat"})
    assert scores == {"f1": pytest.approx(100 * (1 + 2 / 3) / 2), "exact_match": 50}


def test_a_question_without_a_prediction_counts_zero(file):
    assert score(read(file), {"1": "Ada"}) == {"f1": 50, "exact_match": 50}
