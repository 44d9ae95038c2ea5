"""A program's file in the percent format: cells that begin with `# %% title`, as Jupyter, VS Code and jupytext read them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MARK = re.compile(r"# %%\s*(?P<markdown>\[markdown\])?\s*(?P<title>.*?)\s*$")
PROOF = "proof: "


@dataclass(frozen=True)
class Cell:
    title: str
    markdown: bool
    first: int  # the number of its mark's line, from 1
    last: int  # inclusive

    @property
    def proof(self) -> str:
        """The name of the proof that the cell holds, or nothing."""
        return self.title.removeprefix(PROOF) if self.title.startswith(PROOF) else ""


def cells_of(lines: Sequence[str]) -> list[Cell]:
    """The cells of a file, from top to bottom."""
    marks = [(number, found) for number, line in enumerate(lines, 1) if (found := MARK.match(line))]
    ends = [number - 1 for number, _ in marks[1:]] + [len(lines)]
    return [
        Cell(found["title"], bool(found["markdown"]), number, end)
        for (number, found), end in zip(marks, ends, strict=True)
    ]
