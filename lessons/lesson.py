"""What every lesson is made of. No Gradio, no Plotly."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Prediction:
    """A question asked before the picture is read; torch answers it."""

    question: str
    choices: tuple[str, ...]
    answer: int  # index into choices
    why: str  # names the cause, shown whether the choice was right or wrong
    proof: str  # expression whose value, printed, is the right choice; the tests evaluate it
    show: dict[str, Any] = field(default_factory=dict)  # Params that let the picture answer


@dataclass(frozen=True)
class Trap:
    """A preset of Params in which a well-known mistake happens."""

    name: str
    sentence: str
    source: str  # https address of a public thread in which people fall into it
    params: dict[str, Any]


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
    run: Callable[[Any], Any]  # Params -> Result, pure and seeded
    snippet: Callable[[Any], str]  # Params -> code that binds every field of Result
    caption: Callable[[Any, Any], str]  # Params, Result -> what is seen, in words with the numbers
    predictions: tuple[Prediction, ...]
    traps: tuple[Trap, ...]
    button: str = ""  # what starts a run ("Ask", "Train"); without it every change does
    gpu_seconds: int = 0  # above 0 where a run uses a GPU if there is one: the seconds of its longest run there
    at_once: int = 2  # beside a button: runs of this lesson that go at the same time; others wait in line
    instant: tuple[str, ...] = ()  # beside a button: the Params whose change is a run all the same
    examples: tuple[Example, ...] = ()
    tolerance: float = 0.0  # above 0 where a model reads the questions of several visitors in one padded batch
    measured: frozenset[str] = frozenset()  # fields of Result such as seconds, which no second run repeats
