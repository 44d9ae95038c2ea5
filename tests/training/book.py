"""What the closed-book model is trained on, made when a test asks for it: the tokenizer reads every question."""

from functools import cache

from torch import Tensor
from transformers import PreTrainedTokenizerFast

from training.closed_book_questions import QuestionBook, filler_ids, question_book
from training.closed_book_tokenizer import build_tokenizer


@cache
def book() -> QuestionBook:
    return question_book()


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    return build_tokenizer(book().every_text())


@cache
def fillers() -> Tensor:
    return filler_ids(book(), tokenizer())
