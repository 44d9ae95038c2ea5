"""What every lesson is made of. No Gradio."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from explorable.program import Program


@dataclass(frozen=True)
class Choice:
    """One answer to a question, and what is replied to whoever gives it."""

    text: str  # of the right one exactly the text of the cell that is ringed
    reply: str  # wrong: why people believe it, and what torch does instead; right: the cause


@dataclass(frozen=True)
class Prediction:
    """A question asked before the picture is read; torch answers it."""

    question: str  # the first one of a lesson is the headline of its page; names every setting that it depends on
    choices: tuple[Choice, ...]  # three to five
    answer: int  # index into choices
    proof: str  # name of the cell "proof: name" of the program; it prints the right choice
    show: dict[str, Any]  # Params in which the hero shows exactly the question's case
    id: str  # names the question in links, rooms and exports: "batch_norm.neighbour" is `neighbour` of batch_norm
    ring: str  # key of the cell of the hero that decides it

    def __post_init__(self) -> None:
        _must_be_a_dict(self.id, "show", self.show)

    @property
    def right(self) -> Choice:
        return self.choices[self.answer]


@dataclass(frozen=True)
class Trap:
    """A preset of Params in which a well-known mistake happens."""

    name: str
    sentence: str
    source: str  # https address of a public thread in which people fall into it
    params: dict[str, Any]

    def __post_init__(self) -> None:
        _must_be_a_dict(self.name, "params", self.params)


def _must_be_a_dict(whose: str, name: str, given: Any) -> None:
    if not isinstance(given, dict):
        raise TypeError(f'{whose}: {name} is a dict of those Params that differ, such as {{"p": 0.3}}, not {given!r}.')


@dataclass(frozen=True)
class Example:
    """Params worth starting from, offered above the controls."""

    name: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Lesson:
    """One question, its parameters and what torch computes for them."""

    slug: str  # names the lesson in the URL and the API, and its file in every room
    title: str
    truth: str  # one sentence: what is true
    Params: type
    caption: Callable[[Any, Any], str]  # Params, Result -> what is seen, in words with the numbers
    predictions: tuple[Prediction, ...]
    traps: tuple[Trap, ...]
    program: Program  # Params -> Result, and the text that is shown
    minutes: int = 4  # how long the lesson takes
    main: tuple[str, ...] = ()  # the two to four Params whose controls stand on the first screen; empty: all
    related: tuple[str, ...] = ()  # slugs of lessons that go on from here
    details: Callable[[Any, Any], str] | None = None  # Params, Result -> what the caption leaves out, in a fold
    button: str = ""  # what starts a run ("Ask", "Train"); without it every change does
    gpu_seconds: int = 0  # above 0 where a run uses a GPU if there is one: the seconds of its longest run there
    at_once: int = 1  # beside a button: runs of this lesson that go at the same time; others wait in line
    instant: tuple[str, ...] = ()  # beside a button: the Params whose change is a run all the same
    examples: tuple[Example, ...] = ()
    tolerance: float = 0.0  # above 0 where a model reads the questions of several visitors in one padded batch
    slow: bool = False  # without a button: a change takes tenths of a second or more, so one goes at a time
    measured: frozenset[str] = frozenset()  # fields of Result such as seconds, which no second run repeats

    @property
    def run(self) -> Callable[[Any], Any]:
        """Params -> Result, pure and seeded."""
        return self.program.run

    @property
    def snippet(self) -> Callable[[Any], str]:
        """Params -> the program as text, which binds every field of the Result."""
        return self.program.text
