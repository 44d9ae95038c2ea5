"""A GPU that is lent, too small or missing: the visitor gets the same Result, and hears it when the CPU computed it."""

import importlib.util
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from unittest.mock import Mock

import gradio as gr
import pytest
import torch
from gradio.context import LocalContext
from starlette.requests import Request

from components import gpu
from explorable.gpu import FULL
from explorable.lesson import Lesson
from lessons import batch_memory
from models.device import choose_device
from models.placement import is_cpu_only, on_cpu
from models.shared import shared_registry
from tests.toy import program

ROOT = Path(__file__).parents[2]

TOY = """
import os, torch
from dataclasses import dataclass
from explorable.lesson import Lesson
from explorable.params import BadParam
from explorable.progress import Bar
from tests.toy import program

@dataclass(frozen=True)
class Params:
    n: int = 3

@dataclass(frozen=True)
class Result:
    total: torch.Tensor
    process: int

def run(params):
    if params.n < 0:
        raise BadParam("n must be a number from 0, not -1.")
    if params.n == 13:
        raise OSError("broken")
    total = torch.zeros(())
    for step in Bar(range(params.n)):
        total += step
    return Result(total, os.getpid())

LESSON = Lesson("toy", "", "", Params, str, (), (), program(run), button="Run", gpu_seconds=7)
"""

# As the real package does it on ZeroGPU: the task goes on in a forked process, and what it yields comes through a pipe.
FAKE_SPACES = """
import multiprocessing, signal
import gradio

asked = []
refuse = False

def GPU(duration):
    def lend(task):
        def lent(*args):
            asked.append(duration(*args))
            if refuse:
                raise gradio.Error("You have exceeded your ZeroGPU quota.")
            fork = multiprocessing.get_context("fork")
            pipe = fork.SimpleQueue()
            worker = fork.Process(target=work, args=(pipe, task, args), daemon=True)
            worker.start()
            try:
                while True:
                    yield pipe.get()
            finally:
                worker.kill()
                worker.join()
        return lent
    return lend

def work(pipe, task, args):
    for event in task(*args):
        pipe.put(event)
    signal.pause()  # it stays for the next run, and hands out the tensors of this one
"""

VISIT = """
import importlib.util, json, os, sys
import torch
import spaces
from components import gpu
from explorable.params import BadParam
from explorable.progress import watched

spec = importlib.util.spec_from_file_location("lessons.toy", sys.argv[1])
toy = sys.modules["lessons.toy"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(toy)

steps = []
with watched(lambda done, total, so_far: steps.append([done, total])):
    result, note = gpu.run(toy.LESSON, toy.Params())
seen = {"total": result.total.item(), "elsewhere": result.process != os.getpid(), "note": note, "steps": steps}
seen["asked"], seen["cuda"] = spaces.asked, torch.cuda.is_available()
for n in (-1, 13):
    try:
        gpu.run(toy.LESSON, toy.Params(n))
    except (BadParam, RuntimeError) as error:
        seen[type(error).__name__] = str(error)
with gpu.without_a_visitor():
    result, note = gpu.run(toy.LESSON, toy.Params())
seen["nobody"] = [result.total.item(), result.process == os.getpid(), note]
spaces.refuse = True
result, note = gpu.run(toy.LESSON, toy.Params())
seen["refused"] = [result.total.item(), result.process == os.getpid(), note]
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def visit(tmp_path_factory) -> dict:
    """What a visitor of a ZeroGPU Space gets."""
    folder = tmp_path_factory.mktemp("zero")
    for name, text in (("spaces.py", FAKE_SPACES), ("toy.py", TOY)):
        (folder / name).write_text(text)
    paths = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", VISIT, str(folder / "toy.py")],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_run_goes_on_in_the_worker_for_as_long_as_the_lesson_says(visit):
    assert visit["total"] == 3 and visit["elsewhere"] and visit["note"] == "" and visit["asked"][0] == 7


def test_its_steps_reach_who_watches(visit):
    assert visit["steps"] == [[1, 3], [2, 3], [3, 3]]


def test_what_the_lesson_refuses_is_refused_with_its_sentence(visit):
    assert visit["BadParam"] == "n must be a number from 0, not -1."
    assert visit["RuntimeError"].endswith("OSError: broken")


def test_a_visitor_without_time_on_the_gpu_is_answered_by_the_cpu_and_told_so(visit):
    total, here, note = visit["refused"]
    assert total == 3 and here
    assert note == "No GPU was to be had (You have exceeded your ZeroGPU quota), so this was computed on the CPU."


def test_while_nobody_has_asked_the_cpu_computes_and_says_nothing(visit):
    assert visit["nobody"] == [3, True, ""]


def test_the_process_itself_sees_no_gpu(visit):
    assert visit["cuda"] is False


def imported(prelude: str = "") -> list[bool]:
    code = f"{prelude}\nimport sys\nfrom components import gpu\nprint([gpu._lent is None, 'spaces' in sys.modules])"
    return json.loads(
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.lower()
    )


def test_without_the_package_nothing_is_lent_and_nothing_imported():
    hidden = "import importlib.util as u; find = u.find_spec; u.find_spec = lambda n, *a: None if n == 'spaces' else find(n, *a)"
    assert imported(hidden) == [True, False]


@pytest.mark.skipif(importlib.util.find_spec("spaces") is None, reason="the spaces package is not installed")
def test_with_the_real_package_off_zerogpu_runs_stay_here():
    assert imported() == [True, True]


def test_a_lent_gpu_is_asked_for_in_the_name_of_the_visitor(monkeypatch):
    blocks = gr.Blocks()
    app = SimpleNamespace(get_blocks=lambda: blocks)
    request = Request({"type": "http", "headers": [(b"x-ip-token", b"mine")], "app": app, "query_string": b""})

    def seen() -> tuple:
        gpu.asked_by(request)
        visitor = LocalContext.request.get(None)
        return visitor and visitor.headers["x-ip-token"], LocalContext.blocks.get(None)

    assert copy_context().run(seen) == (None, None)
    monkeypatch.setattr(gpu, "_lent", gpu.events)
    assert copy_context().run(seen) == ("mine", blocks)


@dataclass(frozen=True)
class Params:
    pass


def lesson(run) -> Lesson:
    return Lesson("toy", "", "", Params, str, (), (), program(run), gpu_seconds=1)


def full_unless_on_cpu(_: object) -> str:
    if not is_cpu_only():
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    return choose_device().type


def test_a_full_gpu_hands_the_run_to_the_cpu_and_says_so():
    assert gpu.run(lesson(full_unless_on_cpu), Params()) == ("cpu", FULL)


def test_a_lesson_that_asks_torch_for_a_gpu_finds_none_where_it_must_do_without(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    full = Mock(side_effect=torch.OutOfMemoryError)
    monkeypatch.setattr(torch.cuda, "memory_allocated", full)
    result, note = gpu.run(batch_memory.LESSON, batch_memory.Params(layers=1))
    assert note == FULL and result.peak is None and full.call_count == 1
    assert torch.cuda.is_available()  # for everybody else


def test_a_lesson_that_uses_no_gpu_is_simply_run():
    with pytest.raises(torch.OutOfMemoryError):
        gpu.run(replace(lesson(full_unless_on_cpu), gpu_seconds=0), Params())


def test_of_two_visitors_at_once_only_the_one_whose_run_did_not_fit_leaves_the_gpu():
    both = Barrier(2, timeout=30)

    def mine(params: object) -> bool:
        if is_cpu_only():
            both.wait()  # while the other one runs
            return True
        raise torch.OutOfMemoryError

    def theirs(params: object) -> bool:
        both.wait()
        return is_cpu_only()

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(gpu.run, lesson(run), Params()) for run in (mine, theirs)]
        assert [run.result() for run in runs] == [(True, FULL), (False, "")]


def test_the_cpu_has_models_of_its_own(monkeypatch):
    monkeypatch.setattr("models.device._present", lambda: ["cuda", "cpu"])
    on_gpu = shared_registry()
    with on_cpu():
        assert shared_registry() is not on_gpu and choose_device().type == "cpu"
    assert shared_registry() is on_gpu and choose_device().type == "cuda"
