"""Runs programs as `python programs/x.py` does, each in a process of its own, after one import of torch and transformers for all.

python alone.py FILE ... writes one line of JSON a program: its file, exit code, and what it printed on stdout and stderr.
Nothing of the project is on the path.
"""

import json
import os
import runpy
import sys
import tempfile
import traceback

import torch  # noqa: F401
import transformers  # noqa: F401


def run(path: str) -> tuple[int, str, str]:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        if child := os.fork():
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            return status, _text(out), _text(err)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.path[0], sys.argv = os.path.dirname(path), [path]
        try:
            runpy.run_path(path, run_name="__main__")
            code = 0
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _text(file) -> str:
    file.seek(0)
    return file.read()


for path in sys.argv[1:]:
    print(json.dumps([path, *run(path)]), flush=True)
