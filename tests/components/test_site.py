"""The page: a way to each lesson, a small first HTML, files that browsers may keep, and no slow import at the start."""

import json
import subprocess
import sys

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from components import CHAPTERS
from components.answer import lesson_of
from components.assets import BASE, routes
from components.home import home
from components.nav import header
from components.site import LESSONS, build, stage
from components.text import rich
from serving.same_for_all import files as files_of


@pytest.fixture(scope="module")
def config():
    return build().get_config_file()


@pytest.fixture(scope="module")
def files():
    return TestClient(Starlette(routes=routes()))


def test_every_chapter_and_every_lesson_has_its_tab():
    for slug in [chapter.slug for chapter in CHAPTERS]:
        assert f'data-chapter="{slug}"' in header()
    for slug in LESSONS:
        assert f'href="?lesson={slug}"' in header()


def test_home_asks_the_first_question_of_every_lesson():
    for slug in LESSONS:
        assert str(rich(lesson_of(slug).predictions[0].question)) in home(), slug


def test_what_a_lesson_says_is_text_on_every_page():
    assert rich("`a<b` & <b>") == "<code>a&lt;b</code> &amp; &lt;b&gt;"


def test_no_lesson_stands_in_two_chapters():
    assert len(set(LESSONS)) == len(LESSONS)


def test_there_is_a_place_for_each_lesson_and_nothing_in_it():
    for slug in LESSONS:
        assert f'data-place="{slug}" hidden></div>' in stage()


def test_the_page_is_three_blocks_and_none_of_the_endpoints(config):
    page = config["page"][""]
    sent = [block for block in config["components"] if block["id"] in page["components"]]
    assert [block["props"]["elem_id"] for block in sent] == ["site-header", "home", "stage"]
    assert not page["dependencies"] and len(json.dumps(sent)) < 60_000


def test_starting_the_app_does_not_import_transformers_or_pandas():
    seen = "import app, sys; print([name for name in ('transformers', 'pandas.plotting') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert "transformers" not in done.stdout


def test_files_are_named_by_their_content(files):
    for path in (
        "style.css",
        "js/first.js",
        "js/page.js",
        "js/views/grid.js",
        "js/views/cube.js",
    ):
        answer = files.get(f"/{BASE}/{path}")
        assert answer.status_code == 200, path
        assert files_of({"type": "http", "path": f"/{BASE}/{path}", "headers": [], "scheme": "http"}), "kept for good"


def test_files_are_found_behind_a_proxy_that_cuts_its_path_off():
    behind = TestClient(Starlette(routes=routes()), root_path="/torch")
    for path in ("style.css", "js/page.js", "js/views/grid.js"):
        assert behind.get(f"/{BASE}/{path}").status_code == 200, path


@pytest.mark.parametrize("path", ["js/../../../app.py", "js/%2e%2e/%2e%2e/app.py", "css/../../../etc/passwd", "js/"])
def test_no_other_file_is_served(files, path):
    assert files.get(f"/{BASE}/{path}").status_code in (404, 405)
