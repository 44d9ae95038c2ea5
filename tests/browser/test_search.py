"""The search and the error clinic, in the browser that does all of it."""

from pathlib import Path

import pytest

from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser
DATA = Path(__file__).parents[1] / "data"
TEXTS = [line.split("\t") for line in (DATA / "error_texts.tsv").read_text().splitlines()]
FOREIGN = (DATA / "foreign_texts.txt").read_text().splitlines()
TRACEBACK = """Traceback (most recent call last):
  File "train.py", line 12, in <module>
    batch = torch.stack(images)
RuntimeError: stack expects each tensor to be equal size, but got [3, 224, 224] at entry 0 and [3, 200, 224] at entry 7
"""


@pytest.fixture
def field(page, app_url):
    page.goto(app_url)
    page.wait_for_function("document.body.dataset.page === 'home'")
    field = page.locator("#home").get_by_label("Search, or paste an error")
    field.wait_for()
    return field


def found(field, text):
    """(verdict, slugs of the hits) for a text that is pasted."""
    field.fill(text)
    verdict = field.page.locator("#home .verdict")
    verdict.wait_for()
    field.page.wait_for_function("() => new Promise((done) => setTimeout(() => done(true)))")
    hits = field.page.locator("#home .found a")
    return verdict.get_attribute("data-verdict"), [hits.nth(i).get_attribute("data-hit") for i in range(hits.count())]


def test_error_texts_of_our_topics_land_on_their_lesson(field):
    landed = [found(field, text)[1][0] in lessons.split() for lessons, text in TEXTS]
    assert len(landed) == 100 and sum(landed) >= 95


def test_error_texts_of_other_topics_are_not_ours_and_the_three_nearest_are_shown(field):
    answers = [found(field, text) for text in FOREIGN]
    assert sum(verdict == "other" and len(hits) == 3 for verdict, hits in answers) >= 0.9 * len(FOREIGN)


@pytest.mark.parametrize(
    "words, slug",
    [("nan", "logits"), ("different outputs", "dropout"), ("stack dim", "stack"), ("pad_token_id", "padding")],
)
def test_a_word_finds_its_lesson(field, words, slug):
    assert slug in found(field, words)[1]


def test_what_is_searched_for_stays_in_the_browser(field):
    asked = []
    found(field, "nan")
    field.page.on("request", lambda request: asked.append(request.url))
    found(field, TRACEBACK)
    pictures = [url for url in asked if "/thumbs/" in url]  # of the map: on a slow machine they are still on their way
    assert asked == pictures and field.page.evaluate("localStorage.length") == 0


def test_nothing_of_it_is_loaded_before_somebody_searches(page, app_url):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(app_url)
    page.locator("#home textarea").wait_for()
    assert not any("search.json" in url for url in asked)


def test_a_pasted_traceback_opens_the_params_that_raise_it(field):
    verdict, hits = found(field, TRACEBACK)
    assert verdict == "raised" and {"stack", "collate"} == set(hits[:2])  # a DataLoader stacks too
    field.press("Enter")
    page = field.page
    page.wait_for_url(f"**lesson={hits[0]}&**")
    lesson = page.locator(f'[data-lesson="{hits[0]}"]')
    lesson.get_by_text("stack expects each tensor to be equal size").first.wait_for()


def test_markup_that_is_pasted_is_text(field):
    found(field, "ValueError: <img src=x onerror=alert(1)> in stack")
    assert field.page.locator("img[src=x]").count() == 0


def test_arrows_and_escape_work_on_a_lesson_too(page, app_url):
    LessonOnScreen(page, app_url, "dropout")
    field = page.locator("#site-header").get_by_label("Search, or paste an error")
    field.fill("freeze")
    page.locator("#site-header .found a").first.wait_for()
    field.press("ArrowDown")
    page.keyboard.press("Escape")
    assert page.locator("#site-header .found").is_hidden()
    field.fill("freez")
    page.locator("#site-header .found a").first.wait_for()
    field.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**lesson=freeze")
