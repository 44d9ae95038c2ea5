"""Questions that lose their answer, and questions that lose anything but it."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.squad import Gold, Question
from training.unanswerable import cut_out, holds_none, mixed, of_another, pairs, passages_of, sentences, with_gap

NAMES = ("Ada", "Bob", "Cleo", "Dan")
TEXTS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6).map(lambda names: " ".join(f"{n} ran." for n in names))


def asked(answer: str, context: str, title: str = "t") -> Question:
    return Question("1", title, "who ?", context, (Gold(answer, context.index(answer)),))


QUESTIONS = [asked(name, f"{name} sat. {other} ran! It rained.", "t") for name in NAMES for other in NAMES]


@given(st.text(max_size=60))
def test_sentences_are_the_text_cut_without_a_gap(text):
    assert "".join(text[start:end] for start, end in sentences(text)) == text


def test_a_sentence_ends_at_a_mark_in_front_of_a_space_or_at_a_new_line():
    text = 'It cost 2.50 dollars. "Too much!" he said\nand left.'
    assert [text[start:end] for start, end in sentences(text)] == [
        "It cost 2.50 dollars. ",
        '"Too much!" ',
        "he said\n",
        "and left.",
    ]


@given(TEXTS, st.sampled_from(NAMES))
def test_cut_out_leaves_other_sentences_and_no_answer_or_makes_nothing(text, name):
    if name not in text:
        return
    made = cut_out(asked(name, text))
    if made is None:
        assert text.count(name) > 1 or len(sentences(text)) == 1
    else:
        assert made.answers == () and name not in made.context and made.id == "1-cut"
        assert made.context in text.replace(f"{name} ran. ", "") or made.context in text


def test_all_sentences_go_that_any_annotator_points_at():
    text = "Ada sat. Bob ran. It rained."
    both = Question("1", "t", "who ?", text, (Gold("Ada", 0), Gold("Bob", 9)))
    assert cut_out(both).context == "It rained."


def test_another_passage_is_of_the_same_title_and_holds_no_answer():
    passages = passages_of([*QUESTIONS, asked("Eve", "Eve sat.", "other title")])
    for question in QUESTIONS:
        made = of_another(question, passages["t"], random.Random(0))
        assert made is None or made.context != question.context and holds_none(made.context, question)
        assert made is None or not made.answers and "Eve" not in made.context
    assert of_another(QUESTIONS[0], [QUESTIONS[0].context], random.Random(0)) is None


@given(TEXTS, st.sampled_from(NAMES), st.integers(0, 99))
def test_a_gap_takes_one_other_sentence_and_leaves_the_answer_in_its_place(text, name, seed):
    if name not in text:
        return
    question = asked(name, text)
    made = with_gap(question, random.Random(seed))
    [gold] = made.answers
    assert made.context[gold.start : gold.start + len(name)] == gold.text == name
    assert len(sentences(made.context)) == len(sentences(text)) - (len(sentences(text)) > 1)


@settings(max_examples=20)
@given(st.floats(0.1, 0.9), st.integers(0, 99))
def test_a_mixture_keeps_every_question_once_and_about_the_share_asked_for_loses_its_answer(share, seed):
    made = mixed(QUESTIONS * 20, share, seed)
    assert [q.question for q in made] == [q.question for q in QUESTIONS * 20]
    assert sum(not q.answers for q in made) / len(made) == pytest.approx(share, abs=0.12)
    assert made == mixed(QUESTIONS * 20, share, seed) and mixed(QUESTIONS, 0.0, seed) == QUESTIONS


def test_a_pair_is_a_question_as_it_was_and_without_its_answer():
    for kind, made in pairs(QUESTIONS, 0).items():
        assert made and len(made) % 2 == 0
        for whole, without in zip(made[::2], made[1::2], strict=True):
            assert whole in QUESTIONS and without.question == whole.question and not without.answers
            assert without.id == f"{whole.id}-{kind}" and holds_none(without.context, whole)
