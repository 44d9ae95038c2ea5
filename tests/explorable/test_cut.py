"""A program is cut to the branches that its parameters take; what is compiled never holds a value."""

import traceback
from dataclasses import dataclass

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from explorable import cut as cutting
from explorable.cut import cut, source_of
from explorable.program import Program
from explorable.source import BadProgram, Source

TEXT = '''\
# %% parameters
import json
from math import e, pi, tau

p: float = 0.5  # how much
word: str = "a"
much: bool = False


class Unused:
    pass


def twice(x: float) -> float:
    """A helper of a helper is found in any order."""
    return once(x) * 2


def once(x: float) -> float:
    if much:
        return x * pi
    return x


# %% the point
# stays
if word == "a":
    # of the branch
    y = twice(p)
elif word == "b":
    y = 2.0
    text = """
  two
    """
elif y0 := 3:
    y = tau
else:
    y = -1.0
if much and p > 0.5:
    # goes with its branch
    y += 1

for step in range(2):
    if much:
        y += 1

# %% print
print(y)

# %% proof: two
print(json.dumps(round(e)))
'''


@dataclass(frozen=True)
class Params:
    p: float = 0.5
    word: str = "a"
    much: bool = False


@dataclass(frozen=True)
class Result:
    y: float
    text: str | None
    error: str | None = None


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setattr(Source, "read", classmethod(lambda cls, slug: cls(slug, TEXT)))
    for kept in (source_of, cutting._cut, cutting.proof_text):
        kept.cache_clear()
    yield Program("small", Result, (ZeroDivisionError,))
    for kept in (source_of, cutting._cut, cutting.proof_text):
        kept.cache_clear()


def test_only_what_runs_is_shown_with_its_comments(program):
    assert program.text(Params()) == (
        "# %% parameters\np = 0.5  # how much\n\n\n"
        'def twice(x: float) -> float:\n    """A helper of a helper is found in any order."""\n    return once(x) * 2\n\n\n'
        "def once(x: float) -> float:\n    return x\n\n"
        "# %% the point\n# stays\n# of the branch\ny = twice(p)\n\nfor step in range(2):\n    pass\n\n"
        "# %% print\nprint(y)\n"
    )


def test_a_branch_moves_to_the_place_of_its_if_and_a_string_stays_as_it_is(program):
    shown = program.text(Params(word="b", much=True))
    assert 'y = 2.0\ntext = """\n  two\n    """\n\nfor step in range(2):\n    y += 1\n' in shown
    assert program.run(Params(word="b", much=True)) == Result(4.0, "\n  two\n    ")


def test_an_elif_that_asks_for_more_than_parameters_begins_the_chain(program):
    shown = program.text(Params(word="c"))
    assert "\nif y0 := 3:\n    y = tau\nelse:\n    y = -1.0\n" in shown and "from math import tau\n" in shown


def test_a_nested_branch_and_the_import_for_it_come_together(program):
    shown = program.text(Params(p=0.75, much=True))
    assert "from math import pi\n" in shown and "    return x * pi\n" in shown
    assert "# goes with its branch\ny += 1\n" in shown and "# goes with" not in program.text(Params(much=True))


@drawn(st.floats(0, 1), st.text(max_size=30), st.booleans())
def test_no_value_is_in_what_is_compiled(p, word, much):
    values = {"p": p, "word": word, "much": much}
    made = cut("small", values)
    decided = {"a": "a", "b": "b"}.get(word, "other")
    same = cut("small", {"p": 1.0 if p > 0.5 else 0.0, "word": decided, "much": much})
    assert made.code is same.code
    assert all(line.compiled == "" for cell in made.cells for line in cell.lines if line.parameter)


def test_what_is_given_is_shown_and_not_executed():
    made = cut("small", vars(Params(word="b")), frozenset({"y"}))
    [line] = [line for cell in made.cells for line in cell.lines if line.text == "y = 2.0"]
    assert not line.runs and line.compiled == ""


def test_a_proof_is_a_program_of_its_own(program):
    assert program.proof("two") == "import json\nfrom math import e\n\nprint(json.dumps(round(e)))\n"
    assert program.proofs() == ["two"]


def test_a_traceback_shows_the_line_of_the_program(monkeypatch):
    monkeypatch.setattr(
        Source, "read", classmethod(lambda cls, slug: cls(slug, "# %% parameters\np: int = 0\ny = 1 / p\n"))
    )
    source_of.cache_clear()
    cutting._cut.cache_clear()
    with pytest.raises(ZeroDivisionError) as raised:
        Program("small", Result).run(Params(p=0))
    assert "y = 1 / p" in "".join(traceback.format_exception(raised.value))
    refused = Program("small", Result, (ZeroDivisionError,)).run(Params(p=0))
    assert refused == Result(None, None, "ZeroDivisionError: division by zero")


def test_a_parameter_that_is_bound_again_is_refused_with_its_line():
    with pytest.raises(BadProgram, match="line 3 binds the parameter p again"):
        Source("small", "# %% parameters\np: int = 0\np = 2\n")
