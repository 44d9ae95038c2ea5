"""Scores of an extractive model: `python -m training.evaluate MODEL FILE`.

MODEL is a folder that `from_pretrained` reads, FILE any SQuAD v1.1 or v2.0 file. Normalisation, F1
and exact match are the official ones, over the questions that have an answer; contexts longer than
the window are read in overlapping windows. Where the file also holds questions without an answer,
two areas under the ROC curve say how well these are told from the others: by the null score less
the score of the best span, and by the probability of the best span.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from models.extractive import Extractive
from training.answers import Answer
from training.reader import Reader
from training.squad import Question, read, score
from training.windows import Settings

CHUNK = 64  # questions between two steps of the progress bar


def predict(
    model: Extractive, questions: Sequence[Question], settings: Settings, batch_size: int = 16
) -> dict[str, Answer]:
    """The answer to each question, by id; a question that cannot be read has none."""
    said: dict[str, Answer] = {}
    ordered = sorted(questions, key=lambda question: len(question.context))
    with tqdm(total=len(ordered), unit="question", mininterval=1) as bar:
        for at in range(0, len(ordered), CHUNK):
            chunk = ordered[at : at + CHUNK]
            said |= _answers(model, chunk, settings, batch_size)
            bar.update(len(chunk))
    return said


def _answers(
    model: Extractive, questions: Sequence[Question], settings: Settings, batch_size: int
) -> dict[str, Answer]:
    try:
        pairs = [(q.question, q.context) for q in questions]
        answers = Reader(model).answer_many(pairs, settings, batch_size)
    except ValueError as error:
        return _one_by_one(model, questions, settings, error)
    return {q.id: answer for q, answer in zip(questions, answers, strict=True)}


def _one_by_one(
    model: Extractive, questions: Sequence[Question], settings: Settings, error: ValueError
) -> dict[str, Answer]:
    """Find the question that a batch failed on, name it, and answer the others."""
    if len(questions) == 1:
        tqdm.write(f"{questions[0].id}: {error}")
        return {}
    said: dict[str, Answer] = {}
    for question in questions:
        said |= _answers(model, [question], settings, 1)
    return said


def area(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Area under the ROC curve: how often one drawn from `higher` exceeds one from `lower`; a tie is half."""
    differences = torch.tensor(higher, dtype=torch.float64)[:, None] - torch.tensor(lower, dtype=torch.float64)
    return (differences.sign().mean().item() + 1) / 2


def areas(questions: Sequence[Question], said: Mapping[str, Answer]) -> dict[str, float]:
    """How well each number tells the questions without an answer from those with one."""
    absent = [said[q.id] for q in questions if q.id in said and not q.answers]
    present = [said[q.id] for q in questions if q.id in said and q.answers]
    return {
        "null score": area([a.null_gap for a in absent], [a.null_gap for a in present]),
        "probability": area([-a.best.probability for a in absent], [-a.best.probability for a in present]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Scores on a SQuAD v1.1 or v2.0 file.")
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("file", type=Path, help="SQuAD v1.1 or v2.0 file")
    parser.add_argument("--max-length", type=int, default=384)
    parser.add_argument("--stride", type=int, default=128)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    questions = read(args.file)
    said = predict(Extractive.load(args.model), questions, Settings(max_length=args.max_length, stride=args.stride))
    answerable = [question for question in questions if question.answers]
    scores = score(answerable, {id_: answer.best.text for id_, answer in said.items()})
    print(f"questions    {len(answerable)}")
    print(f"F1           {scores['f1']:.1f}")
    print(f"exact match  {scores['exact_match']:.1f}")
    if len(answerable) < len(questions):
        print(f"without an answer: {len(questions) - len(answerable)}")
        for name, share in areas(questions, said).items():
            print(f"area under the ROC by {name}: {share:.3f}")


if __name__ == "__main__":
    main()
