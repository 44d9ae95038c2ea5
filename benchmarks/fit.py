"""A step of a config.json: how long its bill takes, and how far it and accelerate's estimate are from a real step on a CPU."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import torch
from accelerate.commands.estimate import estimate_training_usage
from accelerate.utils import calculate_maximum_sizes
from torch.profiler import ProfilerActivity, profile

import lessons.what_it_holds
import lessons.what_moves
import lessons.will_it_fit
from benchmarks.report import limit
from explorable import apart
from lessons.config_text import READY
from lessons.will_it_fit import Params

PROGRAM = apart.ROOT / "programs" / "will_it_fit.py"
COMPARED = ("BERT base", "GPT-2", "ViT base")
BATCH, LENGTH = 2, 128


def definitions() -> SimpleNamespace:
    """What the program's first cell defines."""
    names: dict[str, Any] = {"__name__": "measuring"}
    exec(compile(PROGRAM.read_text("utf-8").split("\n# %% one training step")[0], str(PROGRAM), "exec"), names)
    return SimpleNamespace(**names)


def processor() -> float:
    """Seconds of one core that this process and the processes apart have had."""
    taken = time.process_time()
    for process in apart._all:
        with suppress(FileNotFoundError), open(f"/proc/{process._popen.pid}/stat") as stat:
            user, system = stat.read().rpartition(")")[2].split()[11:13]
        taken += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return taken


def seconds(run: Any, params: Any) -> float:
    """Of one core, so that a busy machine does not count."""
    start = processor()
    run(params)
    return processor() - start


def largest_process() -> float:
    """MB that the largest process apart has held."""
    held = 0
    for process in apart._all:
        with suppress(FileNotFoundError), open(f"/proc/{process._popen.pid}/status") as status:
            held = max(held, next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")))
    return held / 1000


def quick() -> None:
    fit, holds, moves = (lessons.will_it_fit, lessons.what_it_holds, lessons.what_moves)
    holds.LESSON.run(holds.Params(config=READY["BERT base"]))  # a process that has imported torch
    llama = READY["Llama 8B"]
    limit("tree of an 8 B Llama", seconds(holds.LESSON.run, holds.Params(config=llama)), 2, "s")
    limit("what moves in it", seconds(moves.LESSON.run, moves.Params(config=llama)), 6, "s")
    limit("first bill of it, 4 x 2,048 tokens", seconds(fit.LESSON.run, Params()), 6, "s")
    limit("the same with another batch", seconds(fit.LESSON.run, Params(batch_size=8)), 1, "s")
    limit("the same with another length", seconds(fit.LESSON.run, Params(length=1024)), 1, "s")
    limit("memory of its process", largest_process(), 1000, "MB")


@contextmanager
def allocations() -> Iterator[list[int]]:
    """The bytes of each allocation in the block, negative where memory is given back, in their order: torch's own record."""
    found: list[int] = []
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        yield found
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    found += [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]


def real_peak(program: SimpleNamespace, setting: SimpleNamespace) -> int:
    """Bytes that a real step held at most, by torch's own record of what was allocated."""
    model = program.model_of(setting)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.02)
    optim, batch = program.optimizer_of(model, setting), program.batch_of(model, setting)
    held = sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers(), *program.state_of(optim)))
    with allocations() as sizes:
        model(**batch).loss.backward()
        optim.step()
    now = most = 0
    for size in sizes:
        now += size
        most = max(most, now)
    return held + most


def estimated(program: SimpleNamespace, setting: SimpleNamespace) -> int:
    """What `accelerate estimate-memory` prints as "Training using Adam": its own two functions, on the model without data."""
    with program.without_data("float32"):
        size, _ = calculate_maximum_sizes(program.model_of(setting))
    return max(estimate_training_usage(size, "float32").values())


def exact(name: str) -> None:
    program, usual = definitions(), vars(Params())
    changes = {"text": READY[name], "batch_size": BATCH, "length": LENGTH, "dtype": "float32"}
    setting = SimpleNamespace(**{**usual, **changes})
    real = real_peak(program, setting)
    ours, theirs = sum(program.ledger_of(setting).peak()[1].values()), estimated(program, setting)
    print(
        f"{f'{name}, {BATCH} x {LENGTH}: a real step holds':<58} {real / 1e6:>9.1f} MB; "
        f"the bill says {ours / real:.3f} of it, accelerate {theirs / real:.3f}",
        flush=True,
    )


def main() -> None:
    torch.set_num_threads(1)
    quick()
    for name in COMPARED:
        exact(name)


if __name__ == "__main__":
    main()
