"""A chapter: its title and its lessons, in the order of the course."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chapter:
    slug: str  # id of its tab
    title: str
    lessons: tuple[str, ...]  # slugs: lessons/<slug>.py and figures/<slug>.py
