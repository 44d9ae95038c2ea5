"""The architectures of the models on the Hub's list, tiny and random, go the same way."""

import pytest
import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    DistilBertConfig,
    DistilBertForQuestionAnswering,
    DistilBertTokenizer,
    RobertaConfig,
    RobertaForQuestionAnswering,
    RobertaTokenizer,
)

from models.extractive import Extractive
from tests.models.tiny import SPECIAL, WORDS
from training.reader import Reader
from training.windows import Settings

CONTEXT = "the cat is in a garden . the dog is under a tree . the house is on the river ."


def distilbert(folder):
    vocab = {word: index for index, word in enumerate(SPECIAL + WORDS)}
    config = DistilBertConfig(vocab_size=len(vocab), dim=16, n_layers=1, n_heads=2, hidden_dim=32)
    DistilBertForQuestionAnswering(config).save_pretrained(folder)
    DistilBertTokenizer(vocab=vocab).save_pretrained(folder)


def roberta(folder):
    bytes_ = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bytes_.train_from_iterator([CONTEXT] * 3, vocab_size=300, min_frequency=1, special_tokens=special)
    folder.mkdir(exist_ok=True)
    bytes_.save_model(str(folder))
    tokenizer = RobertaTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=514,
        type_vocab_size=1,
    )
    RobertaForQuestionAnswering(config).save_pretrained(folder)


@pytest.mark.parametrize("save", [distilbert, roberta])
def test_it_loads_from_a_folder_and_answers_in_windows_and_batches(save, tmp_path):
    save(tmp_path)
    model = Extractive.load(tmp_path, torch.device("cpu"))
    answer, _ = Reader(model).answer_many([("where is the cat ?", CONTEXT), ("where ?", "the cat")], Settings(24, 4))
    assert len(answer.windows) > 1
    for span in answer.spans:
        assert CONTEXT[span.start : span.end] == span.text == span.text.strip() != ""


@pytest.mark.parametrize("save", [distilbert, roberta])
def test_the_longest_window_that_is_allowed_can_be_read(save, tmp_path):
    save(tmp_path)
    model = Extractive.load(tmp_path, torch.device("cpu"))
    assert model.longest == 512
    answer = Reader(model).answer("where is the cat ?", CONTEXT * 30, Settings(512, 100))
    assert len(answer.windows[0].tokens) == 512
