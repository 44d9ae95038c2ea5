"""The end of the process: who waits for a run is told, requests under way are answered, nothing is left behind."""

import multiprocessing
import os
import sys

import gradio as gr

from components.runs import end_runs
from explorable.apart import end_all

RUNS, REQUESTS = 4.0, 2  # seconds that those under way have; `docker stop` kills after 10


def end(demo: gr.Blocks) -> None:
    """Let go of everything, then leave with code 0. Never returns: a thread that computes cannot be stopped otherwise."""
    end_runs(RUNS)
    demo.server.config.timeout_graceful_shutdown = REQUESTS
    demo.close(verbose=False)
    for worker in multiprocessing.active_children():
        worker.kill()
    end_all()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
