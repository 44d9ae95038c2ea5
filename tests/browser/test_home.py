"""Home teaches at once, and leads to every lesson and back."""

import json

import pytest

from components import CHAPTERS
from components.assets import BASE
from components.site import LESSONS
from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser
DAY = 24 * 60 * 60 * 1000
KEY = "torch-explorables"


@pytest.fixture
def home(page, app_url):
    page.goto(app_url)
    page.locator('#home [data-part="map"]').wait_for()
    page.wait_for_function("document.body.dataset.page === 'home'")
    return page


def rows(home):
    calls = home.locator(".twice .call .cells")
    return [calls.nth(i).locator("li").all_inner_texts() for i in range(calls.count())]


def test_the_first_state_comes_with_the_page_and_shows_two_calls_that_differ(page, app_url):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.goto(app_url)
    page.locator(".twice .call").nth(1).wait_for()
    one, two = rows(page)
    differ = sum(a != b for a, b in zip(one, two, strict=True))
    assert differ and f"{differ} of {len(one)} values differ" in page.locator(".twice .caption").inner_text()
    assert asked == []


def test_each_press_is_one_call_of_the_endpoint_and_shows_its_answer(home):
    with home.expect_response("**/gradio_api/run/dropout") as called:
        home.get_by_role("button", name="Call y = dropout(x) again").click()
    home.locator(".twice .call").nth(2).wait_for()
    answered = called.value.json()["data"][0]["numbers"]["y_train"]["values"]
    assert [float(value) for value in rows(home)[-1]] == [value for row in answered for value in row]


def test_in_eval_mode_a_call_gives_x(home):
    home.get_by_text("dropout.eval()").click()
    home.locator(".twice .call").nth(2).wait_for()
    assert rows(home)[-1] == home.locator(".twice .input .cells li").all_inner_texts()
    assert "eval mode" in home.locator(".twice .caption").inner_text()


def test_a_server_that_does_not_answer_is_one_sentence(home):
    home.route("**/gradio_api/run/dropout", lambda route: route.fulfill(body="gone"))
    with home.expect_response("**/gradio_api/run/dropout"):
        home.get_by_role("button", name="Call y = dropout(x) again").click()
    home.get_by_text("The server did not answer").wait_for()
    home.unroute("**/gradio_api/run/dropout")


@pytest.mark.parametrize("width", [1280, 1024, 390, 320])
def test_every_lesson_is_on_the_map_and_every_chapter_has_its_tab_at_every_width(home, width):
    home.set_viewport_size({"width": width, "height": 800})
    for slug in LESSONS:
        assert home.locator(f'[data-part="map"] a[href="?lesson={slug}"]').is_visible()
    for chapter in CHAPTERS:
        assert home.get_by_role("tab", name=chapter.title, exact=True).is_visible()
    assert home.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 1024, 390, 320])
def test_on_a_lesson_every_lesson_of_its_chapter_can_be_reached_at_every_width(page, app_url, width):
    page.set_viewport_size({"width": width, "height": 800})
    LessonOnScreen(page, app_url, "batches")
    place = page.locator("#site-header .place")
    if place.is_visible():
        place.press("Enter")
    for slug in next(chapter.lessons for chapter in CHAPTERS if "batches" in chapter.lessons):
        box = page.locator(f"#lesson-{slug}").bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= width


def test_a_tab_writes_its_lesson_into_the_address_and_back_and_forward_follow(home):
    home.get_by_role("tab", name="Train / eval", exact=True).click()
    home.locator('[data-lesson="dropout"]').wait_for()
    home.get_by_role("tab", name="train(), eval(), no_grad()", exact=True).click()
    home.wait_for_url("**lesson=modes")
    assert home.title().startswith("train(), eval(), no_grad()")
    home.locator('[data-lesson="modes"]').wait_for()
    home.go_back()
    home.locator('[data-lesson="dropout"]').wait_for()
    assert home.locator('[data-lesson="modes"]').is_hidden()
    home.go_back()
    home.locator('[data-part="map"]').wait_for()
    assert "lesson" not in home.url and home.title() == "Torch Explorables"
    home.go_forward()
    home.locator('[data-lesson="dropout"]').wait_for()


def test_a_lesson_that_was_left_is_found_as_it_was(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", "&p=0.2")
    page.get_by_role("tab", name="BatchNorm", exact=True).click()
    page.wait_for_url("**lesson=batch_norm")
    page.get_by_role("tab", name="Dropout", exact=True).click()
    page.wait_for_url("**lesson=dropout&p=0.2")
    assert lesson.root.locator('[data-param="p"] input[type=number]').input_value() == "0.2"


def test_arrow_keys_walk_the_tabs_and_enter_opens_one(home):
    home.get_by_role("tab", name="Train / eval", exact=True).focus()
    home.keyboard.press("ArrowRight")
    home.keyboard.press("Enter")
    second = CHAPTERS[1]
    home.wait_for_url(f"**lesson={second.lessons[0]}")
    assert home.get_by_role("tab", name=second.title, exact=True).get_attribute("aria-selected") == "true"


def test_a_link_to_no_lesson_says_so_on_home(page, app_url):
    page.goto(f"{app_url}?lesson=%3Cb%3Enonsense")
    page.locator(".notice").wait_for()
    assert "There is no lesson “<b>nonsense”" in page.locator(".notice").inner_text()


def test_a_theme_stays_in_the_address(page, app_url):
    page.goto(f"{app_url}?__theme=dark")
    page.locator('[data-card="freeze"] .question a').click()
    page.wait_for_url("**?lesson=freeze&__theme=dark")
    page.locator("#site-header [data-home]").click()
    page.wait_for_url("**?__theme=dark")


def test_prev_and_next_lead_through_all_lessons_in_order(page, app_url):
    LessonOnScreen(page, app_url, LESSONS[4])
    page.locator('#site-header [data-step="next"]').click()
    page.wait_for_url(f"**lesson={LESSONS[5]}")
    page.locator('#site-header [data-step="prev"]').click()
    page.wait_for_url(f"**lesson={LESSONS[4]}")


def remember(page, **answers):
    memory = {"last": "freeze", "answers": answers}
    page.evaluate("([key, memory]) => localStorage.setItem(key, memory)", [KEY, json.dumps(memory)])
    page.reload()
    page.wait_for_function("document.body.dataset.page === 'home'")
    page.locator(".continue").wait_for()


def ids(home, slug):
    return home.locator(f'[data-card="{slug}"]').get_attribute("data-questions").split()


def test_the_map_marks_what_this_browser_has_answered_and_forgets_it_when_told(home):
    known = {"choice": 0, "right": True, "sure": True, "at": 0, "stage": 0}
    remember(home, **dict.fromkeys(ids(home, "stack"), known), **{ids(home, "freeze")[0]: known})
    marks = [home.locator(f'[data-card="{slug}"] .done').inner_text() for slug in ("stack", "freeze", "dropout")]
    assert marks == ["●", "◐", "○"]
    home.get_by_role("switch", name="Remember").uncheck()
    assert home.locator('[data-card="stack"] .done').inner_text() == "○" and home.locator(".continue").is_hidden()
    assert "choice" not in home.evaluate("key => localStorage.getItem(key)", KEY)


@pytest.mark.parametrize(
    "stage, days, returns", [(1, 0.9, False), (1, 1.1, True), (2, 6, False), (2, 8, True), (0, 99, False)]
)
def test_a_question_comes_back_after_a_day_and_after_a_week(home, stage, days, returns):
    asked = ids(home, "batch_norm")[0]
    then = home.evaluate("Date.now()") - days * DAY
    remember(home, **{asked: {"choice": 0, "right": False, "sure": None, "at": then, "stage": stage}})
    assert home.locator(f'.due a[href*="lesson=batch_norm&q={asked.split(".")[1]}"]').count() == returns


def test_a_guess_comes_back_after_a_day_and_known_then_after_a_week(home, app_url):
    """assets/js/memory.js by itself: answers given at times that the test sets."""
    steps = [[0, False], [0.5, True], [1.1, True], [5, True], [8.2, True]]  # days, sure
    back = home.evaluate(
        """async ([script, steps, day]) => {
            const memory = await import(script);
            return steps.map(([days, sure]) => {
                const back = memory.due(days * day).includes("a.b");
                memory.remember("a.b", { choice: 0, right: true, sure }, days * day);
                return back;
            });
        }""",
        [f"{app_url}{BASE}/js/memory.js", steps, DAY],
    )
    assert back == [False, False, True, False, True]


@pytest.mark.parametrize("width, height", [(1280, 800), (1024, 768)])
def test_the_first_screen_says_what_this_is_why_two_calls_differ_and_where_to_start(page, app_url, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.goto(app_url)
    for part in (".tagline", ".lead", ".twice .caption", ".yours .start"):
        box = page.locator(part).bounding_box()
        assert box and box["y"] + box["height"] <= height, part
    assert f"{len(LESSONS)} lessons" in page.locator(".lead").inner_text()
    assert "each call draws at random" in page.locator(".twice .caption").inner_text()
    assert "x / (1 - p)" in page.locator(".twice .layer").inner_text()
    assert {float(y) for y in rows(page)[0]} == {0, 1 / (1 - 0.5)}
