"""The other side of explorable/apart.py: reads requests from standard input, runs the program, writes its Result as JSON."""

import builtins
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import make_dataclass
from importlib import import_module
from typing import Any, TextIO

import torch

from explorable.program import Ending, Program, unscoped
from explorable.progress import Cancelled, watched

MOST_HELD = 900_000_000  # bytes; a process that has grown so far ends after its run, and the next one begins anew


def bound_memory(more: int) -> None:
    """The process gets an error instead of memory, once it asks for more than this beyond what it has. Not on Windows."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm") as statm:
            data = int(statm.read().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (data + more, data + more))


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """The system ends this process when the block has had so many seconds of processor, also where nobody is left who would. Not on Windows."""
    timed = hasattr(signal, "setitimer")
    if timed:
        signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_PROF, 0)


def held() -> int:
    """Bytes of memory that the process has had at most; 0 where that is not told.

    Not ru_maxrss: Linux hands on what the process had before exec, which is what the app itself holds.
    """
    with suppress(OSError), open("/proc/self/status") as status:
        return next((1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)
    return 0


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answers until the other side has gone, or the process holds too much."""

    def send(what: dict[str, Any]) -> None:
        answers.write(json.dumps(what, allow_nan=False) + "\n")
        answers.flush()

    def watch(done: int, total: int, so_far: Callable[[], Any] | None) -> None:
        send({"steps": [done, total], "so_far": vars(so_far()) if so_far else None})
        if json.loads(requests.readline()) != "go on":
            raise Cancelled

    with suppress(MemoryError), watched(watch):
        for line in requests:
            request = json.loads(line)
            with ended_after(request["seconds"]):
                answer = answered(request)
            last = held() > MOST_HELD
            send({**answer, "last": last})
            if last:
                return


def answered(request: dict[str, Any]) -> dict[str, Any]:
    """The fields of the Result, or what the program failed with."""
    try:
        result = run(request)
    except MemoryError:
        raise
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"}
    ended = result.get("error")
    return {"result": result, **({"ended": ended.cell} if isinstance(ended, Ending) else {})}


def run(request: dict[str, Any]) -> dict[str, Any]:
    """The fields of the Result."""
    Result = make_dataclass("Result", request["fields"])
    values, given = request["values"], request["given"]
    raises = tuple(getattr(builtins, name) for name in request["raises"])
    program = Program(
        request["slug"], Result, raises, values=lambda _: values, given=lambda _: given, scope=unscoped, so_far=True
    )
    return vars(program.run(None))


def main() -> None:
    requests, answers = sys.stdin, os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr  # what a library prints is no answer
    torch.set_num_threads(1)
    memory, *modules = sys.argv[1:]
    for name in modules:
        import_module(name)
    bound_memory(int(memory))
    serve(requests, answers)


if __name__ == "__main__":
    main()
