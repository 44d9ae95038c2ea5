"""What must be right before the app starts; everything that is not is said in one sentence, and the app does not start."""

from classroom import place
from lessons import machine
from serving import variables


def check() -> None:
    """Raises SystemExit, which prints the sentences and leaves with code 1."""
    if problems := [*variables.problems(), *machine.problems(), *place.problems()]:
        raise SystemExit("\n".join(problems))
