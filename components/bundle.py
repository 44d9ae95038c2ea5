"""The scripts that a first view needs, joined into one file: a class that comes at once asks for one and not for thirty.

Each module becomes a function that gives what it exports. Who imports one of them by its own address, as a script that is
loaded later does, gets the same one: there is a stand-in at that address.
"""

import re
from functools import cache
from pathlib import Path
from posixpath import dirname, normpath, relpath

SCRIPTS = Path(__file__).parent.parent / "assets" / "js"
NAME = "first.js"
ROOTS = ("english", "home", "search", "thumbs")  # and what these import
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(.*)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*? (\w+)|class (\w+)|const (\w+))", re.MULTILINE)
_COMMENT = re.compile(
    r"^[ \t]*(?://.*|/\*\*(?:[^*]|\*(?!/))*\*/)[ \t]*\n", re.MULTILINE
)  # one that has its lines to itself
_LATER = re.compile(r'import\("(\./[^"]*)\.js"\)')


@cache
def modules() -> tuple[str, ...]:
    """Their names in an order in which each comes after what it imports. Raises ValueError where they go in a circle."""
    found: dict[str, None] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ValueError(f"{' imports '.join([*above, name])}.")
        for _, written in _IMPORT.findall(_source(name)):
            visit(_resolved(name, written), (*above, name))
        found[name] = None

    for root in ROOTS:
        visit(root, ())
    return tuple(found)


@cache
def bundle() -> str:
    """The file: `modules`, by name, and under each name what it exports."""
    parts = (f'modules["{name}"] = (() => {{\n{_body(name)}\n}})();' for name in modules())
    return "\n".join(["export const modules = {};", *parts])


def stand_in(name: str) -> str:
    """What is served at the address of a module that is in the file."""
    up = relpath(NAME, dirname(name) or ".")
    here = up if up.startswith("..") else f"./{up}"
    exported = ", ".join(_exported(name))
    return f'import {{ modules }} from "{here}";\nexport const {{ {exported} }} = modules["{name}"];\n'


def _source(name: str) -> str:
    return (SCRIPTS / f"{name}.js").read_text("utf-8")


def _resolved(name: str, written: str) -> str:
    return normpath(f"{dirname(name)}/{written}").lstrip("/")


def _exported(name: str) -> list[str]:
    return ["".join(names) for _, *names in _EXPORT.findall(_source(name))]


def _body(name: str) -> str:
    body = _IMPORT.sub(lambda found: f'const {{{found[1]}}} = modules["{_resolved(name, found[2])}"];', _source(name))
    body = _LATER.sub(lambda found: _later(name, found), _EXPORT.sub(r"\1", _COMMENT.sub("", body)))
    return f"{body}\nreturn {{ {', '.join(_exported(name))} }};"


def _later(name: str, found: re.Match[str]) -> str:
    """An import while the page runs; of a module that is in the file, nothing is to be fetched."""
    wanted = _resolved(name, found[1])
    return f'Promise.resolve(modules["{wanted}"])' if wanted in modules() else f'import("./{wanted}.js")'
