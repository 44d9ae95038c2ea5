"""What the README promises: its front matter, its commands, its tables and its code."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import gradio_client
import pytest

from components import CHAPTERS
from components.answer import answer, lesson_of
from explorable import source
from explorable.params import read

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
FRONT = dict(re.findall(r'^(\w+): *"?(.+?)"?$', README.split("---")[1], re.MULTILINE))


def test_the_front_matter_is_that_of_a_space():
    assert FRONT["sdk"] == "gradio" and FRONT["app_file"] == "app.py" and FRONT["python_version"] == "3.12"
    assert (
        FRONT["license"] == "apache-2.0"
        and FRONT["title"]
        and FRONT["emoji"]
        and FRONT["colorFrom"]
        and FRONT["colorTo"]
    )
    assert len(FRONT["short_description"]) <= 60


def test_every_chapter_is_named():
    assert [chapter.title for chapter in CHAPTERS if f"| {chapter.title} |" not in README] == []


def test_every_lesson_is_named():
    titles = [lesson_of(slug).title.replace("__", r"\_\_") for chapter in CHAPTERS for slug in chapter.lessons]
    assert [title for title in titles if f"| {title} |" not in README] == [], (
        "give each its row: | | title | question |"
    )


def test_every_file_that_is_named_is_there():
    named = re.findall(r"\]\(([^):]+)\)|`((?:\w+/)+(?:\w+\.\w+)?)`", README)
    paths = {path for pair in named for path in pair if path and "relu" not in path}
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_command_is_a_target_of_the_makefile():
    rules = re.findall(r"^([\w ]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    assert set(re.findall(r"(?m)(?:^|`)make (\w+)", README)) <= targets


def test_the_lesson_that_it_shows_is_one(monkeypatch, tmp_path, capsys):
    section = README.split("## Add a lesson")[1].split("\n## ")[0]
    program, lesson, figure = re.findall(r"```\n(.*?)```", section, re.DOTALL)
    (tmp_path / "relu.py").write_text(program)
    monkeypatch.setattr(source, "FOLDER", tmp_path)
    for name, text in (("lessons.relu", lesson), ("figures.relu", figure)):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
        exec(compile(text, name, "exec"), vars(sys.modules[name]))
    relu, draw = sys.modules["lessons.relu"].LESSON, sys.modules["figures.relu"].draw
    params, [question] = relu.Params(), relu.predictions
    result = relu.run(params)
    exec(relu.program.proof(question.proof), {})
    assert capsys.readouterr().out.strip() == question.right.text == str(result.dead)
    assert relu.caption(params, result) == "Of 3 entries 2 are 0."
    panels = [panel for row in draw(params, result)["rows"] for panel in row]
    assert [one["text"] for panel in panels for one in panel.get("items", []) if one["key"] == question.ring] == ["2"]
    assert relu.run(relu.Params(**relu.traps[0].params)).dead == 1


def test_the_picture_is_small():
    for path in (ROOT / "assets" / "images").iterdir():
        assert path.stat().st_size < 200_000, path


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Against the functions behind the endpoints; tests/components asks a running server."""

    class Client:
        def __init__(self, address: str) -> None:
            assert address.endswith(":7860")

        def predict(self, *, api_name: str, **values: Any) -> dict[str, Any]:
            slug = api_name.removeprefix("/")
            params = read(lesson_of(slug).Params, values)
            return answer(slug, params)

    monkeypatch.setattr(gradio_client, "Client", Client)
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(code, {})
    assert "p=0.3" in capsys.readouterr().out
