"""What training reads is always a question about the fact, never a held-out wording."""

import random

import torch

from tests.training.book import book, fillers, tokenizer
from training.closed_book_questions import (
    every_question,
    forget_fillers,
    lower_all,
    lower_first,
    question_book,
)


def fact(relation: str, subject: str):
    return next(f for f in book().facts if (f.relation, f.subject) == (relation, subject))


def test_a_drawn_question_names_its_subject_or_an_alias():
    rng = random.Random(0)
    for known in book().facts:
        names = (known.subject, *book().aliases.get(known.subject, ()))
        question = book().draw(known, rng).lower()
        assert any(name.lower() in question for name in names)


def test_training_never_draws_a_held_out_wording():
    held_out = {q.rstrip("?.").lower() for _, q in every_question(question_book("held_out"))}
    rng = random.Random(0)
    drawn = {book().draw(known, rng).rstrip("?.").lower() for known in book().facts for _ in range(20)}
    assert not drawn & held_out


def test_the_vocabulary_covers_every_drawn_question():
    rng = random.Random(1)
    questions = [book().draw(known, rng) for known in book().facts for _ in range(5)]
    assert not any(tokenizer().unk_token_id in ids for ids in tokenizer()(questions).input_ids)


def test_the_same_seed_draws_the_same_questions():
    first, second = ([book().draw(f, random.Random(3)) for f in book().facts] for _ in range(2))
    assert first == second


def test_lower_case_leaves_a_chemical_symbol_as_it_is():
    indium = fact("element", "In")
    assert lower_all("What element is In?", indium) == "what element is In?"
    assert lower_all("Capital of France", fact("capital", "France")) == "capital of france"


def test_a_small_first_letter_is_not_given_to_a_name():
    france = fact("capital", "France")
    assert lower_first("Name the capital of France.", france) == "name the capital of France."
    assert lower_first("France has which city?", france) == "France has which city?"


def test_filler_words_tell_no_relation_from_another():
    words = set(tokenizer().convert_ids_to_tokens(fillers().tolist()))
    assert {"▁What", "▁the", "▁is", "?"} <= words
    assert not words & {"▁capital", "▁currency", "▁symbol", "▁France", "<unk>", "</s>"}


def test_only_filler_words_are_forgotten():
    ids = tokenizer()(["What is the capital of France?"] * 500, return_tensors="pt").input_ids
    changed = forget_fillers(ids, fillers(), 2, torch.Generator().manual_seed(0))
    touched = ids[changed != ids]
    assert len(touched) and torch.isin(touched, fillers()).all()
    assert (changed[changed != ids] == 2).all()
