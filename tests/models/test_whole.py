"""A shipped model of which a file is missing, cut off, a pointer or changed is named; it is never loaded."""

import shutil
from pathlib import Path

import pytest

from models import registry, whole
from models.hub import ModelUnavailable
from models.registry import SHIPPED, load
from models.whole import FOLDER, SUMS, problem_of

WEIGHTS = Path("closed_book") / "model.safetensors"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4716288\n"


@pytest.fixture
def copy(tmp_path) -> Path:
    shutil.copy(FOLDER / SUMS, tmp_path)
    shutil.copytree(FOLDER / "closed_book", tmp_path / "closed_book")
    return tmp_path


def flip(content: bytes) -> bytes:
    return content[:-100_000] + bytes([content[-100_000] ^ 1]) + content[-99_999:]


def test_every_file_that_is_loaded_has_its_sum():
    shipped = {f"{path.parent.name}/{path.name}" for path in FOLDER.glob("*/*") if path.suffix != ".md"}
    assert {line.split()[1] for line in (FOLDER / SUMS).read_text().splitlines()} == shipped


def test_what_was_shipped_has_no_problem():
    assert [problem_of(choice.name) for choice in SHIPPED] == ["", ""]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.unlink(), "is missing in assets/models."),
        (lambda path: path.write_bytes(POINTER), "is a Git LFS pointer, not the file: git lfs pull fetches it."),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "of 4716287 bytes, is not the file that was shipped"),
        (lambda path: path.write_bytes(flip(path.read_bytes())), "of 4716288 bytes, is not the file that was shipped"),
    ],
    ids=["missing", "pointer", "cut off", "one bit"],
)
def test_a_damaged_file_is_one_sentence_and_is_not_loaded(copy, monkeypatch, damage, words):
    damage(copy / WEIGHTS)
    problem = problem_of("closed_book", copy)
    assert problem.startswith(str(WEIGHTS)) and words in problem
    monkeypatch.setattr(registry, "problem_of", lambda name: whole.problem_of(name, copy))
    with pytest.raises(ModelUnavailable) as refused:
        load(SHIPPED[1], lambda share, doing: None)
    assert str(refused.value) == problem
