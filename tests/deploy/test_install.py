"""`make run` on a machine where it cannot install says in one sentence what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "install.py"


def said(folder: Path, before: str = "pass", **environment: str) -> str:
    """The last line of a failing `deploy/install.py` in `folder`, where `before` has been done to its Python."""
    code = f"import runpy, sys; {before}; sys.argv = ['install', 'lock.txt']; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    (folder / "lock.txt").write_text("torch-explorables-is-on-no-index==1\n")
    own = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=own, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("version", [(3, 9), (3, 15)])
def test_a_python_too_old_or_too_new_is_told_which_to_name(tmp_path, version):
    last = said(tmp_path, f"sys.version_info = {version}")
    assert last.startswith(f"This is Python 3.{version[1]}: name one from 3.10 to 3.14, as in `make run PYTHON=")
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_the_venv_module_is_told_to_install_it(tmp_path, module):
    assert "no venv module: install it" in said(tmp_path, f"sys.modules[{module!r}] = None")


def test_without_a_network_one_is_asked_for(tmp_path):
    (tmp_path / ".venv").symlink_to(sys.prefix)
    nowhere = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    last = said(tmp_path, PIP_EXTRA_INDEX_URL="", PIP_FIND_LINKS="", **nowhere)
    assert last.startswith("pip got no packages: connect this machine") and "PIP_INDEX_URL" in last


def test_make_installs_by_this_script():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert [line for line in makefile.splitlines() if "deploy/install.py" in line] == [
        "\t@$(PYTHON) deploy/install.py requirements.txt",
        "\t@$(PYTHON) deploy/install.py requirements-dev.txt",
    ]


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_the_oldest_and_the_newest_python_are_taken(version):
    from deploy.install import problem

    assert problem(version) == ""
