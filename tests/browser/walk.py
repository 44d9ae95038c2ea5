"""A newcomer's walk through a lesson, and what is seen on the way: one page load, for the laws of tests/browser/test_page_laws.py."""

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator

from components.answer import lesson_of
from tests.browser.lesson_on_screen import LessonOnScreen

SCREENS = ((1280, 800), (1024, 768), (390, 844))
PARTS = ("question", "choices", "hero", "caption", "controls")
CUT = """hero => [hero, ...hero.querySelectorAll("*")].filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth
    && getComputedStyle(one).overflowX !== "visible" && !one.matches(".for-ears, input")).map(one => one.className)"""
SMALLEST = """hero => Math.min(...[...hero.querySelectorAll("*")].filter(one => one.checkVisibility()
    && !one.matches(".for-ears, .cube-same") && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(one => parseFloat(getComputedStyle(one).fontSize) * (one.currentCSSZoom ?? 1)))"""
VISIBLE = """root => [...root.querySelectorAll("[data-part], .truth, .details, .pinned, .control :is(.name, label, .about)")]
    .filter(one => one.checkVisibility() && !one.matches("[data-part=question], [data-part=choices], [data-part=controls]"))
    .map(one => one.innerText).join("\\n")"""
OF_COLOURS = ["color-contrast", "link-in-text-block"]
MILD = ["region"]  # its findings are never serious
# Of texts that look alike, on grounds that look alike, one of all lessons is looked at: each takes milliseconds, a page has a thousand.
AXE = AXE_SCRIPT + ";axe.configure({ rules: [{ id: 'color-contrast', selector: '[data-new-look]' }] })"
NEW = """seen => { seen = new Set(seen); const known = new Map();
    const style = (one) => { const { color, fontSize, fontWeight, backgroundColor, backgroundImage, opacity } = getComputedStyle(one);
        return [color, fontSize, fontWeight, backgroundColor, backgroundImage, opacity].join(); };
    const kind = (one) => { if (one && !known.has(one)) known.set(one, style(one) + " in " + kind(one.parentElement)); return known.get(one); };
    for (const one of document.body.querySelectorAll("*")) {
        const says = one.matches("input, textarea, select") || [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        one.toggleAttribute("data-new-look", says && !seen.has(kind(one)) && !!seen.add(kind(one))); }
    return [...seen]; }"""
LOOKS: list[str] = []  # of the texts that this process has looked at
SPOKEN = """root => [...root.querySelectorAll("[aria-label], [title], [data-note]")]
    .filter(one => one.checkVisibility() && !one.closest("[data-part=choices], [data-part=controls]"))
    .map(one => [one.ariaLabel, one.title, one.dataset.note].join(" ")).join("\\n")"""


@dataclass
class Screen:
    """One size of window, before anything is answered."""

    boxes: dict[str, dict[str, float]]
    width: int  # of the whole document
    cut: list[str]  # what of the picture is cut off or scrolls sideways


@dataclass
class Asked:
    """One question, before and after a wrong answer."""

    headline: str
    before: list[str]  # what is to be seen, and what is to be heard
    veiled: int
    ring: str | None = None
    reply: str = ""
    truth: bool = False
    veiled_after: int = 0
    heroes: tuple[dict[str, float], ...] = ()  # its box, before and after


@dataclass
class Trapped:
    """One trap that was pressed."""

    words: str
    source: str | None
    pinned: dict[str, float]
    hero: dict[str, float]


@dataclass
class Walk:
    lesson: LessonOnScreen
    screens: dict[tuple[int, int], Screen] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    traps: list[Trapped] = field(default_factory=list)
    grave: dict[str, list[Any]] = field(default_factory=dict)  # what axe finds, by state of the page
    height: int = 0
    end: str = ""
    memory: dict[str, Any] = field(default_factory=dict)
    type_sizes: dict[str, float] = field(default_factory=dict)

    def part(self, name: str) -> Locator:
        return self.lesson.root.locator(f"[data-part={name}]")

    def box(self, locator: Locator) -> dict[str, float]:
        return locator.bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0}

    def go(self) -> "Walk":
        """The whole walk, in the order in which a visitor could make it."""
        for size in SCREENS:
            self.look(size)
        self.lesson.page.set_viewport_size({"width": 1280, "height": 800})
        self.audit("asked")
        for number, _ in enumerate(lesson_of(self.lesson.slug).predictions):
            self.answer(number)
        self.finish()
        for number, _ in enumerate(lesson_of(self.lesson.slug).traps):
            self.fall(number)
        self.present()
        return self

    def look(self, size: tuple[int, int]) -> None:
        page = self.lesson.page
        page.set_viewport_size({"width": size[0], "height": size[1]})
        self.lesson.settle()
        boxes = {name: self.box(self.part(name)) for name in PARTS}
        width = page.evaluate("document.documentElement.scrollWidth")
        self.screens[size] = Screen(boxes, width, self.part("hero").evaluate(CUT))

    def answer(self, number: int) -> None:
        """Look at the question on screen, then give the choice after the right one, guessing."""
        root, prediction = self.lesson.root, lesson_of(self.lesson.slug).predictions[number]
        if number:
            root.locator(".reply .go").click()
            self.lesson.settle()
        before = [root.evaluate(VISIBLE), root.evaluate(SPOKEN)]
        asked = Asked(self.part("question").inner_text(), before, root.locator("[data-veiled]").count())
        hero = self.box(self.part("hero"))
        root.locator(".choices button", has_text="guessing").click()
        root.locator(".answers > button").nth((prediction.answer + 1) % len(prediction.choices)).click()
        self.lesson.settle()
        if (ring := self.part("hero").locator("[data-ring]")).count():
            asked.ring = ring.get_attribute("data-ring")
        asked.reply, asked.truth = root.locator(".reply").inner_text(), root.locator(".truth").is_visible()
        asked.veiled_after = root.locator("[data-veiled]").count()
        asked.heroes = (hero, self.box(self.part("hero")))
        self.asked.append(asked)

    def finish(self) -> None:
        page = self.lesson.page
        self.height = page.evaluate("document.documentElement.scrollHeight")
        self.end = self.part("next").inner_text()
        self.memory = page.evaluate("JSON.parse(localStorage['torch-explorables']).answers")
        self.type_sizes["page"] = self.part("hero").evaluate(SMALLEST)
        self.lesson.open_folds()
        self.audit("answered, with open folds", colours=True)
        page.evaluate("document.body.classList.add('dark')")
        self.ask_axe("dark", {"runOnly": OF_COLOURS}, colours=True)
        page.evaluate("document.body.classList.remove('dark')")

    def fall(self, number: int) -> None:
        root = self.lesson.root
        self.lesson.page.evaluate("scrollTo(0, 0)")
        root.locator("button.reset").click()
        self.lesson.settle()
        self.part("traps").locator("button").nth(number).click()
        self.lesson.settle()
        pinned = root.locator(".pinned")
        source = pinned.locator("a").get_attribute("href")
        self.traps.append(Trapped(pinned.inner_text(), source, self.box(pinned), self.box(self.part("hero"))))

    def present(self) -> None:
        self.lesson.root.get_by_role("button", name="Present").click()
        self.lesson.page.wait_for_function("document.documentElement.dataset.view === 'present'")
        self.type_sizes["present"] = self.part("hero").evaluate(SMALLEST)
        self.audit("presented")
        self.lesson.root.get_by_role("button", name="leave the presentation").click()

    def audit(self, state: str, colours: bool = False) -> None:
        """All rules, those of colours where they are asked for."""
        off = MILD if colours else [*MILD, *OF_COLOURS]
        self.ask_axe(state, {"rules": {rule: {"enabled": False} for rule in off}}, colours)

    def ask_axe(self, state: str, rules: dict[str, Any], colours: bool) -> None:
        page = self.lesson.page
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE)
        if colours:
            LOOKS[:] = page.evaluate(NEW, LOOKS)
        found = page.evaluate("rules => axe.run(document, rules)", {"resultTypes": ["violations"], **rules})
        self.grave[state] = [
            (fault["id"], node["html"][:200])
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]
