"""The recipe learns, repeats itself, and made the weights that are shipped."""

import argparse
import re

import pytest
import torch
from transformers import T5ForConditionalGeneration

from models.closed_book import FOLDER
from models.shared import shared_qa_model
from tests.training.book import book, tokenizer
from training.closed_book import Examples, exact_match, new_model, set_dropout, train
from training.closed_book_questions import question_book


def options(steps: int) -> argparse.Namespace:
    return argparse.Namespace(steps=steps, batch_size=16, learning_rate=3e-3, no_dropout=0.5, seed=0)


def two_train_passes(p: float) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    model: T5ForConditionalGeneration = new_model(tokenizer()).train()
    set_dropout(model, p)
    batch = Examples(book(), tokenizer(), seed=0).draw(4)
    return model(**batch).logits, model(**batch).logits


def test_without_dropout_train_mode_repeats_itself():
    assert torch.equal(*two_train_passes(0.0))


def test_with_dropout_train_mode_does_not():
    assert not torch.equal(*two_train_passes(0.1))


def test_every_fact_comes_once_before_any_comes_again():
    examples = Examples(book(), tokenizer(), seed=0)
    examples.draw(len(book().facts) - 1)
    (last,) = examples.queue
    examples.draw(1)
    assert not examples.queue and last in book().facts


def test_a_few_steps_lower_the_loss():
    batch = Examples(book(), tokenizer(), seed=1).draw(64)
    torch.manual_seed(0)
    before = new_model(tokenizer()).eval()(**batch).loss
    assert train(options(40)).model(**batch).loss < before - 1


def test_the_same_seed_gives_the_same_weights():
    first, second = (train(options(3)).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def held_out() -> dict[str, float]:
    return exact_match(shared_qa_model(), question_book("held_out"))


def test_held_out_wordings_are_answered(held_out: dict[str, float]):
    assert min(held_out.values()) >= 0.98


def test_the_model_card_states_the_scores_of_these_weights(held_out: dict[str, float]):
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| ([a-z ]+) \| \d+ \| [\d.]+ \| ([\d.]+) \|$", card, re.MULTILINE))
    assert stated == {relation: f"{score:.4f}" for relation, score in held_out.items()}


def test_the_shipped_tokenizer_is_the_one_that_training_builds():
    assert shared_qa_model().tokenizer.get_vocab() == tokenizer().get_vocab()
