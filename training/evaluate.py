"""F1 and exact match of an extractive model: `python -m training.evaluate MODEL FILE`.

MODEL is a folder that `from_pretrained` reads, FILE any SQuAD v1.1 file. Normalisation and
scores are the official ones; contexts longer than the window are read in overlapping windows.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from models.extractive import Extractive
from training.reader import Reader
from training.squad import Question, read, score
from training.windows import Settings

CHUNK = 64  # questions between two steps of the progress bar


def predict(
    model: Extractive, questions: Sequence[Question], settings: Settings, batch_size: int = 16
) -> dict[str, str]:
    """The best span of each question, by id; a question that cannot be read has none."""
    said: dict[str, str] = {}
    ordered = sorted(questions, key=lambda question: len(question.context))
    with tqdm(total=len(ordered), unit="question", mininterval=1) as bar:
        for at in range(0, len(ordered), CHUNK):
            chunk = ordered[at : at + CHUNK]
            said |= _answers(model, chunk, settings, batch_size)
            bar.update(len(chunk))
    return said


def _answers(model: Extractive, questions: Sequence[Question], settings: Settings, batch_size: int) -> dict[str, str]:
    try:
        pairs = [(q.question, q.context) for q in questions]
        answers = Reader(model).answer_many(pairs, settings, batch_size)
    except ValueError as error:
        return _one_by_one(model, questions, settings, error)
    return {q.id: answer.best.text for q, answer in zip(questions, answers, strict=True)}


def _one_by_one(
    model: Extractive, questions: Sequence[Question], settings: Settings, error: ValueError
) -> dict[str, str]:
    """Find the question that a batch failed on, name it, and answer the others."""
    if len(questions) == 1:
        tqdm.write(f"{questions[0].id}: {error}")
        return {}
    said: dict[str, str] = {}
    for question in questions:
        said |= _answers(model, [question], settings, 1)
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description="F1 and exact match on a SQuAD v1.1 file.")
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("file", type=Path, help="SQuAD v1.1 file")
    parser.add_argument("--max-length", type=int, default=384)
    parser.add_argument("--stride", type=int, default=128)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    questions = read(args.file)
    settings = Settings(max_length=args.max_length, stride=args.stride)
    scores = score(questions, predict(Extractive.load(args.model), questions, settings))
    print(f"questions    {len(questions)}")
    print(f"F1           {scores['f1']:.1f}")
    print(f"exact match  {scores['exact_match']:.1f}")


if __name__ == "__main__":
    main()
