"""What must hold of the page as a whole."""

import pytest

from tests.browser.lesson_on_screen import LessonOnScreen

pytestmark = pytest.mark.browser


def test_a_bad_link_opens_the_defaults_and_names_the_field(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", "&p=7&layer=nonsense&mode=eval")
    notes = lesson.root.locator(".notes").inner_text()
    assert "p must be a number from 0" in notes and "layer must be one of" in notes
    assert lesson.root.locator('[data-param="p"] input[type=number]').input_value() == "0.5"


def test_markup_in_a_link_is_shown_as_text(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", "&layer=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert "<img src=x onerror=alert(1)>" in lesson.root.locator(".notes").inner_text()
    assert page.locator("img[src=x]").count() == 0


def test_a_number_out_of_range_keeps_what_was_typed_and_names_the_range(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    number = lesson.root.locator('[data-param="p"] input[type=number]')
    number.fill("3")
    number.blur()
    assert "p must be a number from 0" in lesson.root.locator(".problem").inner_text()
    assert number.input_value() == "3"


def without_answer(page, times):
    """The server gives no readable answer to so many questions, and then is there again."""
    left = [times]

    def meet(route):
        left[0] -= 1
        route.continue_() if left[0] < 0 else route.fulfill(body="gone")

    page.route("**/explorables/ask/**", meet)


def test_a_server_that_is_away_for_a_moment_is_asked_again(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    without_answer(page, 2)
    lesson.repaint(lambda: lesson.root.locator("[aria-label='another seed']").click())
    assert lesson.root.locator(".problem").is_hidden()
    assert "seed=1" in lesson.shown["address"]


def test_a_server_that_stays_away_is_one_sentence_and_what_was_set_is_kept(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    without_answer(page, 4)
    lesson.root.locator("[aria-label='another seed']").click()
    lesson.settle()
    assert "The server did not answer" in lesson.root.locator(".problem").inner_text()
    assert lesson.root.locator('[data-param="seed"] input').input_value() == "1"
    lesson.repaint(lambda: lesson.root.locator("[aria-label='another seed']").click())
    assert lesson.root.locator(".problem").is_hidden()


def test_a_server_that_limits_how_often_it_is_asked_is_quoted(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    sentence = "Too many requests at once; try again in 3 seconds."
    page.route(
        "**/explorables/ask/**", lambda route: route.fulfill(status=429, body=sentence, content_type="text/plain")
    )
    lesson.root.locator("[aria-label='another seed']").click()
    lesson.settle()
    assert lesson.root.locator(".problem").inner_text() == sentence


def test_a_link_may_hold_a_value_between_the_steps_of_a_slider(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", "&p=0.33")
    lesson.repaint(lambda: lesson.root.locator("[aria-label='another seed']").click())
    assert lesson.root.locator(".problem").is_hidden()
    assert "p = 0.33" in lesson.shown["code"]


def test_arrow_up_in_a_number_goes_by_the_step_each_time(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    number = lesson.root.locator('[data-param="p"] input[type=number]')
    number.focus()
    for _ in range(2):
        lesson.repaint(lambda: page.keyboard.press("ArrowUp"))
    assert number.input_value() == "0.6"


def test_a_cell_without_arithmetic_never_shows_that_of_another(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    lesson.root.locator("table.grid td[data-key~='1,2']").first.hover()
    shown = lesson.root.locator(".arithmetic").inner_text()
    lesson.root.locator(".panel", has_text="y_eval").locator("td[data-key~='1,3']").first.hover()
    assert lesson.root.locator(".arithmetic").inner_text() != shown


def test_a_teachers_link_hides_controls(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", "&hide=seed,passes")
    shown = {name: lesson.root.locator(f'[data-param="{name}"]').is_visible() for name in ("p", "seed", "passes")}
    assert shown == {"p": True, "seed": False, "passes": False}


def test_the_focus_stays_on_the_card_when_a_prediction_is_answered(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", asked=True)
    lesson.root.get_by_role("button", name="just show me").press("Enter")
    assert page.evaluate("document.activeElement.closest('.choices') !== null")


@pytest.mark.parametrize("slug", ["dropout", "traversal"])  # replies of one line and of two
def test_the_picture_stays_where_it_is_when_the_answer_is_shown(page, app_url, slug):
    lesson = LessonOnScreen(page, app_url, slug, asked=True)
    hero = lesson.root.locator("[data-part=hero]")
    before = hero.bounding_box()["y"]
    lesson.root.get_by_role("button", name="just show me").click()
    lesson.settle()
    assert hero.bounding_box()["y"] == before


def test_arrow_keys_walk_the_cells_and_show_their_arithmetic(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    lesson.root.locator(".hero table.grid").nth(1).locator("td[tabindex='0']").focus()
    first = lesson.root.locator(".arithmetic").inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    second = lesson.root.locator(".arithmetic").inner_text()
    assert "dropped" in first and "1 - 0.5" in second


def test_pointing_at_a_cell_lights_the_same_cell_of_every_panel_without_a_request(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    lesson.root.locator("table.grid td[data-key~='1,2']").first.hover()
    assert lesson.root.locator("td.lit").count() == lesson.root.locator("td[data-key~='1,2']").count() > 2
    assert asked == []


def test_scrubbing_shows_computed_steps_without_a_request(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout")
    asked, before = [], lesson.root.locator(".panels").inner_text()
    page.on("request", lambda request: asked.append(request.url))
    lesson.root.locator("input[data-scrub]").fill("3")
    assert lesson.root.locator(".panels").inner_text() != before
    assert lesson.root.locator("input[data-scrub]").get_attribute("aria-valuetext").startswith("4 of ")
    assert asked == []


def test_a_dropped_zero_does_not_look_like_a_computed_zero(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", "&p=0.3")
    cells = lesson.root.locator(".panel", has_text="call 1").locator("td[data-key]")
    texts = [cells.nth(i).locator(".value").inner_text() for i in range(cells.count())]
    assert "✕" in texts and "0" in texts


def test_reduced_motion_switches_transitions_off(page, app_url):
    page.emulate_media(reduced_motion="reduce")
    lesson = LessonOnScreen(page, app_url, "dropout")
    assert (
        lesson.root.locator("td[data-key]").first.evaluate("cell => getComputedStyle(cell).transitionDuration") == "0s"
    )


def test_two_visitors_do_not_see_each_other(page, app_url, browser):
    mine = LessonOnScreen(page, app_url, "dropout", "&p=0.2")
    with browser.new_context() as context:
        theirs = LessonOnScreen(context.new_page(), app_url, "dropout", "&p=0.9")
        theirs.repaint(lambda: theirs.root.locator(".control [aria-label='another seed']").click())
    assert mine.root.locator('[data-param="p"] input[type=number]').input_value() == "0.2"
    assert "p = 0.2" in mine.shown["code"]


def test_pressing_requires_grad_freezes_the_tensor_and_the_address_says_so(page, app_url):
    lesson = LessonOnScreen(page, app_url, "freeze", "&freeze=nothing")
    lesson.repaint(lambda: lesson.root.get_by_role("button", name="freeze body.weight").press("Enter"))
    assert "pattern=%5E%28stem" in page.url and "body%5C.weight" not in page.url  # the others go on learning
    assert lesson.root.get_by_role("button", name="train body.weight").evaluate("b => b === document.activeElement")


def test_what_is_typed_is_read_after_a_pause_and_never_taken_away(page, app_url):
    lesson = LessonOnScreen(page, app_url, "padding")
    text = lesson.root.locator('[data-param="lines"] textarea')
    lesson.repaint(lambda: text.press_sequentially(" and more"))
    assert text.input_value().count(" and more") == 1
    assert "and more" in lesson.shown["code"]


def test_back_shows_the_text_of_the_address_also_in_the_field_that_has_the_focus(page, app_url):
    lesson = LessonOnScreen(page, app_url, "padding")
    text = lesson.root.locator('[data-param="lines"] textarea')
    before = text.input_value()
    text.fill("other words")
    lesson.repaint(text.blur)
    text.focus()
    lesson.repaint(page.go_back)
    assert text.input_value() == before


def test_operators_are_asked_for_once_the_lines_are_seen_and_no_answer_waits_for_them(page, app_url):
    lesson = LessonOnScreen(page, app_url, "dropout", asked=True)
    page.set_viewport_size({"width": 1280, "height": 400})
    lesson.root.get_by_role("button", name="just show me").click()
    page.evaluate("scrollTo(0, 0)")
    lesson.settle()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/ran?" in request.url else None)
    for _ in range(3):
        lesson.repaint(lambda: lesson.root.locator("[aria-label='another seed']").evaluate("button => button.click()"))
    page.wait_for_timeout(500)
    assert asked == [] and not lesson.root.locator(".point .ran").count()
    lesson.see_operators()
    assert len(asked) == 1 and "seed=3" in asked[0]
    assert "bernoulli_" in "".join(lesson.root.locator(".point .ran").all_inner_texts())
