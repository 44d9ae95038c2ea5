"""A program's file, read once: its lines, its cells, its parameters, and the `if` statements that ask for parameters alone."""

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from types import CodeType
from typing import Any

from explorable.cells import Cell, cells_of
from explorable.parsing import tree_of, undisturbed

FOLDER = Path(__file__).parent.parent / "programs"


class BadProgram(Exception):
    """One sentence: what a program's file must be and is not."""


@dataclass(frozen=True)
class Choice:
    """An `if` that asks for parameters alone, and those inside its two branches."""

    line: int
    test: CodeType
    yes: tuple["Choice", ...]
    no: tuple["Choice", ...]


class Source:
    """`programs/<slug>.py`."""

    def __init__(self, slug: str, text: str) -> None:
        self.slug = slug
        self.lines = text.split("\n")
        self.cells: list[Cell] = cells_of(self.lines)
        self.tree = tree_of(text)
        if not self.cells or self.cells[0].first != 1:
            raise BadProgram(f"programs/{slug}.py must begin with a cell of its parameters: # %% parameters")
        self._refuse_second_bindings()

    @classmethod
    def read(cls, slug: str) -> "Source":
        return cls(slug, (FOLDER / f"{slug}.py").read_text("utf-8"))

    @cached_property
    def parameters(self) -> dict[str, ast.AnnAssign]:
        """The annotated assignments below the imports, up to the first other statement."""
        top = takewhile(lambda node: isinstance(node, (ast.Import, ast.ImportFrom, ast.AnnAssign)), self.tree.body)
        return {n.target.id: n for n in top if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The values that the file itself gives its parameters, as text of Python."""
        return {name: ast.unparse(node.value) for name, node in self.parameters.items() if node.value}

    @cached_property
    def in_strings(self) -> frozenset[int]:
        """The lines that begin inside a string: to move them would change it."""
        found: set[int] = set()
        begun: list[int] = []
        for token in tokenize.generate_tokens(io.StringIO("\n".join(self.lines)).readline):
            kind = tokenize.tok_name[token.type]
            if kind.endswith("STRING_START"):
                begun.append(token.start[0])
            start = begun.pop() if kind.endswith("STRING_END") else token.start[0]
            if "STRING" in kind:
                found.update(range(start + 1, token.end[0] + 1))
        return frozenset(found)

    def cell_at(self, line: int) -> Cell:
        return next(cell for cell in reversed(self.cells) if cell.first <= line)

    def decisions(self, values: Mapping[str, Any]) -> dict[int, bool]:
        """Line of each `if` that asks for parameters alone, where the program comes to it -> whether it holds."""
        names, taken = dict(values), dict[int, bool]()
        left = list(self._choices)
        while left:
            choice = left.pop(0)
            holds = bool(eval(choice.test, {"__builtins__": {}}, names))  # the project's own text
            taken[choice.line] = holds
            left = [*(choice.yes if holds else choice.no), *left]
        return taken

    @cached_property
    def _choices(self) -> tuple["Choice", ...]:
        with undisturbed():
            return tuple(self._found(self.tree.body, frozenset(self.parameters)))

    def _found(self, body: Iterable[ast.AST], known: frozenset[str]) -> Iterator["Choice"]:
        for node in body:
            inside = known - bound_in(node) if isinstance(node, FUNCTIONS) else known
            if isinstance(node, ast.If) and node.lineno not in self._chained and asks_only(node.test, inside):
                test = compile(ast.Expression(node.test), f"programs/{self.slug}.py", "eval")
                yes, no = (tuple(self._found(branch(node, holds), inside)) for holds in (True, False))
                yield Choice(node.lineno, test, yes, no)
            else:
                yield from self._found(ast.iter_child_nodes(node), inside)

    @cached_property
    def _chained(self) -> frozenset[int]:
        """The lines of each `elif` that follows a test which asks for more than parameters: it cannot be cut."""
        known, lines = frozenset(self.parameters), set[int]()
        for node in ast.walk(self.tree):  # from the outside to the inside
            if isinstance(node, ast.If) and self.has_elif(node):
                if node.lineno in lines or not asks_only(node.test, known):
                    lines.add(node.orelse[0].lineno)
        return frozenset(lines)

    def has_elif(self, node: ast.If) -> bool:
        first = node.orelse[0] if node.orelse else None
        return isinstance(first, ast.If) and self.lines[first.lineno - 1].lstrip().startswith("elif")

    def _refuse_second_bindings(self) -> None:
        """A parameter that is bound again would make the cut ask for the wrong value."""
        own = {id(node.target) for node in self.parameters.values()}
        for node in walk_outside_functions(self.tree):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and id(node) not in own:
                if node.id in self.parameters:
                    raise BadProgram(
                        f"programs/{self.slug}.py line {node.lineno} binds the parameter {node.id} again: "
                        "take another name."
                    )


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def walk_outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, FUNCTIONS):
            yield from walk_outside_functions(child)


def bound_in(function: ast.AST) -> set[str]:
    """The arguments and local variables of a function, which may have the name of a parameter."""
    nodes = list(ast.walk(function))
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    return arguments | {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def asks_only(test: ast.expr, known: frozenset[str]) -> bool:
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return bool(names) and names <= known


def first_line(node: ast.stmt) -> int:
    """The line of a statement, or of its first decorator."""
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])


def branch(node: ast.If, holds: bool) -> list[ast.stmt]:
    return node.body if holds else node.orelse
