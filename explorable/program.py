"""A lesson's program: what is shown is cut, executed, taped and downloaded from one file, `programs/<slug>.py`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields
from functools import partial
from traceback import walk_tb
from typing import Any

import torch
from torch import Tensor

from explorable.cut import Cut, cut, proof_text, source_of
from explorable.params import BadParam
from explorable.progress import Bar, Cancelled
from explorable.seeding import seeded
from explorable.tape import Operators, OperatorTape


@dataclass(frozen=True)
class Shown:
    """A cell as the page shows it."""

    title: str
    kind: str  # "parameters", "point" or "more"
    lines: list[str]
    ran: dict[int, Operators]  # index of a line -> what torch dispatched there


@dataclass(frozen=True)
class Written:
    """A cell as it stands in a file that runs alone."""

    title: str
    text: str
    markdown: bool


class Ending(str):
    """The text of the error that ends a program, and the index among its cells, as `written` gives them, of the one that raises."""

    cell: int

    def __new__(cls, text: str, cell: int) -> "Ending":
        made = super().__new__(cls, text)
        made.cell = cell
        return made

    def __reduce__(self) -> tuple[Any, ...]:  # a Result may come from another process
        return Ending, (str(self), self.cell)


@contextmanager
def scoped(_: Any) -> Iterator[None]:
    """torch's default generator as it is for a program that runs alone; it is left as it was."""
    with seeded(0):
        yield


@dataclass(frozen=True)
class Program:
    """How a lesson runs its program; the page, the API and the tests follow from it."""

    slug: str
    Result: type  # its fields are variables of the program: None where the program did not come to them
    raises: tuple[type[Exception], ...] = ()  # what the lesson teaches; its text becomes the field `error`
    values: Callable[[Any], Mapping[str, Any]] = vars  # Params -> the program's parameters
    given: Callable[[Any], Mapping[str, Any]] = (
        lambda _: {}
    )  # Params -> names bound in place of the program's own lines
    scope: Callable[[Any], AbstractContextManager[Any]] = scoped  # Params -> around the run
    files: Callable[[Any], Mapping[str, str]] = lambda _: {}  # Params -> name -> text of a file that the program reads
    so_far: bool = False  # whether a picture is drawn at each step of tqdm, of what is bound by then

    def run(self, params: Any) -> Any:
        """The Result."""
        given = self.given(params)
        taken = self._cut(params, given)
        names = {"__name__": "__main__", "print": _nothing, **self.values(params), **given}
        names["tqdm"] = partial(Bar, so_far=partial(self._result, names, None) if self.so_far else None)
        try:
            with self.scope(params):
                error = self._execute(taken, names)
            return self._result(names, error)
        finally:
            names.clear()  # functions hold their globals, and these hold them: what they take is let go now

    def _execute(self, taken: Cut, names: dict[str, Any]) -> Ending | None:
        """The error that the lesson teaches, if the program ends with one."""
        try:
            exec(taken.code, names)  # the project's own file; what a visitor sets is only ever a value in `names`
        except (BadParam, Cancelled, torch.OutOfMemoryError):  # no lesson: also where it teaches a RuntimeError
            raise
        except self.raises as error:
            lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code is taken.code]
            return Ending(f"{type(error).__name__}: {error}", taken.cell_at(lines[0]))
        return None

    def _result(self, names: Mapping[str, Any], error: str | None) -> Any:
        found = {field.name: names.get(field.name) for field in fields(self.Result)}
        if "error" in found:
            found["error"] = error
        return self.Result(**{k: v.detach() if isinstance(v, Tensor) else v for k, v in found.items()})

    def _cut(self, params: Any, given: Mapping[str, Any]) -> Cut:
        return cut(self.slug, self.values(params), frozenset(given) | {"tqdm"})

    def tape(self, params: Any) -> OperatorTape:
        """Records what torch dispatches while `run` runs these Params."""
        return OperatorTape(self._cut(params, self.given(params)).path)

    def cells(self, params: Any, ran: Mapping[int, Operators] | None = None) -> list[Shown]:
        """What is shown for these Params; `ran` is `by_line` of a tape."""
        values, point = self.values(params), False
        shown: list[Shown] = []
        for cell in cut(self.slug, values, frozenset({"tqdm"})).cells:
            if cell.markdown:
                continue
            kind = "more" if point else "point" if shown else "parameters"
            point = point or kind == "point"
            lines: list[str] = []
            beside: dict[int, Operators] = {}
            for number, line in enumerate(cell.lines, cell.first):
                if ran and number in ran:
                    beside[len(lines)] = ran[number]
                lines += line.shown(values)
            shown.append(Shown(cell.title, kind, lines, beside))
        return shown

    def written(self, params: Any, **other: Any) -> list[Written]:
        """The cells for these Params; together they run alone. `other` are parameters of the program with another value."""
        values = {**self.values(params), **other}
        return [
            Written(cell.title, "\n".join(text for line in cell.lines for text in line.shown(values)), cell.markdown)
            for cell in cut(self.slug, values, frozenset({"tqdm"})).cells
        ]

    def text(self, params: Any) -> str:
        """The program for these Params, in the percent format; it runs alone."""
        return percent(self.written(params))

    def proof(self, name: str) -> str:
        """A proof as a program of its own, which prints the right choice."""
        return proof_text(self.slug, name)

    def proofs(self) -> list[str]:
        return [cell.proof for cell in source_of(self.slug).cells if cell.proof]


def percent(cells: Sequence[Written]) -> str:
    """Cells as a file in the percent format."""
    marks = [f"# %% {'[markdown] ' if cell.markdown else ''}{cell.title}".rstrip() for cell in cells]
    return "\n\n".join(f"{mark}\n{cell.text}" for mark, cell in zip(marks, cells, strict=True)) + "\n"


def _nothing(*_: Any, **__: Any) -> None:
    """A program prints for who runs it alone."""


unscoped: Callable[[Any], AbstractContextManager[Any]] = (
    nullcontext  # for a program that draws from no default generator
)
