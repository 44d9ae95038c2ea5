"""Train the shipped closed-book model: `python -m training.closed_book --out FOLDER`.

A small T5 starts from random weights and learns `assets/data/facts.csv` by heart, asked in the
wordings of `assets/data/templates.csv`. About six minutes on one idle processor core. The same seed, number
of steps and threads, and the same machine, give the same weights. `--evaluate FOLDER` only scores.
"""

import argparse
import random
from collections import Counter
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import trange
from transformers import PreTrainedTokenizerBase, T5Config, T5ForConditionalGeneration
from transformers.models.t5.modeling_t5 import T5Attention

from models.batch import IGNORED
from models.closed_book import QAModel
from models.facts import Fact
from training.closed_book_questions import (
    QuestionBook,
    draw_batch,
    every_question,
    filler_ids,
    forget_fillers,
    question_book,
)
from training.closed_book_tokenizer import build_tokenizer

DROPOUT = 0.1
CHUNK = 512  # questions scored at once


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--out", type=Path, help="train, and save model and tokenizer here")
    action.add_argument("--evaluate", type=Path, help="a trained folder, to be scored")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=3e-3, help="peak, of AdamW")
    parser.add_argument("--no-dropout", type=float, default=0.5, help="share of the steps, at the start")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def new_model(tokenizer: PreTrainedTokenizerBase) -> T5ForConditionalGeneration:
    """A T5 of 1.2 million random parameters: 2 + 2 blocks, 128 wide, ReLU feed-forward of 512."""
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=128,
        d_kv=32,
        d_ff=512,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=4,
        relative_attention_num_buckets=16,
        relative_attention_max_distance=32,
        dropout_rate=DROPOUT,
        feed_forward_proj="relu",
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config.decoder_start_token_id = tokenizer.pad_token_id
    return T5ForConditionalGeneration(config)


def set_dropout(model: nn.Module, p: float) -> None:
    """Set every dropout of a T5: its nn.Dropout modules, and the floats of its attention layers."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = p
        elif isinstance(module, T5Attention):
            module.dropout = p


class Examples:
    """An endless stream of training batches; every fact comes once before any comes again."""

    def __init__(self, book: QuestionBook, tokenizer: PreTrainedTokenizerBase, seed: int) -> None:
        self.book, self.tokenizer = book, tokenizer
        self.rng = random.Random(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.fillers = filler_ids(book, tokenizer)
        self.queue: list[Fact] = []

    def draw(self, size: int) -> dict[str, Tensor]:
        """`input_ids` and `attention_mask` (size, S), `labels` (size, T)."""
        while len(self.queue) < size:
            self.queue += self.rng.sample(self.book.facts, len(self.book.facts))
        facts, self.queue = self.queue[:size], self.queue[size:]
        questions = self.tokenizer(draw_batch(self.book, facts, self.rng), padding=True, return_tensors="pt")
        answers = self.tokenizer([f.answer for f in facts], padding=True, return_tensors="pt")
        unk = self.tokenizer.unk_token_id
        return {
            "input_ids": forget_fillers(questions.input_ids, self.fillers, unk, self.generator),
            "attention_mask": questions.attention_mask,
            "labels": answers.input_ids.masked_fill(answers.attention_mask == 0, IGNORED),
        }


def train(options: argparse.Namespace) -> QAModel:
    """A trained model in eval mode. Dropout is off at first: with it, learning starts slowly."""
    torch.manual_seed(options.seed)
    book = question_book()
    tokenizer = build_tokenizer(book.every_text())
    model = new_model(tokenizer).train()
    examples = Examples(book, tokenizer, options.seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=0.0)
    schedule = OneCycleLR(optimizer, options.learning_rate, total_steps=options.steps, pct_start=0.07)
    steps = trange(options.steps, desc="train")
    for step in steps:
        set_dropout(model, 0.0 if step < options.no_dropout * options.steps else DROPOUT)
        loss = model(**examples.draw(options.batch_size)).loss
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 20 == 0:
            steps.set_postfix(loss=f"{loss.item():.4f}")
    return QAModel(model.eval(), tokenizer)


def exact_match(qa: QAModel, book: QuestionBook) -> dict[str, float]:
    """Share of questions answered exactly, by relation, over each fact in each wording of `book`."""
    asked, right = Counter[str](), Counter[str]()
    questions = every_question(book)
    for first in range(0, len(questions), CHUNK):
        chunk = questions[first : first + CHUNK]
        known = qa.knows([question for _, question in chunk], [fact.answer for fact, _ in chunk])
        asked.update(fact.relation for fact, _ in chunk)
        right.update(fact.relation for (fact, _), k in zip(chunk, known.tolist(), strict=True) if k)
    scores = {relation: right[relation] / asked[relation] for relation in asked}
    return scores | {"all": right.total() / asked.total()}


def score_table(qa: QAModel) -> str:
    """The scores as the table of the model card."""
    seen, unseen = (exact_match(qa, question_book(use)) for use in ("train", "held_out"))
    facts = Counter(fact.relation for fact in question_book().facts)
    facts["all"] = facts.total()
    rows = [f"| {relation} | {facts[relation]} | {seen[relation]:.4f} | {unseen[relation]:.4f} |" for relation in seen]
    return "\n".join(["| relation | facts | training wordings | held-out wordings |", "|---|---|---|---|", *rows])


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    if options.evaluate:
        qa = QAModel.from_folder(options.evaluate)
    else:
        qa = train(options)
        qa.model.save_pretrained(options.out)
        qa.tokenizer.save_pretrained(options.out)
    print(score_table(qa))


if __name__ == "__main__":
    main()
