"""The lines of a program that are left when its branches are taken: without the `if`, and moved to its place."""

import ast
import re
from collections.abc import Iterable, Mapping

from explorable.cells import MARK
from explorable.source import Source, branch, first_line


def taken_lines(source: Source, taken: Mapping[int, bool], kept: Iterable[ast.stmt]) -> dict[int, str]:
    """Number of a line in the file -> its text. `kept` are the statements that are left at the top."""
    cut = _Lines(source, taken)
    whole = set(kept)
    cut.body(source.tree.body, whole)
    return cut.left()


class _Lines:
    def __init__(self, source: Source, taken: Mapping[int, bool]) -> None:
        self.source, self.taken = source, taken
        self.texts: dict[int, str] = dict(enumerate(source.lines, 1))
        self.gaps: set[int] = set()  # where lines were dropped

    def body(self, statements: Iterable[ast.stmt], kept: set[ast.stmt] | None = None) -> bool:
        """Cut the statements; `kept` are those that stay. Returns whether any does."""
        return any([self.statement(node, kept) for node in statements])

    def statement(self, node: ast.stmt, kept: set[ast.stmt] | None) -> bool:
        if isinstance(node, ast.If) and node.lineno in self.taken:
            return self.choose(node, kept)
        if kept is not None and node not in kept:
            self.drop(first_line(node), self.end(node))
            self.drop_comments_above(first_line(node), node.col_offset)
            return False
        for inner in bodies(node):
            if not self.body(inner):  # the body of a loop, a function and so on must not become empty
                self.texts[inner[0].lineno] = " " * inner[0].col_offset + "pass"
        return True

    def choose(self, node: ast.If, kept: set[ast.stmt] | None) -> bool:
        """Keep one branch of an `if`, at its place."""
        holds, end = self.taken[node.lineno], self.end(node)
        body = branch(node, holds)
        if not body:
            self.drop(node.lineno, end)
            self.drop_comments_above(node.lineno, node.col_offset)
            return False
        start, stop = self.region(node, holds)
        self.drop(node.lineno, start - 1)
        self.drop(stop + 1, end)
        if not holds and self.source.has_elif(node):
            return self.otherwise(node, kept)
        self.move(start, stop, body[0].col_offset - node.col_offset)
        left = self.body(body, kept)
        if not left:
            self.drop_comments_above(node.lineno, node.col_offset)
        return left

    def otherwise(self, node: ast.If, kept: set[ast.stmt] | None) -> bool:
        """What follows an `if` that does not hold: another one, or an `elif` that stays and begins now."""
        [other] = node.orelse
        if other.lineno not in self.taken:
            self.texts[other.lineno] = self.texts[other.lineno].replace("elif", "if", 1)
        return self.body([other], kept)

    def region(self, node: ast.If, holds: bool) -> tuple[int, int]:
        """The first and the last line of a branch, its comments included."""
        body_end = self.below(node.body[-1].end_lineno or 0, node.col_offset)
        if holds:
            start = first_line(node.body[0])
            while start - 1 > (node.test.end_lineno or 0) and self.is_comment(start - 1):
                start -= 1
            return start, body_end
        if self.source.has_elif(node):
            return body_end + 1, self.end(node)
        start = body_end + 1
        while not re.match(r"\s*else\b", self.source.lines[start - 1]):
            start += 1
        return start + 1, self.end(node)

    def end(self, node: ast.stmt) -> int:
        return self.below(node.end_lineno or 0, node.col_offset) if isinstance(node, ast.If) else node.end_lineno or 0

    def below(self, last: int, column: int) -> int:
        """The last of the comments that follow deeper inside: they belong to what stands above them."""
        number, end = last + 1, last
        while number <= len(self.source.lines) and self.is_comment(number):
            line = self.source.lines[number - 1]
            if line.strip():
                if len(line) - len(line.lstrip()) <= column:
                    break
                end = number
            number += 1
        return end

    def is_comment(self, number: int) -> bool:
        line = self.source.lines[number - 1].strip()
        return not line or line.startswith("#") and not MARK.match(line)

    def drop(self, first: int, last: int) -> None:
        for number in range(first, last + 1):
            if self.texts.pop(number, None) is not None:
                self.gaps.add(number)

    def drop_comments_above(self, first: int, column: int) -> None:
        while first > 1:
            line = self.source.lines[first - 2]
            comment = line.strip().startswith("#") and not MARK.match(line)
            if not comment or len(line) - len(line.lstrip()) != column:
                return
            first -= 1
            self.drop(first, first)

    def move(self, first: int, last: int, columns: int) -> None:
        """Move the lines to the left, but for those that begin inside a string."""
        for number in range(first, last + 1):
            if number in self.texts and number not in self.source.in_strings:
                line = self.texts[number]
                self.texts[number] = line[columns:] if line[:columns].isspace() else line

    def left(self) -> dict[int, str]:
        """The lines in order; of the empty lines before and after a gap, the more are left."""
        found: dict[int, str] = {}
        run, before, most = [0], 0, 0
        for number in range(1, len(self.source.lines) + 1):
            if number in self.gaps and number not in self.texts:
                run.append(0)
            elif not self.texts[number].strip() and number not in self.source.in_strings:
                run[-1] += 1
            else:
                before, most = number, max(run)
                found.update({number - most + index: "" for index in range(most)} if most else {})
                found[number] = self.texts[number]
                run = [0]
        return dict(sorted(found.items())) if before else found


def bodies(node: ast.AST) -> list[list[ast.stmt]]:
    """The bodies of a loop, a function, a `try` and so on."""
    found = [getattr(node, name, None) for name in ("body", "orelse", "finalbody")]
    parts = [*getattr(node, "handlers", []), *getattr(node, "cases", [])]
    own = [body for body in found if isinstance(body, list) and body and isinstance(body[0], ast.stmt)]
    return own + [part.body for part in parts]
