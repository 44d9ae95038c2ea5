"""A tokenizer of a few words and networks that answer in milliseconds, built without any file."""

from types import SimpleNamespace

import torch
from torch import nn
from transformers import BertConfig, BertForQuestionAnswering, BertTokenizer

from models.extractive import Extractive

WORDS = "where is the cat dog house tree red blue on under in a garden river . ?".split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def tokenizer() -> BertTokenizer:
    vocab = {word: index for index, word in enumerate(SPECIAL + WORDS)}
    return BertTokenizer(vocab=vocab, model_max_length=512)


def network(seed: int = 0) -> BertForQuestionAnswering:
    """A random BERT with a head, in eval mode."""
    config = BertConfig(
        vocab_size=len(SPECIAL + WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.5,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return BertForQuestionAnswering(config).eval()


class Noise(nn.Module):
    """Stands in for a network: logits drawn at random, whatever it reads."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.config = SimpleNamespace(max_position_embeddings=512)
        self.device = torch.device("cpu")
        self.generator = torch.Generator().manual_seed(seed)

    def forward(self, input_ids: torch.Tensor, **_: torch.Tensor) -> SimpleNamespace:
        start = 5 * torch.randn(input_ids.shape, generator=self.generator)
        end = 5 * torch.randn(input_ids.shape, generator=self.generator)
        return SimpleNamespace(start_logits=start, end_logits=end)


def noisy(seed: int) -> Extractive:
    return Extractive(Noise(seed), tokenizer())
