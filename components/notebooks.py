"""`python -m components.notebooks [SLUG ...]`: notebooks/ holds each lesson at its defaults, for who opens it from the repository."""

import sys
from pathlib import Path

from components.answer import lesson_of
from components.site import LESSONS
from components.takeaway import taken
from explorable.notebook import as_notebook

FOLDER = Path(__file__).parent.parent / "notebooks"


def file_of(slug: str) -> Path:
    return FOLDER / f"{slug}.ipynb"


def write(slugs: tuple[str, ...]) -> None:
    """One file a lesson, and none of a lesson that is gone."""
    FOLDER.mkdir(exist_ok=True)
    for slug in slugs:
        file_of(slug).write_text(as_notebook(taken(slug, lesson_of(slug).Params())), "utf-8")
    for path in {*FOLDER.glob("*.ipynb")} - {*map(file_of, LESSONS)}:
        path.unlink()


if __name__ == "__main__":
    write(tuple(sys.argv[1:]) or LESSONS)
