"""A chapter on paper: every question without its answer, then the key."""

import pytest

from components import CHAPTERS
from components.answer import lesson_of
from components.text import rich
from components.worksheet import LETTERS
from tests.components.served import served


@pytest.fixture(scope="module")
def client():
    with served() as client:
        yield client


def test_the_questions_come_unanswered_and_the_key_behind_them(client):
    chapter = CHAPTERS[0]
    asked, _, key = client.get(f"worksheet/{chapter.slug}").text.partition('<section class="key">')
    predictions = [one for slug in chapter.lessons for one in lesson_of(slug).predictions]
    for one in predictions:
        assert str(rich(one.question)) in asked and str(rich(one.right.reply)) not in asked
        assert all(
            f"☐ {letter}. {rich(choice.text)}<" in asked for letter, choice in zip(LETTERS, one.choices, strict=False)
        )
        assert f"<strong>{LETTERS[one.answer]}. {rich(one.right.text)}</strong> {rich(one.right.reply)}" in key
    assert asked.count("☐ A.") == len(predictions) and 'rel="stylesheet"' in asked


def test_every_chapter_has_one_and_teach_leads_to_it(client):
    teach = client.get("teach").text
    for chapter in CHAPTERS:
        assert f'href="worksheet/{chapter.slug}"' in teach
        assert client.get(f"worksheet/{chapter.slug}").status_code == 200
    assert client.get("worksheet/nothing").status_code == 404
