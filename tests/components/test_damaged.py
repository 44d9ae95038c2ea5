"""Where the shipped weights are not to be had, each lesson that needs them says so at every door, and the others work."""

import json
import logging

import pytest

from components import answer, warm
from components.lesson_page import _restore, _update
from components.site import LESSONS
from lessons import shipped
from models import registry
from tests.components.served import served

PROBLEM = "closed_book/model.safetensors is missing in assets/models."


@pytest.fixture
def damaged(monkeypatch):
    """The closed-book model's folder lacks its weights; nothing is loaded or kept from before."""
    for module in (registry, shipped):
        monkeypatch.setattr(module, "problem_of", lambda name: PROBLEM if name == "closed_book" else "")
    monkeypatch.setattr(answer, "_states", answer.Kept(10**8))
    registry._registry_for.cache_clear()
    answer.computed.cache_clear()
    yield
    registry._registry_for.cache_clear()
    answer.computed.cache_clear()


def test_a_lesson_without_its_model_opens_with_the_sentence_and_answers_with_it(damaged):
    opened = json.loads(_restore("train_mode_answers")({"lesson": "train_mode_answers"}).body)
    assert PROBLEM in opened["state"]["notes"] and opened["state"]["figure"] == {"rows": []}
    assert json.loads(_update("train_mode_answers")({}).body) == {"problem": PROBLEM}


def test_the_others_work_and_healthz_names_what_is_missing(damaged):
    assert "state" in json.loads(_update("dropout")({"p": 0.31}).body)
    with served() as app:
        health = app.get("/healthz")
        assert health.status_code == 200 and health.text == f"ok\n{PROBLEM}"


def test_a_lesson_that_reads_the_folder_by_itself_says_so_too(damaged, monkeypatch):
    def run(_: object) -> None:
        raise OSError("no such file")

    lesson = answer.lesson_of("dropout")
    monkeypatch.setattr(answer.gpu, "run", lambda *_: run(None))
    with pytest.raises(answer.BadParam, match=f"This lesson cannot run here: {PROBLEM}"):
        answer.computed("dropout", lesson.Params(p=0.32))


def test_nothing_that_goes_wrong_in_one_lesson_keeps_the_others_from_being_warmed(monkeypatch, caplog):
    opened = []

    def fails(slug: str, _: object) -> bytes:
        opened.append(slug)
        raise SystemError("everything")

    monkeypatch.setattr(warm, "state_json", fails)
    with caplog.at_level(logging.ERROR):
        warm._open_every_lesson()
    assert set(opened) == set(LESSONS)
