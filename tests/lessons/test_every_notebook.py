"""What a visitor takes away of every lesson: the cells of the page around a question and its answer, and it runs without the app."""

import json
import math
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from components.notebooks import FOLDER, file_of
from explorable.notebook import Taken, as_notebook, as_python, escaped
from explorable.parsing import tree_of
from explorable.wire import plain
from tests.corners import CHEAP, LESSONS, result_at

ROOT = Path(__file__).parents[2]
TELL = """
import json, sys
sys.path.append({root!r})
from explorable.wire import plain
print(json.dumps(plain({{name: globals().get(name) for name in {names}}})))
"""
FORGET = "[globals().pop(name) for name in {*globals()} - get_ipython().user_ns_hidden.keys()]"  # %reset collects garbage too


def states(lesson):
    """The default and the traps."""
    return list(dict.fromkeys([lesson.Params(), *(lesson.Params(**trap.params) for trap in lesson.traps)]))


def cheap_states(lesson):
    """The same; the traps of a lesson that runs for long with what makes them short."""
    default, *traps = states(lesson)
    return list(dict.fromkeys([default, *(replace(params, **CHEAP.get(lesson.slug, {})) for params in traps)]))


def taken(lesson, params, question=0):
    ending = result_at(lesson.slug, params).error if lesson.program.raises else None
    return Taken(lesson, params, lesson.predictions[question], "https://app.example/?lesson=x", ending=ending)


def test_the_question_stands_before_the_point_and_its_answer_after_it(lesson):
    for params in states(lesson):
        state = taken(lesson, params, 1)
        notebook = nbformat.reads(as_notebook(state), as_version=4)
        nbformat.validate(notebook)
        head, *cells = notebook.cells
        assert "https://app.example/?lesson=" in head.source and escaped(lesson.title) in head.source
        asked, told = [at for at, cell in enumerate(cells) if cell.cell_type == "markdown"]
        assert told == asked + 2 and escaped(state.asked.question) in cells[asked].source
        assert all(escaped(one.reply) in cells[told].source for one in state.asked.choices)
        assert escaped(state.asked.right.reply) not in cells[asked].source
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        shown = [line for cell in lesson.program.cells(params) for line in cell.lines]
        assert state.ending or all(line in code for line in shown)
        tree_of(as_python(state))


def test_the_notebook_in_the_repository_is_that_of_today(lesson):
    params = lesson.Params()
    ending = result_at(lesson.slug, params).error if lesson.program.raises else None
    today = as_notebook(Taken(lesson, params, lesson.predictions[0], ending=ending))
    kept = file_of(lesson.slug)
    assert kept.exists() and kept.read_text("utf-8") == today, f"make notebooks ONLY={lesson.slug}"


def test_no_notebook_is_of_a_lesson_that_is_gone():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(LESSONS)


@pytest.fixture(scope="session")
def jupyter() -> Iterator[NotebookClient]:
    """One process for all notebooks: torch and transformers are imported once. It starts in a folder that is not the app's."""
    client = NotebookClient(nbformat.v4.new_notebook(), timeout=120, kernel_name="python3")
    quiet = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with client.setup_kernel(env=quiet, cwd=str(ROOT / "tests")):
        yield client


def run(jupyter, notebook):
    jupyter.nb = notebook
    jupyter.reset_execution_trackers()
    for index, cell in enumerate(notebook.cells):
        jupyter.execute_cell(cell, index)


def test_a_notebook_ends_in_the_same_numbers(lesson, jupyter):
    """What fails does so as the page says it, and is the last."""
    default, *_ = found = cheap_states(lesson)
    for params in found:
        state = taken(lesson, params)
        notebook = nbformat.reads(as_notebook(state), as_version=4)
        end = len(notebook.cells) - (not state.ending)  # the proof binds names of its own
        names = [field.name for field in fields(lesson.program.Result) if field.name != "error"]
        tell = nbformat.v4.new_code_cell(TELL.format(root=str(ROOT), names=names))
        notebook.cells[end:end] = [tell]
        notebook.cells.append(nbformat.v4.new_code_cell(FORGET))
        run(jupyter, notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        failed = [output for cell in code for output in cell.outputs if output.output_type == "error"]
        assert [f"{one.ename}: {one.evalue}" for one in failed] == ([state.ending] if state.ending else []), params
        if not state.ending:
            answer = printed(code[-2]).strip()
            assert answer and (answer in state.asked.right.text or state.asked.right.text in answer)
        if lesson.button and params != default:
            continue  # it has run to its end; its numbers take seconds to make again
        numbers = plain(vars(result_at(lesson.slug, params)))
        for name, told in json.loads(printed(tell)).items():
            if name not in lesson.measured:
                same(told, json.loads(json.dumps(numbers[name])), lesson.tolerance or 1e-6, f"{name} at {params}")


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")


def same(told, wanted, tolerance, name):
    if isinstance(wanted, dict):
        assert list(told) == list(wanted), name
        told, wanted = list(told.values()), list(wanted.values())
    if isinstance(wanted, list):
        assert len(told) == len(wanted), name
        for one, other in zip(told, wanted, strict=True):
            same(one, other, tolerance, name)
    elif isinstance(wanted, float):
        assert math.isclose(told, wanted, rel_tol=tolerance, abs_tol=tolerance), f"{name}: {told} is not {wanted}"
    else:
        assert told == wanted, name


def test_sentences_are_shown_as_they_are():
    assert escaped("a_b *c* `__init__` <b> $1") == r"a\_b \*c\* `__init__` \<b\> \$1"
