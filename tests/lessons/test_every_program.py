"""What must hold of every program in `programs/`, beside what test_every_lesson.py asks of all lessons."""

import ast
import json
import linecache
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from explorable.cut import cut, source_of
from explorable.lesson import Lesson
from explorable.params import BadParam
from explorable.parsing import tree_of
from tests.corners import CHEAP, LESSONS, covering

ROOT = Path(__file__).parents[2]
PORTED = list(LESSONS.values())
PROGRAMS = sorted((ROOT / "programs").glob("*.py"))
LONGEST_POINT = 12
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}  # other tests run beside
MADE = ("import ", "from ", "if ", "pass")  # lines of an import that is cut, an elif that comes first, an empty body
each_ported = pytest.mark.parametrize("ported", PORTED, ids=lambda lesson: lesson.slug)


def states(lesson: Lesson) -> list:
    """The default, the traps, the examples, and what the predictions show."""
    presets = [trap.params for trap in lesson.traps] + [example.params for example in lesson.examples]
    presets += [prediction.show for prediction in lesson.predictions]
    return list(dict.fromkeys([lesson.Params(), *(lesson.Params(**preset) for preset in presets)]))


def readable(lesson: Lesson) -> list:
    """`covering`, without the texts that are refused."""
    found = []
    for params in covering(lesson.Params) if not lesson.button else states(lesson):
        try:
            lesson.program.values(params)
        except BadParam:
            continue
        found.append(params)
    return found


def shown(lesson: Lesson, params) -> str:
    return "\n".join(line for cell in lesson.program.cells(params) for line in cell.lines)


def test_every_program_belongs_to_a_lesson():
    assert {path.stem for path in PROGRAMS} == {lesson.program.slug for lesson in PORTED}
    assert all(lesson.slug == lesson.program.slug for lesson in PORTED)


def test_every_program_runs_alone_without_a_warning_and_prints():
    """Warnings are errors, but for those that pytest leaves alone too: of few cores, and of a fork beside threads."""
    ignored = ["ignore:This DataLoader will create:UserWarning", "ignore:This process:DeprecationWarning"]
    options = ["-W", "error", *(part for each in ignored for part in ("-W", each))]
    command = [sys.executable, *options, Path(__file__).with_name("alone.py"), *PROGRAMS]
    done = subprocess.run(command, cwd=ROOT, env=ONE_THREAD, capture_output=True, text=True, check=True)
    ran = [json.loads(line) for line in done.stdout.splitlines()]
    assert [path for path, *_ in ran] == list(map(str, PROGRAMS))
    for path, status, out, complaints in ran:
        assert status == 0, f"{path}: {complaints}"
        assert out.strip(), f"{path} prints nothing: end it with a cell # %% print"


@each_ported
def test_the_parameters_of_a_program_are_those_of_its_lesson_with_the_same_defaults(ported):
    source, values = source_of(ported.slug), dict(ported.program.values(ported.Params()))
    written = {name: eval(text, {"torch": torch}) for name, text in source.defaults.items()}
    if torch.cuda.is_available():  # where the shared models are then, in another dtype
        values |= {name: written[name] for name in ("dtype", "device") if name in values}
    assert written == values, f"the first cell of programs/{ported.slug}.py and Params differ"


@each_ported
def test_the_fields_of_a_result_are_variables_of_its_program(ported):
    bound = {node.id for node in ast.walk(source_of(ported.slug).tree) if isinstance(node, ast.Name)}
    missing = {field.name for field in fields(ported.program.Result)} - bound - {"error"}
    assert not missing, f"programs/{ported.slug}.py does not bind {', '.join(missing)}"


@each_ported
def test_the_point_of_a_program_is_short_and_holds_no_helper_and_no_hook(ported):
    for params in states(ported):
        [point] = [cell for cell in ported.program.cells(params) if cell.kind == "point"]
        code = [line for line in point.lines if line.strip() and not line.strip().startswith("#")]
        assert len(code) <= LONGEST_POINT, f"{ported.slug}: “{point.title}” has {len(code)} lines at {params}"
        nodes = list(ast.walk(tree_of("\n".join(point.lines))))
        assert not any(isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in nodes), (
            f"{ported.slug}: the point defines a helper; the first cell may hold it"
        )
        names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        if "hook" not in ported.truth:
            assert not any("hook" in name for name in names), f"{ported.slug}: the point holds a hook"


@each_ported
def test_every_cell_has_a_title_and_every_proof_is_asked_for(ported):
    assert all(cell.title for params in states(ported) for cell in ported.program.cells(params))
    assert sorted(ported.program.proofs()) == sorted({prediction.proof for prediction in ported.predictions})


@each_ported
def test_every_operator_of_a_program_stands_beside_a_shown_line(ported):
    base = ported.Params(**CHEAP.get(ported.slug, {}))
    for params in [base] if ported.button else states(ported):
        tape = ported.program.tape(params)
        with tape:
            ported.run(params)
        placed = [
            (cell.lines[index], ops)
            for cell in ported.program.cells(params, tape.by_line)
            for index, ops in cell.ran.items()
        ]
        assert all(line.strip() for line, _ in placed)
        on_lines = {number: ops for number, ops in tape.by_line.items() if number}
        assert len(placed) == len(on_lines), f"{ported.slug} at {params}"
        elsewhere = {name for name, _ in tape.by_line.get(0, ())}
        assert elsewhere <= {"aten.detach.default"}, f"{ported.slug} at {params}: {elsewhere}"


@each_ported
def test_no_params_change_what_is_compiled_but_by_the_branches_they_take(ported):
    """Two states with equal decisions share one compiled text, and no value stands in it."""
    seen = {}
    for params in readable(ported):
        values = ported.program.values(params)
        made = cut(ported.slug, values)
        decisions = tuple(source_of(ported.slug).decisions(values).items())
        assert seen.setdefault(decisions, made.code) is made.code
        for cell in made.cells:
            assert all(line.compiled == "" for line in cell.lines if line.parameter)
    source = {line.strip() for line in source_of(ported.slug).lines}
    for code in set(seen.values()):
        lines = [line.strip() for line in linecache.getlines(code.co_filename)]
        assert [line for line in lines if line not in source and not line.startswith(MADE)] == []


@each_ported
def test_a_text_of_a_visitor_is_a_literal_of_one_line(ported):
    texts = [field.name for field in fields(ported.Params) if field.type in (str, "str")]
    if not texts or ported.button:
        return
    strange = "\"'\\\n# %% x\n{import os}\u2028é"
    for name in texts:
        params = replace(ported.Params(), **{name: strange[:20]})
        try:
            code = ported.program.text(params)
        except BadParam:
            continue
        assert code.count("# %% x\n") == 0
        tree_of(code)
