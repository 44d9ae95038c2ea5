"""Fetching from a Hub that works, one that refuses, one that hangs, and none at all."""

import huggingface_hub.constants
import pytest
import torch

from models.extractive import Extractive
from models.hub import REPOSITORY, Limits, ModelUnavailable, fetch, fetch_config
from tests.models import fake_hub
from tests.models.tiny import network, tokenizer
from training.reader import Reader

REPO = "someone/tiny"


def quiet(share: float, doing: str) -> None:
    """Nobody watches."""


@pytest.fixture
def online(monkeypatch, tmp_path):
    """The client believes it is online and keeps its cache in a folder of the test."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    offered = tmp_path / "offered"
    network().save_pretrained(offered)
    tokenizer().save_pretrained(offered)
    (offered / "pytorch_model.bin").write_bytes(b"a pickle")
    (offered / "modeling_tiny.py").write_text("raise SystemExit")
    return offered


def test_a_fetched_model_answers_and_its_pickles_and_code_stay_on_the_hub(online, folder):
    with fake_hub.serving(folder) as hub:
        fetched = fetch(REPO, quiet, endpoint=hub)
    names = {path.name for path in fetched.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not names & {"pytorch_model.bin", "modeling_tiny.py"}
    assert Reader(Extractive.load(fetched, torch.device("cpu"))).answer("where ?", "the cat").best.text


def test_progress_rises_to_one(online, folder):
    shares: list[float] = []
    with fake_hub.serving(folder) as hub:
        fetch(REPO, lambda share, doing: shares.append(share), endpoint=hub)
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1 and len(shares) > 3


def test_what_was_fetched_once_needs_no_hub(online, folder):
    with fake_hub.serving(folder) as hub:
        first = fetch(REPO, quiet, endpoint=hub)
    assert fetch(REPO, quiet, endpoint=fake_hub.closed()) == first


def test_the_commit_that_is_named_is_the_one_that_is_asked_for_and_kept(online, folder):
    asked: list[str] = []
    with fake_hub.serving(folder, asked=asked) as hub:
        fetched = fetch(REPO, quiet, fake_hub.COMMIT, endpoint=hub)
    assert len(asked) > 3 and all(f"/{fake_hub.COMMIT}" in path for path in asked)
    assert fetched.name == fake_hub.COMMIT
    assert fetch(REPO, quiet, fake_hub.COMMIT, endpoint=fake_hub.closed()) == fetched
    with pytest.raises(ModelUnavailable):
        fetch(REPO, quiet, "f" * 40, endpoint=fake_hub.closed())


def test_a_model_without_safetensors_is_refused(online, folder):
    (folder / "model.safetensors").unlink()
    with fake_hub.serving(folder) as hub:
        with pytest.raises(ModelUnavailable, match="no safetensors weights, and nothing else"):
            fetch(REPO, quiet, endpoint=hub)


def test_a_model_over_the_size_limit_is_refused_before_it_is_fetched(online, folder, tmp_path):
    with fake_hub.serving(folder) as hub:
        with pytest.raises(ModelUnavailable, match="at most 0 MB are fetched"):
            fetch(REPO, quiet, limits=Limits(bytes=1000), endpoint=hub)
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


@pytest.mark.parametrize(("status", "sentence"), [(404, "does not offer"), (500, "cannot be reached")])
def test_a_hub_that_refuses_is_one_sentence(online, folder, status, sentence):
    with fake_hub.serving(folder, status) as hub:
        with pytest.raises(ModelUnavailable, match=f"{sentence}.*{REPO}|{REPO}.*{sentence}"):
            fetch(REPO, quiet, limits=Limits(seconds=30), endpoint=hub)


def test_no_hub_at_all_is_one_sentence(online):
    with pytest.raises(ModelUnavailable, match=f"cannot be reached, so {REPO} is not available"):
        fetch(REPO, quiet, endpoint=fake_hub.closed())


def test_a_hub_that_never_answers_is_given_up_after_the_time_limit(online):
    with fake_hub.hanging() as hub:
        with pytest.raises(ModelUnavailable, match=f"{REPO} did not arrive within 0.3 seconds"):
            fetch(REPO, quiet, limits=Limits(seconds=0.3, answer_seconds=5), endpoint=hub)


def test_offline_is_one_sentence_and_opens_no_connection(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("opened a connection"))
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        fetch(REPO, quiet)


# -- config.json alone ------------------------------------------------------------------------------------------------


def unwatched(share: float) -> None:
    """Nobody watches."""


def test_of_a_repository_config_json_alone_is_asked_for(online, folder, tmp_path):
    asked: list[str] = []
    with fake_hub.serving(folder, asked=asked) as hub:
        text = fetch_config(REPO, unwatched, endpoint=hub)
    assert text == (folder / "config.json").read_text("utf-8")
    assert asked and all(path.endswith("/config.json") for path in asked)
    assert {path.name for path in (tmp_path / "cache").rglob("*") if path.suffix} <= {"config.json", "CACHEDIR.TAG"} | {
        path.name for path in (tmp_path / "cache").rglob("*.lock")
    }


def test_the_operators_token_is_not_sent(online, folder, monkeypatch):
    sent: list[str | None] = []
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_operator")
    monkeypatch.setattr(
        fake_hub.Handler, "log_message", lambda self, *_: sent.append(self.headers.get("authorization"))
    )
    with fake_hub.serving(folder) as hub:
        fetch_config(REPO, unwatched, endpoint=hub)
    assert sent and set(sent) == {None}


def test_a_config_that_is_too_large_is_not_fetched(online, folder, tmp_path):
    with fake_hub.serving(folder) as hub:
        with pytest.raises(ModelUnavailable, match="at most 10 are fetched"):
            fetch_config(REPO, unwatched, Limits(bytes=10), endpoint=hub)
    assert not list((tmp_path / "cache").rglob("config.json"))


@pytest.mark.parametrize(("status", "sentence"), [(404, "does not offer"), (500, "cannot be reached")])
def test_a_hub_that_refuses_a_config_is_one_sentence(online, folder, status, sentence):
    with fake_hub.serving(folder, status) as hub:
        with pytest.raises(ModelUnavailable, match=sentence):
            fetch_config(REPO, unwatched, Limits(seconds=30), endpoint=hub)


def test_a_hub_that_hangs_is_watched_and_given_up(online):
    shares: list[float] = []
    with fake_hub.hanging() as hub:
        with pytest.raises(ModelUnavailable, match="did not arrive within 0.6 seconds"):
            fetch_config(REPO, shares.append, Limits(seconds=0.6, answer_seconds=5), endpoint=hub)
    assert len(shares) > 1 and shares == sorted(shares) and 0 <= shares[0] and shares[-1] <= 1


def test_who_watches_may_end_the_waiting(online):
    def leave(share: float) -> None:
        raise KeyboardInterrupt

    with fake_hub.hanging() as hub:
        with pytest.raises(KeyboardInterrupt):
            fetch_config(REPO, leave, endpoint=hub)


def test_offline_no_config_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("opened a connection"))
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        fetch_config(REPO, unwatched)


def test_a_name_of_the_hub_is_no_path_and_no_address():
    assert all(map(REPOSITORY.fullmatch, ("google-bert/bert-base-uncased", "someone/tiny_1.5")))
    refused = ("bert", "a/b/c", "../secret", "a/..", "/etc/passwd", "http://x/y", "a/b?c", "a b/c", "{}", "a--b/c", "")
    assert not any(map(REPOSITORY.fullmatch, refused))
