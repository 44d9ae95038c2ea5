"""The code that is shown is the code that ran: a lesson's flat function, cut to the branches its Params take."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from explorable.literal import literal
from explorable.parsing import undisturbed

HEADER = """\
import torch
import torch.nn.functional as F
from torch import Tensor, nn
"""


@undisturbed()
def snippet_of(
    function: Callable[..., Any],
    values: Mapping[str, Any],
    *,
    seed: int | None = None,
    also: Sequence[type | Callable[..., Any]] = (),
    header: str = HEADER,
) -> str:
    """Flat code: imports, the classes and functions of `also` that the body uses, seed, parameters and the body.

    `if` statements of `function` that test only parameters are replaced by the branch that `values` selects, and a
    trailing `return` is left out, so the text reads as a colleague would write it for these values.
    """
    body = _unwatched("\n".join(_kept_lines(function, values)))
    names = _names(body)
    helpers: list[str] = []
    for helper in reversed(also):  # a later helper may use an earlier one
        if helper.__name__ in names:
            helpers.insert(0, textwrap.dedent(inspect.getsource(helper)).strip())
            names |= _names(helpers[0])
    bound = [f"{name} = {literal(value)}" for name, value in values.items() if name in names]
    start = [f"torch.manual_seed({seed})"] if seed is not None else []
    imports = [line for line in map(partial(_import_used, names), header.splitlines()) if line]
    parts = ["\n".join(imports), *helpers, "\n".join(start + bound), body]
    return "\n\n".join(part for part in parts if part) + "\n"


@undisturbed()
def joined(*snippets: str) -> str:
    """Several snippets as one: their imports merged on top, the rest one below the other."""
    lines = [line for snippet in snippets for line in snippet.split("\n")]  # splitlines would cut a text at U+2028
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    names: dict[str, set[str]] = {}  # module -> what is imported from it
    for node in ast.parse("\n".join(imports)).body:
        if isinstance(node, ast.ImportFrom):
            names.setdefault(node.module or "", set()).update(map(ast.unparse, node.names))
    merged = {line for line in imports if line.startswith("import ")}
    merged |= {f"from {module} import {', '.join(sorted(found))}" for module, found in names.items()}
    top: dict[bool, list[str]] = {True: [], False: []}  # of the standard library, and others
    for line in sorted(merged, key=lambda line: (line.startswith("from"), line)):
        top[line.split()[1].split(".")[0] in sys.stdlib_module_names].append(line)
    rest = "\n".join(line for line in lines if line not in imports)
    parts = ["\n".join(top[True]), "\n".join(top[False]), re.sub(r"\n{3,}", "\n\n", rest.strip())]
    return "\n\n".join(part for part in parts if part) + "\n"


def _unwatched(code: str) -> str:
    """`for step in progress(range(steps), ...):` as `for step in range(steps):`; the calls stand one on a line."""
    lines = code.splitlines()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "progress":
            assert node.lineno == node.end_lineno, "progress(...) belongs on one line"
            line = lines[node.lineno - 1].encode()  # ast counts columns in bytes
            inner = ast.unparse(node.args[0]).encode()
            lines[node.lineno - 1] = (line[: node.col_offset] + inner + line[node.end_col_offset :]).decode()
    return "\n".join(lines)


def _names(code: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}


def _import_used(names: set[str], line: str) -> str:
    """The import line with only the names the code uses; `import torch` always stays."""
    [node] = ast.parse(line).body
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    node.names = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in names]
    return line if line == "import torch" else ast.unparse(node) if node.names else ""


def _kept_lines(function: Callable[..., Any], values: Mapping[str, Any]) -> list[str]:
    lines, tree = _parsed(function)
    [definition] = tree.body
    assert isinstance(definition, ast.FunctionDef)
    statements = list(definition.body)
    if ast.get_docstring(definition):
        statements = statements[1:]
    if isinstance(statements[-1], ast.Return):
        statements = statements[:-1]
    kept, previous = [], None
    for statement in _taken(statements, values):
        if previous is not None:  # comments and blank lines between two neighbours stay
            kept += _between(lines, previous, statement)
        block = lines[statement.lineno - 1 : statement.end_lineno]
        kept += textwrap.dedent("\n".join(block)).splitlines()
        previous = statement
    return kept


@cache
def _parsed(function: Callable[..., Any]) -> tuple[list[str], ast.Module]:
    source = textwrap.dedent(inspect.getsource(function))
    return source.splitlines(), ast.parse(source)


def _taken(statements: list[ast.stmt], values: Mapping[str, Any]) -> list[ast.stmt]:
    """The statements that run for these values, nested branches opened."""
    taken: list[ast.stmt] = []
    for statement in statements:
        if isinstance(statement, ast.If) and _about_parameters(statement.test, values):
            code = compile(ast.Expression(statement.test), "<test>", "eval")
            branch = statement.body if eval(code, {}, dict(values)) else statement.orelse  # noqa: S307
            taken += _taken(branch, values)
        else:
            taken.append(statement)
    return taken


def _about_parameters(test: ast.expr, values: Mapping[str, Any]) -> bool:
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return bool(names) and names <= set(values)


def _between(lines: list[str], before: ast.stmt, after: ast.stmt) -> list[str]:
    """The blank line that separates two statements in the source, if there is one."""
    gap = lines[(before.end_lineno or 0) : after.lineno - 1]
    return [""] if any(not line.strip() for line in gap) else []
