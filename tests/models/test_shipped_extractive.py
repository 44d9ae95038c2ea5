"""The weights in assets/models/extractive, on real questions."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.extractive import SHIPPED, Extractive
from tests.models.questions import BEES, BRIDGE, CURIE, QUESTIONS
from training.evaluate import area
from training.reader import Reader
from training.squad import exact_match, f1, normalise
from training.windows import Settings

ROOT = Path(__file__).parents[2]


@cache
def shipped() -> Extractive:
    return Extractive.load(device=torch.device("cpu"))


@pytest.mark.parametrize(("context", "question", "golds"), QUESTIONS, ids=[q for _, q, _ in QUESTIONS])
def test_the_shipped_model_finds_the_place(context, question, golds):
    said = Reader(shipped()).answer(question, context).best.text
    assert max(f1(said, gold) for gold in golds.split("|")) >= 0.4


def test_nine_of_ten_answers_are_exactly_what_a_reader_marks():
    answers = Reader(shipped()).answer_many([(question, context) for context, question, _ in QUESTIONS])
    golds = [golds.split("|") for _, _, golds in QUESTIONS]
    right = [any(exact_match(a.best.text, g) for g in own) for a, own in zip(answers, golds, strict=True)]
    assert sum(right) >= 27


def test_a_batch_answers_as_single_calls_do():
    asked = [(question, context) for context, question, _ in QUESTIONS]
    for answer, (question, context) in zip(Reader(shipped()).answer_many(asked, batch_size=16), asked, strict=True):
        alone = Reader(shipped()).answer(question, context)
        assert [span.text for span in answer.spans] == [span.text for span in alone.spans]
        assert answer.best.score == pytest.approx(alone.best.score, abs=1e-3)
        assert answer.best.probability == pytest.approx(alone.best.probability, abs=1e-4)


@pytest.mark.parametrize("length", [64, 96, 128])
def test_an_answer_is_found_in_whichever_window_holds_it(length):
    context = f"{BEES} {BRIDGE} {CURIE}"
    answer = Reader(shipped()).answer("Where was Marie Curie born?", context, Settings(length, 24))
    assert len(answer.windows) > 2 and answer.best.window > 0
    assert answer.best.text == "Warsaw"


def test_the_null_score_tells_a_text_without_the_answer_from_one_with_it():
    """Each question of its own text, and of a text about something else; 0 is the threshold that the span lesson begins with."""
    texts = {context: question for context, question, _ in QUESTIONS}
    asked = [(question, context) for context, question, _ in QUESTIONS]
    others = list(texts)
    elsewhere = [(question, others[others.index(context) - 1]) for question, context in asked]
    within, without = ([a.null_gap for a in Reader(shipped()).answer_many(pairs)] for pairs in (asked, elsewhere))
    assert sum(gap < 0 for gap in within) >= 24 and sum(gap > 0 for gap in without) >= 27
    assert area(without, within) > 0.95


def test_probabilities_fall_from_best_to_worst_and_are_sure_of_a_plain_answer():
    spans = Reader(shipped()).answer("Where was Marie Curie born?", CURIE).spans
    shares = [span.probability for span in spans]
    assert shares == sorted(shares, reverse=True) and 0.5 < sum(shares) <= 1


def test_the_folder_holds_float16_safetensors_and_no_pickle_and_is_small():
    files = [path for path in SHIPPED.iterdir() if path.is_file()]
    assert {tensor.dtype for tensor in load_file(SHIPPED / "model.safetensors").values()} == {torch.float16}
    assert not [path.name for path in files if path.suffix in {".bin", ".pt", ".pkl", ".py"}]
    assert sum(path.stat().st_size for path in files) <= 50_000_000


def test_the_model_card_names_base_data_licences_and_limits():
    card = (SHIPPED / "README.md").read_text("utf-8")
    needed = ("all-MiniLM-L6-v2", "Apache", "CC BY 4.0", "Miller", "Krauth", "Recht", "Schmidt", "Limits")
    assert all(word in card for word in needed)


def test_it_answers_while_every_connection_is_forbidden():
    code = """
import socket
def forbidden(*_, **__): raise SystemExit("opened a connection")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = forbidden
from models.extractive import Extractive
from training.evaluate import area
from training.reader import Reader
print(Reader(Extractive.load()).answer("Who sat on the mat?", "The cat sat on the mat.").best.text)
"""
    env = {"PYTHONPATH": str(ROOT), "PATH": "", "HF_HOME": "/nonexistent", "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True)
    assert normalise(run.stdout) == "cat", run.stderr
