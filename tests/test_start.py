"""A start with a mistake in the environment is one sentence for each mistake and no start; nothing falls to something else."""

import os
import re
import subprocess
import sys
from pathlib import Path

from serving import variables
from serving.variables import KNOWN, problems

ROOT = Path(__file__).parents[1]
WRONG = {
    "TORCH_EXPLORABLES_RATE": ("fast", "TORCH_EXPLORABLES_RATE must be a number from 0, not 'fast'."),
    "TORCH_EXPLORABLES_PROXIES": ("one", "TORCH_EXPLORABLES_PROXIES must be a whole number from 0, not 'one'."),
    "TORCH_EXPLORABLES_EMBED": (
        "school", "TORCH_EXPLORABLES_EMBED must hold origins such as https://example.org, not 'school'."),
    "TORCH_EXPLORABLES_PROXY": ("1", f"TORCH_EXPLORABLES_PROXY is no variable of this app, which reads {', '.join(KNOWN)}."),
    "TORCH_EXPLORABLES_WARM": ("yes", "TORCH_EXPLORABLES_WARM must be 0 or 1, not 'yes'."),
    "GRADIO_ROOT_PATH": ("torch", "GRADIO_ROOT_PATH must begin with /, http:// or https://, not 'torch'."),
    "TORCH_EXPLORABLES_DEVICE": ("tpu", "TORCH_EXPLORABLES_DEVICE is 'tpu'; this machine has "),
    "TORCH_EXPLORABLES_MODEL": (
        "/nowhere", "TORCH_EXPLORABLES_MODEL must name a folder with config.json and safetensors."),
}  # fmt: skip


def start(**variables: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GRADIO_", "TORCH_EXPL"))}
    command = [sys.executable, "app.py"]
    return subprocess.run(
        command, cwd=ROOT, env={**environment, **variables}, capture_output=True, text=True, timeout=120
    )


def test_every_mistake_is_one_sentence_and_none_is_a_traceback():
    done = start(**{name: value for name, (value, _) in WRONG.items()})
    said = done.stderr.splitlines()
    assert done.returncode == 1 and len(said) == len(WRONG), done.stderr
    for _, sentence in WRONG.values():
        assert any(line.startswith(sentence) for line in said), (sentence, said)


def test_nothing_is_wrong_with_a_plain_environment(monkeypatch):
    for variable in WRONG:
        monkeypatch.delenv(variable, raising=False)
    assert problems() == []


def test_the_readme_lists_every_variable_that_is_read():
    table = re.findall(r"^\| `(TORCH_EXPLORABLES_\w+)`", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(table) == sorted(variables.KNOWN)
