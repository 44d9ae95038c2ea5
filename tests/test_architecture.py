"""Which room may import what. The table is the architecture."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

from explorable.parsing import tree_of

ROOT = Path(__file__).parent.parent
STANDARD = sys.stdlib_module_names
MAY_IMPORT = {
    "programs": {"regex", "torch", "tqdm", "transformers"},
    "explorable": {"explorable", "models", "torch"},
    "lessons": {"explorable", "lessons", "models", "regex", "safetensors", "torch", "transformers"},
    "figures": {"explorable", "figures", "lessons"},
    # Gradio's routes are Starlette's, its threads anyio's, its templates escape with markupsafe.
    "components": {
        "anyio",
        "classroom",
        "components",
        "explorable",
        "figures",
        "gradio",
        "lessons",
        "markupsafe",
        "serving",
        "starlette",
    },
    "serving": {"serving", "starlette"},
    "classroom": {"anyio", "classroom", "sqlalchemy", "starlette"},
    "models": {"huggingface_hub", "models", "safetensors", "tokenizers", "torch", "tqdm", "transformers"},
}
RUN_TEXT = {
    "explorable/program.py": {"exec"},
    "explorable/cut.py": {"compile"},
    "explorable/source.py": {"compile", "eval"},
}
FILES = [path for room in MAY_IMPORT for path in sorted((ROOT / room).rglob("*.py"))]


@cache
def parsed(path: Path) -> ast.Module:
    return tree_of(path.read_text("utf-8"))


def imported(path: Path) -> set[str]:
    """The full names of all modules that a file imports, wherever in the file."""
    nodes = list(ast.walk(parsed(path)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    source = {f"{node.module}.{a.name}" for node in nodes if isinstance(node, ast.ImportFrom) for a in node.names}
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes), "imports are absolute"
    return plain | source


@pytest.mark.parametrize("path", sorted((ROOT / "explorable").glob("*.py")), ids=lambda path: path.stem)
def test_the_machinery_knows_of_the_models_only_where_they_run(path):
    modules = {name.split(".")[1] for name in imported(path) if name.startswith("models.")}
    assert modules <= {"alone", "placement"}


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_a_room_imports_only_what_its_row_of_the_table_allows(path):
    room = path.relative_to(ROOT).parts[0]
    assert packages(path) - STANDARD <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", sorted((ROOT / "figures").glob("*.py")), ids=lambda path: path.stem)
def test_a_figure_imports_only_the_lesson_with_its_own_name(path):
    lessons = {name.split(".")[1] for name in imported(path) if name.startswith("lessons.")}
    assert lessons <= {path.stem}


def test_the_app_knows_only_gradio_the_components_and_how_it_is_served():
    assert packages(ROOT / "app.py") - STANDARD <= {"components", "gradio", "serving"}


def test_every_lesson_has_a_figure_of_the_same_name():
    """And every figure that draws a Result belongs to a lesson; the rest are parts that pictures share."""
    lessons = {path.stem for path in (ROOT / "lessons").glob("*.py") if "\nLESSON = " in path.read_text("utf-8")}
    drawn = {path.stem for path in (ROOT / "figures").glob("*.py") if "\ndef draw(" in path.read_text("utf-8")}
    assert lessons == drawn


def test_a_lesson_imports_transformers_only_inside_functions():
    """Importing it takes seconds, and the page starts without it."""
    for path in (ROOT / "lessons").glob("*.py"):
        top = [ast.unparse(node) for node in parsed(path).body]
        assert not any(line.startswith(("import transformers", "from transformers")) for line in top), path


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_no_pickle_is_loaded_and_no_text_of_a_visitor_is_run(path):
    """A program's text is executed in explorable/program.py; where it is cut, its own `if` statements are read."""
    tree = parsed(path)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not imported(path) & {"pickle", "shelve", "marshal", "joblib"}
    assert called & {"eval", "exec", "compile"} <= RUN_TEXT.get(str(path.relative_to(ROOT)), set())


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_one_place_parses_python(path):
    """Two threads that parse disturb each other: explorable/parsing.py."""
    parses = {ast.unparse(node.func) for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)}
    assert path.name == "parsing.py" or not parses & {"ast.parse", "ast.literal_eval", "parse", "literal_eval"}
