"""Runs that use a GPU. On ZeroGPU it is lent for the length of a run: `spaces.GPU` forks a worker that has it.

Without the `spaces` package nothing of it is imported, and off ZeroGPU its decorator gives back what it gets: the run then
simply goes on here, on the GPU of this machine if it has one.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.util import find_spec
from queue import SimpleQueue
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from starlette.requests import Request

from explorable import gpu
from explorable.lesson import Lesson
from explorable.params import BadParam
from explorable.progress import Cancelled, tell, watched

REFUSED = "No GPU was to be had ({}), so this was computed on the CPU."
Event = tuple[
    str, Any
]  # "step" (done, of how many), "result", "full", "problem" a sentence, "failed" an exception's text


def seconds_of(slug: str, _: Any = None) -> int:
    """How long the GPU is asked for."""
    return _lesson(slug).gpu_seconds


def events(slug: str, params: Any) -> Iterator[Event]:
    """A run as it goes, in the worker: what a pipe can carry. Closing the iterator cancels the run."""
    gpu.alone()
    said: SimpleQueue[Event] = SimpleQueue()
    left = threading.Event()

    def watch(done: int, total: int, _: object) -> None:
        if left.is_set():
            raise Cancelled
        said.put(("step", (done, total)))

    threading.Thread(target=_run, args=(slug, params, watch, said.put), daemon=True).start()
    try:
        kind = "step"
        while kind == "step":
            event = said.get()
            kind = event[0]
            yield event
    finally:
        left.set()


def _run(slug: str, params: Any, watch: Callable[..., None], say: Callable[[Event], None]) -> None:
    try:
        with watched(watch):
            result, note = gpu.or_on_cpu(_lesson(slug).run, params)
        say(("full", result) if note else ("result", result))
    except BadParam as problem:
        say(("problem", str(problem)))
    except Exception as error:
        say(("failed", f"{type(error).__name__}: {error}"))


def _lesson(slug: str) -> Lesson:
    return import_module(f"lessons.{slug}").LESSON


def _lend(task: Callable[..., Iterator[Event]]) -> Callable[..., Iterator[Event]] | None:
    """`task` with a GPU around it; None where no GPU is lent. ZeroGPU wants to be asked for it before the launch."""
    if find_spec("spaces") is None:
        return None
    lent = import_module("spaces").GPU(duration=seconds_of)(task)
    if lent is task:
        return None
    gpu.hide_cuda()
    return lent


_lent = _lend(events)
_stays: ContextVar[bool] = ContextVar("stays", default=False)


def run(lesson: Lesson, params: Any) -> tuple[Any, str]:
    """The Result, and one sentence when the CPU computed it though there is a GPU. Call this in place of `lesson.run`."""
    if not lesson.gpu_seconds:
        return lesson.run(params), ""
    if _lent is None:
        return gpu.or_on_cpu(lesson.run, params)
    if _stays.get():
        return gpu.cpu_alone(lesson.run, params), ""
    try:
        return _follow(_lent, lesson, params)
    except gr.Error as refused:  # the visitor's time on the GPU is up, or none is free
        return gpu.cpu_alone(lesson.run, params), REFUSED.format(str(refused.message).rstrip(". "))


@contextmanager
def without_a_visitor() -> Iterator[None]:
    """Inside the block nobody has asked, so no GPU is borrowed: the CPU computes."""
    token = _stays.set(True)
    try:
        yield
    finally:
        _stays.reset(token)


def asked_by(request: Request) -> None:
    """Whose time on the GPU the runs of this context take: `spaces` finds it where Gradio leaves it for its own events."""
    if _lent is not None:
        LocalContext.request.set(gr.Request(request))
        LocalContext.blocks.set(request.app.get_blocks())


def _follow(lent: Callable[..., Iterator[Event]], lesson: Lesson, params: Any) -> tuple[Any, str]:
    """The worker's run as if it went on here: its steps reach who watches, who may cancel it."""
    what: Any = "it ended without a word"
    with closing(lent(lesson.slug, params)) as news:  # type: ignore[type-var]
        for kind, what in news:
            if kind == "step":
                tell(*what)
            elif kind in ("result", "full"):
                return what, gpu.FULL if kind == "full" else ""
            elif kind == "problem":
                raise BadParam(what)
            else:
                break
    raise RuntimeError(f"The run in the GPU's worker failed: {what}")
