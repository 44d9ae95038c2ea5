"""A lesson's state to take away: the cells of its program with the question before the point and its answer after it.

One list of cells becomes a notebook or a file in the percent format. Both run without the app.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import torch

from explorable.lesson import Lesson, Prediction
from explorable.literal import literal
from explorable.program import Ending, Program, Written, percent

ANYWHERE = {"dtype": torch.float32, "device": "cpu"}  # in place of the GPU that the app runs on
_SHIPPED = re.compile(r"assets/(?:models/(?:closed_book|extractive)|data)\b")
_PACKAGES = re.compile(r"^(?:import|from) (torch|transformers|tqdm|regex)\b", re.MULTILINE)
_SPECIAL = re.compile(r"([\\*_<>\[\]$#|~])")  # what Markdown, or a notebook's LaTeX, would not show as it is


@dataclass(frozen=True)
class Taken:
    """A state of a lesson, and what of the page around it goes with it."""

    lesson: Lesson
    params: Any
    asked: Prediction
    link: str = ""  # the address of the state, where the app has one
    space: str = ""  # USER/NAME of the Space that the app runs in
    ending: Ending | None = None  # the error with which the program ends for these Params


def as_notebook(taken: Taken) -> str:
    """The text of an .ipynb file, nbformat 4.5; it needs nothing but Jupyter and what the program imports."""
    cells = cells_of(taken)
    failing = _last_code(cells) if taken.ending else -1
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": [_cell(number, cell, number == failing) for number, cell in enumerate(cells)],
        "metadata": {"kernelspec": python, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def as_python(taken: Taken) -> str:
    """The text of a .py file in the percent format."""
    commented = [
        Written(cell.title, "\n".join(f"# {line}".rstrip() for line in cell.text.split("\n")), True)
        if cell.markdown
        else cell
        for cell in cells_of(taken)
    ]
    return percent(commented)


def cells_of(taken: Taken) -> list[Written]:
    """From top to bottom: what it is, what it has to get, the program up to its error, and what proves the answer.

    The last cell of code of a program that ends with an error is the one that raises it.
    """
    program, ending = taken.lesson.program, taken.ending
    other = _elsewhere(program, taken.params)
    code = program.written(taken.params, **other)
    if ending is not None:
        code = code[: ending.cell + 1]
    point = min(1, len(code) - 1)
    written = [*code[:point], _question(taken.asked), code[point], _answer(taken), *code[point + 1 :]]
    proof = [] if ending is not None else _proof(program, taken.asked)
    return [_head(taken, code), *_fetched(taken, code), *written, *proof]


def _elsewhere(program: Program, params: Any) -> dict[str, Any]:
    """Where the weights lie is no choice of the visitor: on another machine they lie on its CPU."""
    values = program.values(params)
    return ANYWHERE if isinstance(values.get("dtype"), torch.dtype) and "device" in values else {}


def _last_code(cells: list[Written]) -> int:
    return max(number for number, cell in enumerate(cells) if not cell.markdown)


def _cell(number: int, cell: Written, fails: bool) -> dict[str, Any]:
    text = cell.text if cell.markdown else f"# {cell.title}\n{cell.text}"
    made: dict[str, Any] = {
        "cell_type": "markdown" if cell.markdown else "code",
        "id": f"cell-{number}",
        "metadata": {"tags": ["raises-exception"]} if fails else {},
        "source": [f"{line}\n" for line in text.split("\n")[:-1]] + text.split("\n")[-1:],
    }
    return made if cell.markdown else {**made, "execution_count": None, "outputs": []}


def _head(taken: Taken, code: list[Written]) -> Written:
    lesson = taken.lesson
    packages = sorted({name for cell in code for name in _PACKAGES.findall(cell.text)})
    opened = f"[Open these settings in the app]({taken.link})" if taken.link else f"In the app: `?lesson={lesson.slug}`"
    traps = [trap for trap in lesson.traps if lesson.Params(**trap.params) == taken.params]
    lines = [
        f"# {escaped(lesson.title)}",
        f"A lesson of Torch Explorables. {opened}. It needs `pip install {' '.join(packages)}`.",
        *(f"**A trap: {escaped(trap.name)}.** {escaped(trap.sentence)}" for trap in traps),
    ]
    return Written("", "\n\n".join(lines), markdown=True)


def _question(asked: Prediction) -> Written:
    choices = "\n".join(f"- {escaped(one.text)}" for one in asked.choices)
    return Written("", f"## {escaped(asked.question)}\n\nChoose before you run the next cell:\n\n{choices}", True)


def _answer(taken: Taken) -> Written:
    """Folded: Jupyter, Colab and VS Code show `details` as a browser does."""
    asked = taken.asked
    wrong = [one for one in asked.choices if one.text != asked.right.text]
    replies = "\n".join(f"- {escaped(one.text)}: {escaped(one.reply)}" for one in wrong)
    told = [
        f"**{escaped(asked.right.text)}.** {escaped(asked.right.reply)}",
        f"Whoever chose otherwise:\n\n{replies}",
        f"In one sentence: {escaped(taken.lesson.truth)}",
    ]
    if taken.ending is not None:
        told.append("The program ends with this error: it is what the lesson shows here.")
    text = "\n\n".join(["<details><summary>The answer</summary>", *told, "</details>"])
    return Written("", text, True)


def _proof(program: Program, asked: Prediction) -> list[Written]:
    return [Written("the proof: it prints the right choice", program.proof(asked.proof).rstrip("\n"), False)]


def _fetched(taken: Taken, code: list[Written]) -> list[Written]:
    """A cell that finds what the program reads and neither package holds: shipped folders, a visitor's own rows."""
    own = taken.lesson.program.files(taken.params)
    folders = sorted({folder for cell in code for folder in _SHIPPED.findall(cell.text)})
    cells = []
    if own:
        lines = [f"Path({literal(name)}).write_bytes({literal(text)}.encode())" for name, text in own.items()]
        cells.append(Written("the rows, as a file", "\n".join(["from pathlib import Path", "", *lines]), False))
    if folders:
        cells.append(Written(f"get {' and '.join(folders)}", _finding(folders, taken.space), False))
    return cells


def _finding(folders: list[str], space: str) -> str:
    names = ", ".join(f'"{folder}"' for folder in folders)
    return f'''# The program reads what Torch Explorables ships. Run this in a clone of the app, or name its Space on Hugging Face.
import os
from pathlib import Path

SPACE = "{space}"  # USER/NAME
FOLDERS = [{names}]

here = [at for at in [Path.cwd(), *Path.cwd().parents] if all((at / folder).is_dir() for folder in FOLDERS)]
if here:
    os.chdir(here[0])
elif SPACE:
    from huggingface_hub import snapshot_download

    snapshot_download(SPACE, repo_type="space", allow_patterns=[f"{{folder}}/*" for folder in FOLDERS], local_dir=".")
else:
    raise FileNotFoundError(f"{{' and '.join(FOLDERS)}} must be in this folder: set SPACE, or clone the app.")'''


def escaped(words: str) -> str:
    """A sentence of the page as Markdown; `code` between backticks stays code."""
    return "`".join(part if index % 2 else _SPECIAL.sub(r"\\\1", part) for index, part in enumerate(words.split("`")))
