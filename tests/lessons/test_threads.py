"""What the threads of a process share, and no run may change or find half made: every lesson, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corners import CHEAP

ROOT = Path(__file__).parents[2]
RUNS = """
import importlib.abc, json, os, sys
from dataclasses import fields, replace

import torch

from components import CHAPTERS
from components.answer import lesson_of
from explorable.params import BadParam, choices

CHEAP = json.loads(sys.argv[1])
SLUGS = sum((chapter.lessons for chapter in CHAPTERS), ())
dtypes = set()


class FirstImport(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "transformers":
            os._exit("models.hugging_face" not in sys.modules)


def set_default_dtype(dtype, really=torch.set_default_dtype):
    dtypes.add(str(dtype))
    really(dtype)


def run(slug):
    lesson = lesson_of(slug)
    asked = [lesson.Params(**CHEAP.get(slug, {}))]
    if not lesson.button:
        asked += [replace(asked[0], **{p.name: value}) for p in fields(lesson.Params) for value in choices(p)]
    for params in asked:
        try:
            lesson.run(params)
        except BadParam:
            pass


def imports_by_itself(slug):
    lesson_of(slug)
    if child := os.fork():
        return os.waitpid(child, 0)[1] != 0
    sys.meta_path.insert(0, FirstImport())
    try:
        run(slug)
    finally:
        os._exit(0)


alone = [slug for slug in SLUGS if imports_by_itself(slug)]
torch.set_default_dtype = set_default_dtype
for slug in SLUGS:
    run(slug)
print(json.dumps({"alone": alone, "dtypes": sorted(dtypes)}))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, list[str]]:
    command = [sys.executable, "-W", "ignore", "-c", RUNS, json.dumps(CHEAP)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_torch_keeps_its_default_dtype(seen):
    """Another visitor's torch.ones() would be of that dtype: transformers sets it while it reads weights of another one."""
    assert seen["dtypes"] == ["torch.float32"]


def test_transformers_is_imported_at_one_go(seen):
    """Of two threads that import its modules at once, one may find the other's half made."""
    assert seen["alone"] == []
