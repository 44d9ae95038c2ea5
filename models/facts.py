"""The facts that the closed-book model was trained on, and the wordings it is asked in.

Three tables in `assets/data`: `facts.csv` (what is true), `templates.csv` (how each relation is
asked, and which wordings training never saw) and `aliases.csv` (other names of a subject).
"""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "assets" / "data"
SLOT = "{s}"  # where a template takes its subject


@dataclass(frozen=True)
class Fact:
    """One line of `facts.csv`: the subject has this answer in this relation."""

    relation: str  # "capital", "continent", ...
    subject: str  # "France"; "the Netherlands" where English wants the article
    answer: str  # "Paris"
    code: str  # ISO 3166-1 code of the country, or symbol of the element
    note: str  # why the answer stands although the second source differs; "" where it agrees


@dataclass(frozen=True)
class Template:
    """One wording of a relation."""

    relation: str
    use: str  # "train", or "held_out": never used in training
    template: str  # "What is the capital of {s}?"

    def ask(self, subject: str) -> str:
        """The question about `subject`, with a capital first letter.

        A chemical symbol keeps its own spelling anyway: all of them start with a capital.
        """
        question = self.template.replace(SLOT, subject)
        return question[0].upper() + question[1:]


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@functools.cache
def load_facts() -> tuple[Fact, ...]:
    """All facts, in the order of the file."""
    return tuple(Fact(**row) for row in _rows("facts.csv"))


@functools.cache
def load_templates() -> tuple[Template, ...]:
    """All wordings, in the order of the file."""
    return tuple(Template(**row) for row in _rows("templates.csv"))


@functools.cache
def load_aliases() -> tuple[tuple[str, str], ...]:
    """Pairs (name used in `facts.csv`, another name that people use)."""
    return tuple((row["name"], row["alias"]) for row in _rows("aliases.csv"))


def wordings(fact: Fact, use: str) -> tuple[str, ...]:
    """The questions that ask for `fact`: those of training, or the held-out ones."""
    return tuple(
        template.ask(fact.subject)
        for template in load_templates()
        if template.relation == fact.relation and template.use == use
    )
