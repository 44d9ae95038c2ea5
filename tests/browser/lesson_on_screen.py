"""A lesson as a test sees it: open it, read what is on screen, change a control and wait for the paint."""

from dataclasses import fields
from functools import cache
from typing import Any

from playwright.sync_api import Page

from explorable.params import BadParam, choices
from tests.corners import LESSONS, figure_at, result_at


class LessonOnScreen:
    """By default nothing is veiled and the folds are open; `asked` leaves both as a newcomer meets them."""

    def __init__(self, page: Page, url: str, slug: str, query: str = "", asked: bool = False) -> None:
        self.page, self.slug = page, slug
        page.goto(f"{url}?lesson={slug}{query}{'' if asked else '&answered=1'}")
        self.root = page.locator(f'[data-lesson="{slug}"]')
        self.settle()
        if not asked:
            self.open_folds()

    def open_folds(self) -> None:
        self.root.evaluate(
            "root => root.querySelectorAll('.below > details, .all-settings').forEach(one => (one.open = true))"
        )
        self.settle()

    def settle(self) -> None:
        """Wait until the lesson is drawn, its views are there, nothing is on its way, and the address follows."""
        self.root.wait_for(state="visible", timeout=60_000)
        self.page.wait_for_function(
            """slug => { const root = document.querySelector(`[data-lesson="${slug}"]`);
               return root.dataset.state === "ready" && !root.hasAttribute("aria-busy") && !("running" in root.dataset)
                 && [...root.querySelectorAll(".panel")].every(panel => panel.childElementCount); }""",
            arg=self.slug,
            timeout=60_000,
        )
        self.page.evaluate(
            "() => new Promise((written) => requestAnimationFrame(() => setTimeout(() => setTimeout(written))))"
        )

    def see_operators(self) -> None:
        """The lines are in view, and beside them stands what torch ran."""
        self.root.locator(".point").scroll_into_view_if_needed()
        self.page.wait_for_function(
            'slug => !("due" in document.querySelector(`[data-lesson="${slug}"]`).dataset)', arg=self.slug
        )

    @property
    def shown(self) -> dict[str, str]:
        """Picture at its last step, words, code and address."""
        self.settle()
        self.see_operators()
        if (scrub := self.root.locator("input[data-scrub]")).is_visible():
            scrub.evaluate("one => { one.value = one.max; one.dispatchEvent(new Event('input')); }")
        return {
            "picture": "".join(self.root.locator(":is(.hero, .panels)").all_inner_texts()),
            "caption": "".join(self.root.locator(":is(.caption, .details)").all_inner_texts()),
            "code": "".join(self.root.locator(":is(.point, .code)").all_text_contents()),
            "address": self.page.url,
        }

    def repaint(self, act: Any) -> None:
        """Do something that must lead to a new paint, and wait for it."""
        before = int(self.root.get_attribute("data-painted") or 0)
        act()
        self.page.wait_for_function(
            '([slug, n]) => +document.querySelector(`[data-lesson="${slug}"]`).dataset.painted > n',
            arg=[self.slug, before],
            timeout=60_000,
        )
        self.settle()

    def set(self, param: Any, value: Any) -> None:
        """Change one control as a visitor does, and press the button of a lesson that waits for it."""
        row = self.root.locator(f'[data-param="{param.name}"]')
        button = self.root.locator("button.run")

        def act() -> None:
            self._operate(row, param, value)
            if button.count() and "due" in (button.get_attribute("class") or ""):
                button.click()

        self.repaint(act)

    def _operate(self, row: Any, param: Any, value: Any) -> None:
        if choices(param) and row.locator("select").count():
            row.locator("select").select_option(str(choices(param).index(value)))
        elif choices(param):
            row.locator("input[type=radio]").nth(choices(param).index(value)).check()
        elif isinstance(value, bool):
            row.locator("input").set_checked(value)
        elif isinstance(value, str):
            row.locator("input, textarea").first.fill(value)
            row.locator("input, textarea").first.blur()
        else:
            number = row.locator("input[type=number]")
            number.fill(str(value))
            number.blur()


def other_value(param: Any) -> Any:
    """A legal value of the field that is not its default."""
    if choices(param):
        return next(option for option in choices(param) if option != param.default)
    if isinstance(param.default, bool):
        return not param.default
    if isinstance(param.default, str):
        return param.default[: len(param.default) // 2] or "hello"
    low, high = param.metadata["low"], param.metadata["high"]
    return high if param.default != high else low


@cache
def first_telling_change(slug: str, skipped: tuple[str, ...] = ()) -> tuple[Any, Any]:
    """The first field, those skipped left out, whose other value changes picture and caption, according to Python."""
    lesson = LESSONS[slug]

    def seen(params: Any) -> tuple[Any, str]:
        return figure_at(slug, params), lesson.caption(params, result_at(slug, params))

    start = seen(lesson.Params())
    for param in (param for param in fields(lesson.Params) if param.name not in skipped):
        try:
            changed = seen(lesson.Params(**{param.name: other_value(param)}))
        except BadParam:  # half of a text need not be one that the lesson can read
            continue
        if all(before != after for before, after in zip(start, changed, strict=True)):
            return param, other_value(param)
    raise AssertionError(f"no single control of {slug} changes both the picture and the caption")
