"""A question as a room asks it. The app hands them in; nothing here knows of lessons, and nothing computes an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Choice(NamedTuple):
    text: str  # `code` stands between backticks
    reply: str  # wrong: why people believe it, and what torch does instead; right: the cause


@dataclass(frozen=True)
class Question:
    """One question of the bank, which has three choices at least: of two, half of a class that guesses is right."""

    name: str  # "batch_norm.neighbour"
    lesson: str  # title of the lesson that it belongs to
    chapter: str  # title of the chapter of that lesson
    text: str
    choices: tuple[Choice, ...]
    right: int  # index into choices
    link: str  # query of the page that shows the answer: "lesson=batch_norm&q=neighbour&answered=1"


Bank = Mapping[str, Question]  # by name, in the order of the lessons
