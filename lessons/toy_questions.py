"""Questions about one of three facts in a tiny language, as batches for a BERT with a question-answering head.

The whole file is the beginning of the snippet of `live_training`.
"""

import random
from typing import Any

import torch
from torch import Tensor

SENTENCES = {
    "color": "it is {} .",
    "price": "it costs {} coins .",
    "owner": "{} owns it .",
    "place": "it was made in {} .",
}
VALUES = {
    "color": ["red", "blue", "green", "black", "white"],
    "price": ["ten", "twenty", "thirty", "forty", "fifty"],
    "owner": ["anna", "boris", "clara", "david", "emma"],
    "place": ["paris", "rome", "oslo", "cairo", "lima"],
}
WORDS = sorted(
    {word for words in VALUES.values() for word in words}
    | {word for sentence in SENTENCES.values() for word in sentence.split()} - {"{}"}
    | {"what", "the", "?", *SENTENCES}
)
VOCABULARY = {word: index for index, word in enumerate(["[PAD]", "[CLS]", "[SEP]", *WORDS])}


def ask(facts: dict[str, str], asked: str) -> tuple[list[str], int, int]:
    """The tokens of a question and its context; the answer's first and last token, inclusive."""
    tokens, start, end = f"[CLS] what is the {asked} ? [SEP]".split(), 0, 0
    for key, value in facts.items():
        before, after = SENTENCES[key].split("{}")
        if key == asked:
            start = len(tokens) + len(before.split())
            end = start + len(value.split()) - 1
        tokens += [*before.split(), *value.split(), *after.split()]
    return [*tokens, "[SEP]"], start, end


def sample(rng: random.Random) -> tuple[list[str], int, int]:
    """A random question about one of three random facts."""
    keys = rng.sample(list(SENTENCES), 3)
    return ask({key: rng.choice(VALUES[key]) for key in keys}, rng.choice(keys))


def collate(examples: list[tuple[list[str], int, int]], pads: int = 0, side: str = "right") -> dict[str, Tensor]:
    """One batch (N, T): as long as the longest example and `pads` more, padded on one side."""
    longest = max(len(tokens) for tokens, _, _ in examples) + pads
    ids = torch.full((len(examples), longest), VOCABULARY["[PAD]"])
    mask, kinds, positions = torch.zeros_like(ids), torch.zeros_like(ids), []
    for row, (tokens, start, end) in enumerate(examples):
        first = longest - len(tokens) if side == "left" else 0
        ids[row, first : first + len(tokens)] = torch.tensor([VOCABULARY[token] for token in tokens])
        mask[row, first : first + len(tokens)] = 1
        kinds[row, first + tokens.index("[SEP]") + 1 : first + len(tokens)] = 1  # the context
        positions.append((first + start, first + end))
    starts, ends = torch.tensor(positions).unbind(1)
    batch = {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}
    return {**batch, "start_positions": starts, "end_positions": ends}


def padded(examples: list[tuple[list[str], int, int]], padding: str, pads: int) -> dict[str, Tensor]:
    """The examples as one batch, padded as `padding` says."""
    if padding == "no extra padding":
        return collate(examples)
    batch = collate(examples, pads, side=padding.split(",")[0])
    if padding == "right, no attention_mask":
        del batch["attention_mask"]
    if padding == "left, position_ids from the mask":
        batch["position_ids"] = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    return batch


@torch.no_grad()
def read_all(model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, float, float]:
    """Start and end logits (N, 2, T), the share of examples whose two maxima are at the right tokens, and the loss."""
    output = model(**batch)
    logits = torch.stack([output.start_logits, output.end_logits], dim=1)
    wanted = torch.stack([batch["start_positions"], batch["end_positions"]], dim=1)
    exact = (logits.argmax(-1) == wanted).all(-1).float().mean().item()
    return logits, exact, output.loss.item()
