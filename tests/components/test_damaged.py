"""Where the shipped weights are not to be had, each lesson that needs them says so at every door, and the others work."""

import json
import logging

import pytest

from components import answer, warm
from components.site import LESSONS
from lessons import shipped
from models import registry, shared
from tests.components.served import at_the_door, served

PROBLEM = "closed_book/model.safetensors is missing in assets/models."


@pytest.fixture
def damaged(monkeypatch):
    """The closed-book model's folder lacks its weights; nothing is loaded or kept from before."""
    for module in (registry, shipped):
        monkeypatch.setattr(module, "problem_of", lambda name: PROBLEM if name == "closed_book" else "")
    for kept in ("_states", "_openings"):
        monkeypatch.setattr(answer, kept, answer.Kept(10**8))
    shared._registry_for.cache_clear()
    answer.computed.cache_clear()
    yield
    shared._registry_for.cache_clear()
    answer.computed.cache_clear()


def test_a_lesson_without_its_model_opens_with_the_sentence_and_answers_with_it(damaged):
    opened = at_the_door().get("train_mode_answers?lesson=train_mode_answers")
    assert PROBLEM in opened.json()["notes"] and opened.json()["state"]["figure"] == {"rows": []}
    assert opened.headers["cache-control"] == "no-store"
    assert json.dumps(PROBLEM) in at_the_door().get("train_mode_answers").text


def test_the_others_work_and_healthz_names_what_is_missing(damaged):
    assert "state" in at_the_door().get("dropout?p=0.31").json()
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

    monkeypatch.setattr(warm, "shown_json", fails)
    with caplog.at_level(logging.ERROR):
        warm._open_every_lesson()
    assert set(opened) == set(LESSONS)
