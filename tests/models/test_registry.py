"""The list of choices, and what stays in memory."""

import json
import re
import threading

import pytest

from models.extractive import Extractive
from models.hub import ModelUnavailable
from models.registry import FROM_HUB, LOCAL_VARIABLE, SHIPPED, Choice, Registry, choices, load
from tests.models.tiny import network, tokenizer
from training.reader import Reader


class Turnstile:
    """A lock that lets the test see how many have come to it."""

    def __init__(self, expected: int) -> None:
        self.lock, self.counter = threading.Lock(), threading.Lock()
        self.all_here = threading.Event()
        self.left = expected

    def __enter__(self) -> None:
        with self.counter:
            self.left -= 1
            if self.left <= 0:
                self.all_here.set()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def quiet(share: float, doing: str) -> None:
    """Nobody watches."""


class Counting:
    """A loader that only remembers what it was asked for."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def __call__(self, choice, progress):
        self.loaded.append(choice.name)
        return object()


@pytest.fixture
def folder(tmp_path):
    network().save_pretrained(tmp_path / "mine")
    tokenizer().save_pretrained(tmp_path / "mine")
    return tmp_path / "mine"


def test_shipped_models_come_first_and_their_folders_are_here():
    assert choices()[:2] == SHIPPED
    assert all((choice.source / "model.safetensors").is_file() for choice in SHIPPED)


def test_every_kind_can_be_had_from_the_hub_too():
    assert {choice.kind for choice in FROM_HUB} == {"extractive", "closed_book"}
    assert all(choice.on_hub and choice.name == choice.source for choice in FROM_HUB)
    assert all(re.fullmatch("[0-9a-f]{40}", choice.revision or "") for choice in FROM_HUB)


def test_a_folder_of_the_operator_is_a_choice_and_answers(monkeypatch, folder):
    monkeypatch.setenv(LOCAL_VARIABLE, str(folder))
    model = Registry().get("local: mine")
    assert isinstance(model, Extractive) and Reader(model).answer("where is the cat ?", "in the garden").best.text


def test_the_head_of_the_operators_model_decides_its_kind(monkeypatch, folder):
    monkeypatch.setenv(LOCAL_VARIABLE, str(folder))
    (folder / "config.json").write_text(json.dumps({"architectures": ["T5ForConditionalGeneration"]}))
    assert choices()[2].kind == "closed_book"


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_an_incomplete_folder_of_the_operator_is_refused_at_the_start(monkeypatch, folder, missing):
    (folder / missing).unlink()
    monkeypatch.setenv(LOCAL_VARIABLE, str(folder))
    with pytest.raises(ValueError, match=f"{LOCAL_VARIABLE} must name a folder with config.json"):
        Registry()


def test_a_head_that_answers_nothing_is_refused(monkeypatch, folder):
    (folder / "config.json").write_text(json.dumps({"architectures": ["BertForMaskedLM"]}))
    monkeypatch.setenv(LOCAL_VARIABLE, str(folder))
    with pytest.raises(ValueError, match="holds BertForMaskedLM, which answers nothing"):
        Registry()


def test_a_model_is_loaded_once_however_many_ask_at_the_same_time():
    loader = Counting()
    registry = Registry(loader=loader)
    threads = [threading.Thread(target=registry.get, args=("extractive",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loader.loaded == ["extractive"]


def test_who_waits_for_a_load_that_fails_is_told_so_and_who_comes_later_tries_again():
    tried: list[str] = []
    told: list[ModelUnavailable] = []
    turnstile = Turnstile(expected=4)

    def failing(choice, progress):
        tried.append(choice.name)
        turnstile.all_here.wait(10)
        raise ModelUnavailable("The Hub is away.")

    def ask() -> None:
        with pytest.raises(ModelUnavailable) as caught:
            registry.get("extractive")
        told.append(caught.value)

    registry = Registry(loader=failing)
    registry._loading["extractive"] = turnstile
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 4 and tried == ["extractive"]
    ask()
    assert len(told) == 5 and tried == ["extractive"] * 2


def test_the_longest_unused_model_leaves_memory():
    loader = Counting()
    registry = Registry(kept=2, loader=loader)
    names = [choice.name for choice in FROM_HUB[:3]]
    for name in (names[0], names[1], names[0], names[2], names[0], names[1]):
        registry.get(name)
    assert loader.loaded == [names[0], names[1], names[2], names[1]]


def test_a_name_that_is_no_choice_is_refused_with_the_list():
    with pytest.raises(ValueError, match="model must be one of extractive, closed_book, .*'gpt' is not"):
        Registry(loader=Counting()).get("gpt")


def test_without_a_hub_the_shipped_model_still_answers():
    registry = Registry()
    with pytest.raises(ModelUnavailable, match="roberta-base-squad2 is not available"):
        registry.get("deepset/roberta-base-squad2")
    shipped = registry.get("extractive")
    assert isinstance(shipped, Extractive) and Reader(shipped).answer("Who sat?", "Ada sat.").best.text == "Ada"


def test_a_folder_that_cannot_be_loaded_is_one_sentence(folder):
    (folder / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(ModelUnavailable, match="broken was found but could not be loaded"):
        load(Choice("broken", "extractive", folder), quiet)


def test_loading_tells_how_far_it_is(folder):
    told: list[str] = []
    load(Choice("mine", "extractive", folder), lambda share, doing: told.append(doing))
    assert told == ["loading mine"]


def test_who_cannot_have_a_model_gets_the_shipped_one_of_its_kind_and_the_reason():
    tried: list[str] = []

    def offline(choice, progress):
        tried.append(choice.name)
        if choice.on_hub:
            raise ModelUnavailable("no network")
        return choice.kind

    registry = Registry(loader=offline)
    for choice in FROM_HUB * 2:
        used, model, reason = registry.get_or_shipped(choice.name)
        assert used in SHIPPED and used.kind == model == choice.kind and str(reason) == "no network"
    assert len(tried) == len(FROM_HUB) + len(SHIPPED), "a model that is not there is not tried at every question"
    assert registry.get_or_shipped("extractive") == (SHIPPED[0], "extractive", None)
    with pytest.raises(ValueError, match="model must be one of"):
        registry.get_or_shipped("nonsense")
