"""Home: one explorable that is live at once, a search field, and the map of all lessons as questions.

What is here comes with the page; assets/js/home.js makes it live.
"""

import json
from dataclasses import astuple, fields
from importlib.metadata import version
from itertools import chain
from typing import Any

from markupsafe import Markup

from components import CHAPTERS
from components.answer import answer, lesson_of
from components.chapter import Chapter
from components.text import rich
from explorable.lesson import Lesson

CALLED = "dropout"  # the endpoint that the explorable at the top calls
FIXED = {"p": 0.5, "input": "ones", "passes": 1}
START = ("backward", "accumulates")  # the question to start with: a beginner's, which what stands above does not answer
CAUSE = "in train mode each call draws at random which values become 0"
FIRST = 3  # the seed of the first call; each further one takes the next


def home() -> str:
    slug, asked = START
    first = next(prediction for prediction in lesson_of(slug).predictions if prediction.id == asked)
    return Markup(
        '<div class="home" id="home-content">'
        '<p class="notice" role="status" hidden></p>'
        '<div class="top"><p class="tagline">Change one thing about PyTorch and see what really happens.</p>'
        '<p class="lead">{} lessons ask what PyTorch does: you guess, then torch runs and answers.</p></div>'
        "{}"
        '<section class="yours" aria-label="Where you are"><p class="go"><a class="start" href="?lesson={}&amp;q={}"><b>Start here</b> <span>{}</span></a>'
        '<a class="continue" hidden></a></p><nav class="doors" aria-label="More"><a href="teach/">Teach a class</a>'
        '<a href="python">Ask from Python</a><a href="traps/">All traps</a></nav><div class="due" hidden><h2>Ask yourself again</h2><ul></ul></div></section>'
        '<section class="find" aria-label="Search"><h2 id="map-title">All lessons</h2><div class="search-box large" data-part="search"></div></section>'
        '<section data-part="map" aria-labelledby="map-title">{}</section>'
        '<section class="remember"><label><input type="checkbox" role="switch" checked> Remember in this browser what I answered'
        "</label> <span>Nothing of it is sent. Switched off, all of it is forgotten.</span></section>"
        "</div>"
    ).format(
        sum(len(chapter.lessons) for chapter in CHAPTERS),
        _twice(),
        slug,
        asked,
        rich(first.question),
        Markup("").join(map(_chapter, CHAPTERS)),
    )


def _twice() -> Markup:
    """`y = dropout(x)` called twice; the first state is a part of the page."""
    calls = [_call(seed) for seed in (FIRST, FIRST + 1)]
    names = [field.name for field in fields(lesson_of(CALLED).Params)]
    asks = {"cause": CAUSE, "arguments": astuple(_params(FIRST)), "seed": names.index("seed"), "x": calls[0]["x"]}
    return Markup(
        '<section class="twice" aria-labelledby="twice-title" data-asks="{}">'
        '<h2 id="twice-title">The same call, twice. Why is y not the same?</h2>'
        '<div class="shown"><p class="code layer"><code>dropout = nn.Dropout(p=0.5)</code> <span>in train mode each value becomes 0 or x / (1 - p)</span></p>'
        '<div class="input"><p class="code"><code>x = torch.ones(3, 4)</code></p>{}</div>'
        '<div class="calls" aria-live="polite">{}{}</div></div>'
        '<div class="act"><button type="button" class="again">Call y = dropout(x) again</button>'
        '<div class="segments" role="radiogroup" aria-label="mode of dropout">'
        '<label><input type="radio" name="twice-mode" value="train" checked><span>dropout.train()</span></label>'
        '<label><input type="radio" name="twice-mode" value="eval"><span>dropout.eval()</span></label></div></div>'
        '<p class="caption" role="status">Same layer, same x, and {} of {} values differ: {}.</p>'
        '<p class="promise">Each number comes from a call of torch {}.</p>'
        "</section>"
    ).format(
        json.dumps(asks),
        _cells(calls[0]["x"], [False] * len(calls[0]["x"])),
        _line(1, calls[0]["y_train"], calls[0]["y_train"]),
        _line(2, calls[1]["y_train"], calls[0]["y_train"]),
        sum(a != b for a, b in zip(calls[0]["y_train"], calls[1]["y_train"], strict=True)),
        len(calls[0]["x"]),
        CAUSE,
        version("torch"),
    )


def _params(seed: int) -> Any:
    return lesson_of(CALLED).Params(seed=seed, **FIXED)


def _call(seed: int) -> dict[str, list[float]]:
    """Two tensors of the endpoint's answer, row after row."""
    numbers = answer(CALLED, _params(seed))["numbers"]
    return {name: list(chain(*numbers[name]["values"])) for name in ("x", "y_train")}


def _line(call: int, row: list[float], before: list[float]) -> Markup:
    differs = [a != b for a, b in zip(row, before, strict=True)]
    return Markup(
        '<div class="call"><p class="code"><code>y = dropout(x)</code> <span>call {}</span></p>{}</div>'
    ).format(call, _cells(row, differs))


def _cells(row: list[float], differs: Any) -> Markup:
    cells = (
        Markup('<li class="{}">{:g}</li>').format(_kinds(value, other), value)
        for value, other in zip(row, differs, strict=True)
    )
    return Markup('<ol class="cells">{}</ol>').format(Markup("").join(cells))


def _kinds(value: float, differs: bool) -> str:
    return " ".join(name for name, holds in (("dropped", value == 0), ("differs", differs)) if holds)


def _chapter(chapter: Chapter) -> Markup:
    cards = Markup("").join(_card(lesson_of(slug)) for slug in chapter.lessons)
    return Markup(
        '<h3 id="map-{0}">{1}</h3><ul class="cards" data-chapter="{0}" aria-labelledby="map-{0}">{2}</ul>'
    ).format(chapter.slug, chapter.title, cards)


def _card(lesson: Lesson) -> Markup:
    return Markup(
        '<li data-card="{0}" data-title="{4}" data-questions="{1}"><svg class="thumb" viewBox="0 0 120 68" aria-hidden="true"></svg>'
        '<p class="question"><a href="?lesson={0}">{2}</a></p>'
        '<p class="about"><span class="done" role="img" aria-label="not begun">○</span> {3} min · {4}</p></li>'
    ).format(
        lesson.slug,
        " ".join(f"{lesson.slug}.{asked.id or number}" for number, asked in enumerate(lesson.predictions, 1)),
        rich(lesson.predictions[0].question),
        lesson.minutes,
        lesson.title,
    )
