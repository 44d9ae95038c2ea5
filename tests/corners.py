"""Every lesson, the corners of its Params, and its Result at each of them, for the laws that hold of all lessons."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import Field, fields, replace
from functools import cache
from importlib import import_module
from itertools import chain, combinations, product
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import lessons
from explorable.cut import cut
from explorable.lesson import Lesson
from explorable.params import IN_A_LINK, BadParam, choices, kind, nullable

Law = Callable[[Lesson, Any], None]
MODULES = [import_module(f"lessons.{found.name}") for found in iter_modules(lessons.__path__)]
LESSONS: dict[str, Lesson] = {module.LESSON.slug: module.LESSON for module in MODULES if hasattr(module, "LESSON")}
TINY = '{"model_type": "bert", "vocab_size": 99, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}'
CHEAP = {
    "edit": {"compare": "nothing", "steps": 1},
    "live_training": {"steps": 25},
    "what_it_holds": {"config": TINY},
    "what_moves": {"config": TINY},
    "will_it_fit": {"config": TINY, "length": 64},
}  # the Params around which the corners of a lesson that runs for seconds lie
LARGE = {
    "what_it_holds",
    "what_moves",
    "will_it_fit",
}  # their examples take seconds each: their own tests and the page run them all
STRANGE = "\"'\\<b onclick=x>{é漢\n\t%&#"  # what a visitor may type into a text field


def at_every_corner(law: Law, of: Callable[[Lesson], Iterable[Any]] | None = None) -> Callable[[Lesson], None]:
    """A law of (lesson, params) as one test for each lesson; a failure says at which Params."""

    def test(lesson: Lesson) -> None:
        for params in spread(tuple(of(lesson) if of else corners(lesson.Params))):
            try:
                law(lesson, params)
            except Exception as error:
                raise AssertionError(f"{lesson.slug} at {params}: {error}") from error

    return test


def spread(found: tuple[Any, ...]) -> tuple[Any, ...]:
    """All of them; some six from everywhere among them if QUICK is set: `make test` looks at all."""
    return some(found, 6) if "QUICK" in os.environ else found


def some(found: Sequence[Any], most: int) -> Sequence[Any]:
    """At most twice `most`, from everywhere among them."""
    return found[:: max(1, len(found) // most)]


def of_one_lesson(make: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """Remembers the answers about the lesson that is asked for last: those of all lessons take gigabytes."""
    answers: dict[tuple[str, Any], Any] = {}

    def remembered(slug: str, params: Any) -> Any:
        if answers and next(iter(answers))[0] != slug:
            answers.clear()
        if (slug, params) not in answers:
            answers[slug, params] = make(slug, params)
        return answers[slug, params]

    return remembered


@of_one_lesson
def result_at(slug: str, params: Any) -> Any:
    return LESSONS[slug].run(params)


@of_one_lesson
def figure_at(slug: str, params: Any) -> Any:
    return drawing(slug).draw(params, result_at(slug, params))


def drawing(slug: str) -> ModuleType:
    return import_module(f"figures.{slug}")


@cache
def corners(Params: type, most: int = 400) -> tuple[Any, ...]:
    """All choices x {low, default, high} of bounds x None; where that is more than `most`, `covering` of them.

    A parameter that its `when` hides stays at its default: `test_a_hidden_control_changes_nothing` covers the rest.
    """
    if lesson := long_lesson(Params):
        return tuple(params for params in covering(Params) if is_read(lesson.slug, params))
    found: dict[Any, None] = {}
    for values in product(*map(extremes, fields(Params))):
        found.setdefault(without_hidden(Params(*values)))
        if len(found) > most:
            return covering(Params)
    return tuple(found)


def long_lesson(Params: type) -> Lesson | None:
    """The lesson with these Params, if it has a button: its runs take seconds."""
    return next((lesson for lesson in LESSONS.values() if lesson.button and lesson.Params is Params), None)


def quick(lesson: Lesson) -> Any:
    """The default, with what makes a lesson short that runs for seconds."""
    return lesson.Params(**CHEAP.get(lesson.slug, {}))


def few(lesson: Lesson, found: Sequence[Any]) -> Sequence[Any]:
    """All of them; of a lesson whose runs take seconds the last two: its corners end with the short ones."""
    return found[-2:] if lesson.button else found


def run_again(lesson: Lesson, most: int) -> Sequence[Any]:
    """For laws that make a Result anew: corners from everywhere; of a lesson whose runs take seconds, the short one."""
    return [quick(lesson)] if lesson.button else some(some_corners(lesson), most)


def some_corners(lesson: Lesson) -> tuple[Any, ...]:
    """`covering`, without the texts that are refused."""
    return corners(lesson.Params) if lesson.button else covering(lesson.Params)


def snippet_corners(lesson: Lesson) -> tuple[Any, ...]:
    """Two corners, or more, of each text that a program is cut to, as values never change what is compiled.

    Of a lesson whose runs take seconds: the default, each value of each control once, and an example of each text besides.
    """
    if not lesson.button:
        return of_each_text(lesson)
    names = {param.name: extremes(param) for param in fields(lesson.Params) if kind(param) is not str}
    together = (
        lesson.Params(
            **{name: values[index % len(values)] for name, values in names.items()} | CHEAP.get(lesson.slug, {})
        )
        for index in range(max(map(len, names.values())))
    )
    found = tuple(dict.fromkeys(map(without_hidden, chain([lesson.Params()], together))))
    known = {text_of(lesson, params) for params in found}
    besides = {text_of(lesson, params): params for params in examples_of(lesson)}
    return (*found, *(params for text, params in besides.items() if text not in known))


def text_of(lesson: Lesson, params: Any) -> int:
    """The same for Params to which the program is cut alike."""
    return id(cut(lesson.slug, lesson.program.values(params)).code)


def examples_of(lesson: Lesson) -> list[Any]:
    """The ready examples of a lesson whose runs take seconds; where they themselves do, the first."""
    return [lesson.Params(**example.params) for example in lesson.examples[: 1 if lesson.slug in LARGE else None]]


def of_each_text(lesson: Lesson) -> tuple[Any, ...]:
    texts: dict[int, list[Any]] = {}
    for params in corners(lesson.Params):
        texts.setdefault(text_of(lesson, params), []).append(params)
    return tuple(params for group in texts.values() for params in {group[0], group[-1]})


def is_read(slug: str, params: Any) -> bool:
    """Whether these Params have a Result: a text may be refused with one sentence instead."""
    try:
        result_at(slug, params)
    except BadParam:
        return False
    return True


def covering(Params: type) -> tuple[Any, ...]:
    """The default, each parameter alone, all pairs of choices, and everything at its lowest and at its highest.

    Of a lesson whose runs take seconds: the default, its examples and, from its CHEAP Params, each parameter alone.
    """
    if lesson := long_lesson(Params):
        base = replace(Params(), **CHEAP.get(lesson.slug, {}))
        alone = (changed(base, param.name, value) for param in fields(Params) for value in extremes(param))
        return tuple(dict.fromkeys(map(without_hidden, chain([Params()], examples_of(lesson), alone))))
    names = {param.name: extremes(param) for param in fields(Params)}
    chosen = [param.name for param in fields(Params) if choices(param) or kind(param) is bool]
    alone = (changed(Params(), name, value) for name, values in names.items() for value in values)
    pairs = (
        changed(changed(Params(), one, a), other, b)
        for one, other in combinations(chosen, 2)
        for a, b in product(names[one], names[other])
    )
    ends = (Params(**{name: values[end] for name, values in names.items()}) for end in (0, -1))
    return tuple(dict.fromkeys(map(without_hidden, chain([Params()], alone, pairs, ends))))


def extremes(param: Field) -> tuple[Any, ...]:
    """The values at which a parameter is tried."""
    none = (None,) if nullable(param) else ()
    if options := choices(param):
        rates = all(isinstance(option, float) for option in options)
        return tuple(sorted({min(options), param.default, max(options)})) if rates else tuple(options)
    if kind(param) is bool:
        return (False, True)
    if kind(param) is str:
        length = param.metadata["max_length"]
        if "file" in param.metadata:  # a file's text stands neither in a link nor in the code: its own tests hold it
            length = min(length, IN_A_LINK)
        return ("", param.default, (STRANGE * length)[:length])
    numbers = {kind(param)(param.metadata[end]) for end in ("low", "high")}
    default = {param.default} - {None}
    return (*sorted(numbers | default), *none)


def changed(params: Any, name: str, value: Any) -> Any:
    """`params` with one more value, and with what its `when` asks for, so that the control is there."""
    [param] = [param for param in fields(params) if param.name == name]
    needed = {other: allowed[0] for other, allowed in param.metadata["when"].items() if is_hidden(params, param)}
    return replace(params, **needed, **{name: value})


def is_hidden(params: Any, param: Field) -> bool:
    return any(getattr(params, other) not in allowed for other, allowed in param.metadata["when"].items())


def without_hidden(params: Any) -> Any:
    hidden = {param.name: param.default for param in fields(params) if is_hidden(params, param)}
    return replace(params, **hidden)


def neighbours(Params: type, name: str) -> Iterator[list[Any]]:
    """Groups of two or more corners that differ in the parameter `name` alone."""
    groups: dict[Any, list[Any]] = {}
    for params in corners(Params):
        groups.setdefault(replace(params, **{name: None}), []).append(params)
    return (group for group in groups.values() if len(group) > 1)
