"""What is pushed to a Space is what git tracks and the rules of LFS; a clone knows nothing of LFS."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, SpaceHardware

from deploy.push_to_space import LFS_RULES, content, push, tracked, uncommitted

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], cwd=tmp_path, check=True)

    (tmp_path / "a folder").mkdir()
    for name in ("app.py", "a folder/ünï.txt", "untracked.txt"):
        (tmp_path / name).write_text(name)
    git("init", "-q")
    git("add", "app.py", "a folder")
    git("commit", "-q", "-m", "x")
    return tmp_path


class Hub:
    """Takes notes in place of the Hub."""

    def create_repo(self, name: str, **settings: object) -> str:
        self.created = (name, settings)
        return f"https://huggingface.co/spaces/{name}"

    def list_repo_files(self, name: str, repo_type: str) -> list[str]:
        return ["app.py", "old.py", ".gitattributes"]

    def create_commit(self, name: str, operations: list, *, repo_type: str, commit_message: str) -> None:
        added = [one for one in operations if isinstance(one, CommitOperationAdd)]
        self.added = {one.path_in_repo: self.text(one.path_or_fileobj) for one in added}
        self.deleted = [one.path_in_repo for one in operations if one not in added]

    @staticmethod
    def text(source: str | bytes) -> str:
        return source.decode() if isinstance(source, bytes) else Path(source).read_text()


def test_tracked_files_are_added_and_all_others_deleted(repository):
    hub = Hub()
    assert push("me/space", hub, repository, SpaceHardware("cpu-basic")).endswith("me/space")
    assert hub.added == {".gitattributes": LFS_RULES, "app.py": "app.py", "a folder/ünï.txt": "a folder/ünï.txt"}
    assert hub.deleted == ["old.py"]
    assert hub.created[1]["repo_type"] == "space" and hub.created[1]["space_sdk"] == "gradio"


def test_a_notebook_fetches_from_the_space_it_is_pushed_to():
    """In Colab, opened from the Space, the app's folders are not there."""
    notebook = ROOT / "notebooks" / "qa_model.ipynb"
    [first] = [cell for cell in json.loads(content(notebook, "me/space"))["cells"] if cell["id"] == "cell-1"]
    assert 'SPACE = "me/space"  # USER/NAME\n' in first["source"] and content(ROOT / "app.py", "me/space") == str(
        ROOT / "app.py"
    )


def test_a_change_that_is_not_committed_is_noticed(repository):
    assert uncommitted(repository) == []
    (repository / "app.py").write_text("changed")
    assert uncommitted(repository) == ["app.py"]


def test_a_dry_run_lists_what_git_tracks_and_asks_nobody():
    offline = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "deploy/push_to_space.py", "me/space", "--dry-run"]
    *lines, last = subprocess.run(
        command, cwd=ROOT, env=offline, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [line.split("  ")[-1] for line in lines] == tracked()
    assert last.endswith(f"bytes in {len(lines)} files for me/space")


def through_lfs(rules: Path, paths: list[str]) -> set[str]:
    """Those of `paths` that the .gitattributes of the repository `rules` gives to LFS."""
    asked = subprocess.run(
        ["git", "check-attr", "filter", "--", *paths], cwd=rules, capture_output=True, text=True, check=True
    )
    return {line.rsplit(": ", 2)[0] for line in asked.stdout.splitlines() if line.endswith(": lfs")}


def test_every_large_or_binary_file_goes_to_a_space_through_lfs(repository):
    """A Space refuses others."""
    (repository / ".gitattributes").write_text(LFS_RULES)
    paths = [path for path in tracked() if (ROOT / path).is_file()]
    through = through_lfs(repository, paths)
    heavy = {p for p in paths if (ROOT / p).stat().st_size > 10_000_000 or b"\0" in (ROOT / p).read_bytes()[:8000]}
    assert heavy <= through and through <= heavy | {path for path in paths if path.endswith((".safetensors", ".webp"))}


def test_no_file_of_a_clone_goes_through_lfs():
    assert through_lfs(ROOT, tracked()) == set() and ".gitattributes" not in tracked()


@pytest.mark.skipif(not shutil.which("git-lfs"), reason="git-lfs is not installed: nothing could filter a clone")
def test_a_clone_is_clean_with_git_lfs(tmp_path):
    filters = "\n".join(f"{name} = git-lfs {name} -- %f" for name in ("clean", "smudge"))
    config = tmp_path / "config"
    config.write_text(f'[filter "lfs"]\n{filters}\nprocess = git-lfs filter-process\nrequired = true\n')
    own = {**os.environ, "GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_SYSTEM": os.devnull}

    def git(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run(["git", *words], cwd=tmp_path, env=own, capture_output=True, text=True, check=True)

    assert git("clone", "--quiet", f"file://{ROOT}", "clone").stderr == ""
    status = git("-C", "clone", "status", "--porcelain")
    assert status.stdout + status.stderr == ""


def test_the_hardware_that_the_readme_suggests_exists():
    front = (ROOT / "README.md").read_text("utf-8").split("---")[1]
    [suggested] = [line.split(": ")[1] for line in front.splitlines() if line.startswith("suggested_hardware: ")]
    assert suggested in {one.value for one in SpaceHardware}


def test_what_a_space_preloads_is_a_model_the_page_offers():
    from models.registry import FROM_HUB

    front = (ROOT / "README.md").read_text("utf-8").split("---")[1]
    preloaded = [line.split()[1:] for line in front.splitlines() if line.startswith("  - ") and "/" in line]
    assert len(preloaded) == 2 and all("model.safetensors" in files.split(",") for _, files, _ in preloaded)
    assert {(repo, commit) for repo, _, commit in preloaded} <= {
        (choice.source, choice.revision) for choice in FROM_HUB
    }
