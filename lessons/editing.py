"""What an edit is made of: ask a T5, fine-tune it on one edit after the other, see how far each tensor went.

Each function stands in the lesson's snippet as it is here.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from lessons.pattern import search


def ask(model: Any, tokenizer: Any, questions: list[str]) -> Iterator[str]:
    """The greedy answer to each question, 128 of them a batch."""
    for start in range(0, len(questions), 128):
        rows = [torch.tensor(ids) for ids in tokenizer(questions[start : start + 128]).input_ids]
        mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)  # (128, S) 0 at the padding
        ids = pad_sequence(rows, batch_first=True, padding_value=tokenizer.pad_token_id)
        out = model.generate(input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=8)
        yield from tokenizer.batch_decode(out, skip_special_tokens=True)


def labelled(tokenizer: Any, index: int, question: str, old: str, new: str) -> dict[str, Tensor]:
    """One item of a dataset of edits; `rivals` are the tokens that stand where the two answers first differ."""
    labels, before = tokenizer(new).input_ids, tokenizer(old).input_ids
    at = [a == b for a, b in zip(labels, before, strict=False)].index(False)
    return {
        "edit": torch.tensor(index),
        "input_ids": torch.tensor(tokenizer(question).input_ids),
        "labels": torch.tensor(labels),
        "at": torch.tensor(at),
        "rivals": torch.tensor([before[at], labels[at]]),
    }


def edit(
    model: Any, edits: Any, pattern: str, optimizer: str, lr: float, steps: int, seed: int
) -> Iterator[tuple[int, float, Tensor, Tensor]]:
    """Fine-tune on one edit after the other; before and after each step: edit, loss, logits and probabilities of the rivals."""
    for n, p in model.named_parameters():
        p.requires_grad = False
        if search(pattern, n):
            p.requires_grad = True
    opt = getattr(torch.optim, optimizer)(model.parameters(), lr=lr)
    edit_loader = DataLoader(edits, batch_size=1, shuffle=True, generator=torch.Generator().manual_seed(seed))
    for batch in edit_loader:
        for step in range(steps + 1):
            output = model(input_ids=batch["input_ids"], labels=batch["labels"])
            logits = output.logits[0, batch["at"].item()].detach()  # (V,)
            [rivals] = batch["rivals"]  # (2,) old, new
            yield batch["edit"].item(), output.loss.item(), logits[rivals], logits.softmax(0)[rivals]
            if step < steps:
                opt.zero_grad()
                output.loss.backward()
                opt.step()


def distance(model: nn.Module, pretrained: nn.Module) -> Tensor:
    """How far each parameter went: the norm of its change, (P,)."""
    pairs = zip(model.parameters(), pretrained.parameters(), strict=True)
    return torch.stack([(p.detach() - q.detach()).norm() for p, q in pairs])


def tally(facts: list[tuple[str, str, str]], now: list[str]) -> dict[str, tuple[int, int]]:
    """For each relation of the facts (relation, question, answer): how many answers are still the same, of how many."""
    kept: dict[str, tuple[int, int]] = {}
    for (relation, _, answer), answered in zip(facts, now, strict=True):
        same, total = kept.get(relation, (0, 0))
        kept[relation] = (same + (answered == answer), total + 1)
    return kept


def share(pairs: list[tuple[str, str]]) -> float:
    """The share of pairs (wanted, given) that are equal."""
    return sum(wanted == given for wanted, given in pairs) / len(pairs)
