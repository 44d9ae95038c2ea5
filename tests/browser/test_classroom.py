"""A whole round on three real pages: the teacher's remote, the projector and a learner's phone."""

import re

import pytest

from tests.browser.conftest import clean_page
from tests.browser.test_accessible import serious
from tests.browser.walk import SMALLEST

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(browser):
    with clean_page(browser, 360, 640) as page:
        page.emulate_media(color_scheme="dark")
        yield page


@pytest.fixture
def screen(browser):
    with clean_page(browser) as page:
        yield page


def opened(page, app_url: str) -> str:
    """Open a room with the plan of 45 minutes; its code."""
    page.goto(f"{app_url}teach/45")
    page.get_by_role("button", name="Open a room").click()
    page.wait_for_url(re.compile(r"/room/\w{5}/remote#.{24}"))
    code = page.locator(".code-of-room")
    code.wait_for()
    return code.inner_text()


def press(page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def choose(page, text: str) -> None:
    page.get_by_role("radio", name=text).check()
    page.get_by_text("Your vote counts").wait_for()


def smallest_type(projector) -> float:
    """In px, of all that is to be read from 8 m."""
    return projector.locator("body").evaluate(SMALLEST)


def is_read_from_8_metres(projector) -> None:
    """The bars and what torch says of them stand on the screen at once, in large type."""
    decides = projector.locator("[data-ring]").first.bounding_box()
    assert decides["y"] + decides["height"] <= 800
    assert smallest_type(projector) >= 28


def come_in(screen, phone, app_url: str, code: str) -> None:
    """The projector shows where to join, and a learner types the code."""
    screen.goto(f"{app_url}room/{code}/projector")
    screen.get_by_role("img", name=f"room/{code}").wait_for()
    assert code in screen.locator(".typed").inner_text()
    phone.goto(f"{app_url}room/")
    phone.get_by_role("button", name="Join").wait_for()
    assert phone.evaluate("[document.documentElement.scrollWidth, scrollX]") == [360, 0]
    phone.get_by_label("code").fill(f" {code.lower()}")
    press(phone, "Join")
    phone.get_by_text("You are in.").wait_for()
    screen.get_by_text("1 joined").wait_for()


def vote_wrong(page, screen, phone) -> None:
    """A vote that is changed by keyboard, and that a reload does not lose; nobody sees bars."""
    phone.get_by_role("heading", name="called three times").wait_for()
    choose(phone, "3 different outputs")
    phone.get_by_role("radio", name="3 different").press("ArrowUp")
    for view in (page, screen, phone):
        view.get_by_text("1 voted").wait_for()
    assert not screen.locator(".bar").count() and not phone.locator(".bar").count()
    assert [serious(view, "body") for view in (page, screen, phone)] == [[], [], []]
    assert smallest_type(screen) >= 28
    phone.reload()
    phone.locator(".option input:checked").wait_for()
    assert phone.locator("label", has=phone.locator("[type=radio]:checked")).inner_text() == "1 output: the seed is set"


def test_a_class_votes_discusses_votes_again_and_torch_decides(page, screen, phone, app_url):
    come_in(screen, phone, app_url, opened(page, app_url))
    press(page, "Next: Dropout draws anew")
    vote_wrong(page, screen, phone)
    press(page, "Close the vote")
    page.get_by_text("0 % are right").wait_for()
    press(page, "Let them discuss")
    phone.get_by_text("Discuss:").wait_for()
    assert "your vote" in phone.locator(".results").inner_text()
    press(page, "Open the second vote")
    phone.get_by_text("Vote again.").wait_for()
    choose(phone, "3 different outputs")
    press(page, "Close the second vote")
    press(page, "Reveal")
    for seen in (phone, screen):
        seen.locator("[data-ring*='3 different outputs']").wait_for()
        assert "1 moved from wrong to right" in seen.locator(".moves").inner_text()
        assert seen.locator(".bar").count() == 6
    is_read_from_8_metres(screen)
    assert [serious(view, "body") for view in (page, screen, phone)] == [[], [], []]
    assert "Right." in phone.locator(".verdict").inner_text()
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    with page.expect_download() as saved:
        press(page, "Download the results")
    moved = "moves,1,dropout.three_calls,,1 output: the seed is set,3 different outputs,1,1,1"
    assert moved in saved.value.path().read_text()


def test_the_check_is_answered_before_and_after_and_shown_when_the_teacher_says_so(page, screen, phone, app_url):
    code = opened(page, app_url)
    phone.goto(f"{app_url}room/{code}")
    phone.get_by_text("You are in.").wait_for()
    screen.goto(f"{app_url}room/{code}/projector")
    page.get_by_text("Any question, and the check").click()
    for when in ("before", "after"):
        press(page, f"Begin the check {when}")
        phone.get_by_role("heading", name=f"The check {when}").wait_for()
        groups = phone.get_by_role("group")
        for index in range(10):
            groups.nth(index).get_by_role("radio").first.check()
        phone.get_by_text("10 of 10 answered. That is all").wait_for()
        screen.get_by_text("1 of 1 have begun").wait_for()
        if when == "before":
            assert not phone.get_by_text("right").count()
            page.get_by_role("button", name="End the check").click()
            phone.get_by_role("heading", name=f"Room {code}").wait_for()
    press(page, "End the check and show its answers")
    phone.get_by_role("heading", name="The answers of the check").wait_for()
    assert phone.locator(".answers-of-check > li").count() == 20
    screen.get_by_text("took both checks").wait_for()
    assert re.search(r"\d+ % → \d+ % right", screen.locator(".big").inner_text())


def test_a_learner_may_stay_behind_and_hands_are_counted_without_phones(page, phone, app_url):
    code = opened(page, app_url)
    phone.goto(f"{app_url}room/{code}")
    phone.get_by_text("You are in.").wait_for()
    phone.get_by_role("switch", name="follow the room").uncheck()
    press(page, "Next: Dropout draws anew")
    phone.get_by_text("The room has gone on.").wait_for()
    assert not phone.get_by_role("radio").count()
    phone.get_by_role("switch", name="follow the room").check()
    phone.get_by_role("radio").first.wait_for()
    page.get_by_text("Count raised hands").click()
    for field, hands in zip(page.locator(".hands input").all(), ("1", "2", "7"), strict=True):
        field.fill(hands)
    press(page, "Count these hands")
    page.get_by_text("10 voted").wait_for()
    press(page, "Close the vote")
    page.get_by_text("70 % are right").wait_for()
    press(page, "Reveal")
    phone.locator("[data-ring]").wait_for()
    assert "7 · 70 %" in phone.locator(".results .right").inner_text()


def test_a_page_that_slept_for_ten_minutes_goes_on_where_the_room_is(page, browser, app_url):
    """Its timers and its network stand still; meanwhile the vote closes and the second one opens."""
    with browser.new_context(viewport={"width": 360, "height": 640}, reduced_motion="reduce") as context:
        phone = context.new_page()
        phone.clock.install()
        phone.goto(f"{app_url}room/{opened(page, app_url)}")
        phone.get_by_text("You are in.").wait_for()
        press(page, "Next: Dropout draws anew")
        phone.get_by_role("heading", name="called three times").wait_for()
        choose(phone, "3 different outputs")
        context.set_offline(True)
        for step in ("Close the vote", "Let them discuss", "Open the second vote"):
            press(page, step)
        phone.clock.fast_forward("10:00")
        phone.get_by_role("alert").wait_for()
        context.set_offline(False)
        phone.get_by_text("Vote again.").wait_for()
        choose(phone, "3 different outputs")
        press(page, "Close the second vote")
        press(page, "Reveal")
        phone.get_by_text("1 stayed right").wait_for()
        assert phone.get_by_role("alert").is_hidden()
