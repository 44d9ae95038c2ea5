"""The image holds what the app needs and no more, runs without rights, and is built and run as the README says."""

import re
import subprocess
from pathlib import Path

from serving.health import PATH

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
LINES = re.sub(r"\\\n\s*", "", TEXT).splitlines()
INSTRUCTIONS = [tuple(line.split(maxsplit=1)) for line in LINES if line and not line.startswith("#")]
COPIED = [words.split()[:-1] for name, words in INSTRUCTIONS if name == "COPY" and not words.startswith("--from")]
ENV = dict(pair.split("=", 1) for name, words in INSTRUCTIONS if name == "ENV" for pair in words.split())


def last(name: str) -> str:
    return [words for instruction, words in INSTRUCTIONS if instruction == name][-1]


def test_every_file_that_is_copied_is_there_and_tracked():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for path in [path for paths in COPIED for path in paths]:
        assert any(file == path or file.startswith(path) for file in tracked), path


def test_what_the_app_runs_on_is_copied_and_what_only_developers_need_is_not():
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"assets"}
    copied = {path.rstrip("/") for paths in COPIED for path in paths}
    assert copied == {"app.py", "requirements.txt", "programs", *rooms} - {"training", "tests", "benchmarks"}


def test_the_engine_is_sent_what_is_copied():
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert sent == {path.rstrip("/") for paths in COPIED for path in paths}


def test_it_runs_without_rights_and_writes_to_the_temp_folder_only():
    assert last("USER") == "1000"
    assert all(ENV[name].startswith("/tmp") for name in ("HOME", "HF_HOME", "GRADIO_TEMP_DIR"))


def test_the_health_check_asks_the_route_on_the_port_that_is_exposed():
    assert f"http://127.0.0.1:{last('EXPOSE')}{PATH}" in last("HEALTHCHECK")
    assert ENV["GRADIO_SERVER_PORT"] == last("EXPOSE") and ENV["GRADIO_SERVER_NAME"] == "0.0.0.0"


def test_torch_comes_from_its_own_index_for_a_cpu_unless_told_otherwise():
    assert last("ARG") == "TORCH=cpu" and "grep '^torch' requirements.txt" in TEXT
    names = [line.split("==")[0] for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()]
    assert {name for name in names if name.startswith("torch")} == {"torch"}


def test_its_commands_are_those_of_the_readme():
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = {re.split(r"\s{3,}", line[2:])[0] for line in LINES if line.startswith("# docker ")}
    assert len(commands) == 3 and commands == set(re.findall(r"(?m)^(docker .+?)(?:\s{3,}.*)?$", readme))
    assert last("CMD") == '["python", "app.py"]' and "app_file: app.py" in readme
