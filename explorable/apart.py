"""Programs that run in a process of their own, which is killed when it takes too long or too much memory.

What goes over the pipes are lines of JSON. A process serves one run after another, as importing torch takes seconds; it holds
nothing between two runs but what it has imported.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

from explorable.params import BadParam
from explorable.processes import Unavailable
from explorable.program import Ending, Program
from explorable.progress import tell

ROOT = Path(__file__).parent.parent
AT_ONCE = 2  # processes of one kind; each holds some 200 to 400 MB
PATIENCE = 4
OUT_OF_TIME = getattr(signal, "SIGPROF", signal.SIGTERM)  # what ends a process that has used its processor time
PASSED_ON = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "HOME", "TMPDIR", "HF_HOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


def _said(error: str) -> str:
    return f"The run failed: {error}."


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True)
class Apart(Program):
    """A program whose Result is plain JSON: no tensors, no tuples, and the keys of dicts are text."""

    seconds: float = 60.0  # of processor for a run; on a busy machine it may take PATIENCE times as long
    memory: int = 1_500_000_000  # bytes that the process may ask for beyond what it begins with
    imports: tuple[str, ...] = ("transformers",)  # before memory is bounded
    explain: Callable[[str], str] = _said  # the text of an exception, "ValueError: no", -> one sentence for the visitor
    advice: str = "choose a smaller model"  # for who asked too much
    when: Callable[[Any], bool] = _always  # the Params that are run apart; all others run here

    def run(self, params: Any) -> Any:
        """The Result. Raises BadParam with what the program cannot do, Unavailable when it was stopped."""
        if not self.when(params):
            return super().run(params)
        request: dict[str, Any] = {
            "slug": self.slug,
            "values": dict(self.values(params)),
            "given": dict(self.given(params)),
        }
        names = [field.name for field in fields(self.Result)]
        with _process(self.memory, self.imports) as process:
            request |= {"fields": names, "seconds": self.seconds, "raises": [kind.__name__ for kind in self.raises]}
            try:
                return self._made(process.run(request, self.seconds, self._tell))
            except Unavailable as stopped:
                raise Unavailable(f"{stopped}; {self.advice}.") from None

    def _tell(self, done: int, total: int, so_far: dict[str, Any] | None) -> None:
        tell(done, total, None if so_far is None or not self.so_far else partial(self._made, {"result": so_far}))

    def _made(self, answer: dict[str, Any]) -> Any:
        if "failed" in answer:
            raise BadParam(self.explain(answer["failed"]))
        if "ended" in answer:  # JSON has the text of an Ending alone
            answer["result"]["error"] = Ending(answer["result"]["error"], answer["ended"])
        return self.Result(**answer["result"])


class Process:
    """One interpreter that runs what it is sent."""

    def __init__(self, memory: int, imports: tuple[str, ...]) -> None:
        self._last = False
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONUTF8": "1"}
        command = [sys.executable, "-m", "explorable.apart_runner", str(memory), *imports]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._popen = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, encoding="utf-8", start_new_session=True, **pipes
        )
        _all.add(self)

    def is_alive(self) -> bool:
        """Whether it serves another run: one that has grown too large says with its answer that this was the last."""
        return not self._last and self._popen.poll() is None

    def end(self) -> None:
        self._popen.kill()
        for pipe in (self._popen.stdin, self._popen.stdout):
            with suppress(OSError):
                pipe and pipe.close()
        self._popen.wait()

    def run(self, request: dict[str, Any], seconds: float, watch: Callable[..., None]) -> dict[str, Any]:
        """What the process answers. `watch` is told of each step, and may raise: the program ends there, the process goes on."""
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._popen.kill()

        timer = threading.Timer(PATIENCE * seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            answer = self._ask(request)
            while "steps" in answer:
                try:
                    watch(*answer["steps"], answer["so_far"])
                except BaseException:
                    self._ask("stop")
                    raise
                answer = self._ask("go on")
            return answer
        except (OSError, ValueError):
            long = late.is_set() or self._popen.wait() == -OUT_OF_TIME
            why = f"took more than {seconds:g} seconds" if long else "took too much memory"
            raise Unavailable(f"The run {why} and was stopped") from None
        finally:
            timer.cancel()

    def _ask(self, what: Any) -> dict[str, Any]:
        assert self._popen.stdin and self._popen.stdout
        self._popen.stdin.write(json.dumps(what) + "\n")
        self._popen.stdin.flush()
        answer = json.loads(self._popen.stdout.readline())  # an empty line, where it has ended, is no JSON
        self._last = answer.get("last", False)
        return answer


_turns: dict[Any, threading.BoundedSemaphore] = {}
_idle: dict[Any, list[Process]] = {}  # both by the memory that they may ask for, and what they have imported
_all: WeakSet[Process] = WeakSet()


@atexit.register
def end_all() -> None:
    """Also those that a run still uses: nobody will read what they write."""
    _idle.clear()
    for process in list(_all):
        process.end()


@contextmanager
def _process(*kind: Any) -> Iterator[Process]:
    """A process for one run; it is kept for the next one unless the run broke it."""
    turns = _turns.setdefault(kind, threading.BoundedSemaphore(AT_ONCE))
    if not turns.acquire(timeout=120):
        raise Unavailable("Too many runs wait for a process; try again in a minute.")
    try:
        waiting = _idle.setdefault(kind, [])
        process = waiting.pop() if waiting else Process(*kind)
        if not process.is_alive():
            process.end()
            process = Process(*kind)
        try:
            yield process
        except Unavailable:
            process.end()
            raise
        finally:
            if process.is_alive():
                waiting.append(process)
            else:
                process.end()
    finally:
        turns.release()
