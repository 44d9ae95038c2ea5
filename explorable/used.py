"""What of a program is needed: imports, functions, classes and parameters that nothing uses are left out."""

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from explorable.source import branch

IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def without_unused(
    body: Sequence[ast.stmt], taken: Mapping[int, bool], parameters: frozenset[str]
) -> dict[ast.stmt, str]:
    """Statement -> nothing, or the text of an import that is cut to the names that are used."""
    needed = reached(body, taken, lambda node: is_optional(node, parameters))
    kept: dict[ast.stmt, str] = {}
    for node in body:
        if not is_optional(node, parameters) or binds(node) <= needed:
            kept[node] = ""
        elif binds(node) & needed:
            kept[node] = _narrowed(node, needed)
    return kept


def idle(body: Sequence[ast.stmt], taken: Mapping[int, bool], given: frozenset[str]) -> set[ast.stmt]:
    """The statements that need not run: those that bind what is given, that only print, and the imports for these alone."""
    still = {node for node in body if is_print(node) or (binds(node) and binds(node) <= given)}
    needed = reached([node for node in body if node not in still], taken, lambda node: isinstance(node, IMPORTS))
    return still | {node for node in body if isinstance(node, IMPORTS) and not binds(node) & needed}


def reached(body: Collection[ast.stmt], taken: Mapping[int, bool], optional: Callable[[ast.stmt], bool]) -> set[str]:
    """The names that the statements use, and the optional statements that bind these names, and so on."""
    needed: set[str] = set()
    left = list(body)
    while True:
        found = [node for node in left if not optional(node) or binds(node) & needed]
        if not found:
            return needed
        left = [node for node in left if node not in found]
        needed |= {name for node in found for name in loaded(node, taken)}


def is_optional(node: ast.stmt, parameters: frozenset[str]) -> bool:
    if isinstance(node, ast.AnnAssign):
        return binds(node) <= parameters
    return isinstance(node, (*IMPORTS, *DEFINITIONS))


def is_print(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"


def binds(node: ast.stmt) -> set[str]:
    """The names that an import, a definition or an assignment to plain names binds."""
    if isinstance(node, IMPORTS):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, DEFINITIONS):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.expr)]
    plain = all(isinstance(part, (ast.Name, ast.Tuple, ast.List, ast.Starred)) for part in names)
    return {part.id for part in names if isinstance(part, ast.Name)} if plain else set()


def loaded(node: ast.AST, taken: Mapping[int, bool]) -> Iterator[str]:
    """The names that are used in what is left of `node`."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
        yield node.id
    parts = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and node.lineno in taken:
        parts = iter(branch(node, taken[node.lineno]))
    for part in parts:
        yield from loaded(part, taken)


def _narrowed(node: ast.stmt, needed: set[str]) -> str:
    assert isinstance(node, IMPORTS)
    names = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in needed]
    listed = ", ".join(f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in names)
    return f"from {node.module} import {listed}" if isinstance(node, ast.ImportFrom) else f"import {listed}"
