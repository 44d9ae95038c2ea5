"""A program cut to the branches that its parameters take: what is shown, and the same lines compiled.

What a cut is made of are decisions (`if` statements that hold or do not), never values: in what is compiled the line of a
parameter is empty, and its value comes through the namespace. So equal decisions are compiled once.
"""

import ast
import hashlib
import linecache
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import CodeType
from typing import Any

from explorable.branches import taken_lines
from explorable.literal import assignment
from explorable.source import Source, branch
from explorable.used import DEFINITIONS, IMPORTS, idle, without_unused


@dataclass(frozen=True)
class Line:
    """One line of a cut program."""

    text: str
    parameter: str = ""  # its name, where the line is the assignment of one
    runs: bool = True  # False where a name is given in place of what the line binds, and where it only prints

    def shown(self, values: Mapping[str, Any]) -> list[str]:
        if not self.parameter:
            return [self.text]
        *above, last = assignment(self.parameter, values[self.parameter])
        return [*above, f"{last}{self.text}"]

    @property
    def compiled(self) -> str:
        return self.text if self.runs and not self.parameter else ""


@dataclass(frozen=True)
class CutCell:
    title: str
    lines: tuple[Line, ...]
    markdown: bool = False
    first: int = 0  # the number of its first line in what is compiled, from 1


@dataclass(frozen=True)
class Cut:
    cells: tuple[CutCell, ...]
    path: str  # the name of the compiled text, as tracebacks say it
    code: CodeType

    def cell_at(self, line: int) -> int:
        """The index of the cell that holds a line of what is compiled."""
        return max(index for index, cell in enumerate(self.cells) if cell.first <= line)


@cache
def source_of(slug: str) -> Source:
    return Source.read(slug)


def cut(slug: str, values: Mapping[str, Any], given: frozenset[str] = frozenset()) -> Cut:
    """The program without the branches that these values do not take; `given` are names that it need not bind itself."""
    return _cut(slug, tuple(source_of(slug).decisions(values).items()), given)


@lru_cache(maxsize=1024)
def _cut(slug: str, decisions: tuple[tuple[int, bool], ...], given: frozenset[str]) -> Cut:
    source, taken = source_of(slug), dict(decisions)
    body = [node for node in opened(source.tree.body, taken) if not source.cell_at(node.lineno).proof]
    kept = without_unused(body, taken, frozenset(source.parameters))
    cells = placed(_cells(source, taken, kept, given))
    text = "\n".join(line for cell in cells for line in ("", *(line.compiled for line in cell.lines), ""))
    path = f"programs/{slug}.py, cut {hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return Cut(cells, path, compiled(text, path))


@cache
def compiled(text: str, path: str) -> CodeType:
    """Compiled once; a traceback shows its lines."""
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    return compile(text, path, "exec", dont_inherit=True)


@lru_cache(maxsize=256)
def proof_text(slug: str, name: str) -> str:
    """A proof as a program of its own: the imports and definitions that it uses, and its cell."""
    source = source_of(slug)
    [cell] = [cell for cell in source.cells if cell.proof == name]
    inside = [node for node in source.tree.body if cell.first <= node.lineno <= cell.last]
    above = [node for node in source.tree.body if isinstance(node, (*IMPORTS, *DEFINITIONS)) and node not in inside]
    kept = without_unused([*above, *inside], {}, frozenset())
    cells = [made for made in _cells(source, {}, kept, frozenset()) if not made.markdown]
    texts = [[line.text for line in made.lines] for made in cells]
    return "\n\n".join("\n".join(lines) for lines in texts) + "\n"


def opened(body: Sequence[ast.stmt], taken: Mapping[int, bool]) -> Iterator[ast.stmt]:
    """The statements that are left, those of a branch that is taken in place of its `if`."""
    for node in body:
        if isinstance(node, ast.If) and node.lineno in taken:
            yield from opened(branch(node, taken[node.lineno]), taken)
        else:
            yield node


def placed(cells: Sequence[CutCell]) -> tuple[CutCell, ...]:
    """The cells with the numbers of their lines: before each stands its mark, after each an empty line."""
    numbered, first = [], 2
    for cell in cells:
        numbered.append(replace(cell, first=first))
        first += len(cell.lines) + 2
    return tuple(numbered)


def _cells(
    source: Source, taken: Mapping[int, bool], kept: Mapping[ast.stmt, str], given: frozenset[str]
) -> list[CutCell]:
    """`kept`: statement -> its text where that is not the one of the file."""
    texts = taken_lines(source, taken, list(kept))
    still = idle(list(kept), taken, given)
    starts: dict[int, Line] = {}
    hidden: set[int] = set()
    for node, text in kept.items():
        numbers = range(node.lineno, (node.end_lineno or 0) + 1)
        if text or (name := _parameter_of(node, source)):
            hidden.update(numbers[1:])
            starts[node.lineno] = Line(text, runs=node not in still) if text else Line(_comment(source, node), name)
        elif node in still:
            starts.update({number: Line(texts[number], runs=False) for number in numbers if number in texts})
    cells = []
    for cell in source.cells:
        numbers = range(cell.first + 1, cell.last + 1)
        if not cell.markdown and not any(node.lineno in numbers for node in kept):
            continue
        lines = [starts.get(n) or Line(texts[n]) for n in numbers if n in texts and n not in hidden]
        lines = _trimmed(lines)
        if lines:
            cells.append(CutCell(cell.title, tuple(lines), cell.markdown))
    return cells


def _parameter_of(node: ast.stmt, source: Source) -> str:
    return next((name for name, assigned in source.parameters.items() if assigned is node), "")


def _comment(source: Source, node: ast.stmt) -> str:
    """What stands behind a parameter's value, on its last line."""
    last = source.lines[(node.end_lineno or 0) - 1]
    behind = last.encode()[node.end_col_offset :].decode()
    return behind if behind.strip().startswith("#") else ""


def _trimmed(lines: list[Line]) -> list[Line]:
    """Without empty lines at both ends."""
    full = [index for index, line in enumerate(lines) if line.text.strip() or line.parameter]
    return lines[full[0] : full[-1] + 1] if full else []
