"""A file is read in the browser into the text field; what is no text is one sentence, and nothing is sent as a file."""

import pytest

from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser


def choose(lesson, name, content):
    lesson.root.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})


def test_a_json_lines_file_fills_the_text_and_sets_the_format(page, app_url):
    lesson = LessonOnScreen(page, app_url, "own_data")
    lesson.repaint(lambda: choose(lesson, "pets.jsonl", '\ufeff{"né": 3}\r\n{"né": 4}\n'.encode()))
    assert lesson.root.locator('[data-param="format"] input:checked').get_attribute("value") == "1"
    assert "2 rows make 1 batch" in lesson.shown["caption"]


def test_a_long_file_is_not_in_the_link_and_the_page_says_so(page, app_url):
    lesson = LessonOnScreen(page, app_url, "own_data")
    lesson.repaint(lambda: choose(lesson, "long.csv", b"a,b\n" + b"1,2\n" * 30_000))
    assert "30000 rows make 7500 batches" in lesson.shown["caption"]
    assert "leave data out" in lesson.root.locator(".notes").inner_text()
    assert len(lesson.shown["address"]) < 300


@pytest.mark.parametrize(
    "name, content, said",
    [
        ("a.csv", b"caf\xe9,1\n", "a.csv is not UTF-8"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16"), "it holds bytes of value 0"),
        ("a.csv", b"x" * 1_000_001, "has 1000001 bytes; at most 1000000 are read"),
        ("a.txt", b"x\n" * 400_000, "a.txt has 400000 lines; at most 100001 are read"),
        ("a.exe", b"a,b\n", "choose a file that ends in .csv, .jsonl, .txt"),
    ],
)
def test_a_file_that_is_not_text_is_refused_in_one_sentence_and_nothing_changes(page, app_url, name, content, said):
    lesson = LessonOnScreen(page, app_url, "own_data")
    before = lesson.shown
    choose(lesson, name, content)
    problem = lesson.root.locator("p.problem")
    problem.wait_for(state="visible")
    assert said in problem.inner_text() and lesson.shown == before
