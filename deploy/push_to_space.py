"""`python deploy/push_to_space.py NAME`: make the Space NAME (user/name) hold what git tracks here, and LFS_RULES.

Log in first with `hf auth login`. `--dry-run` lists the files and asks nobody.
"""

import argparse
import subprocess
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, SpaceHardware

ROOT = Path(__file__).parent.parent
# A Space takes binary files, and files of more than 10 MB, only through LFS or Xet. Git itself holds them as they are: in the
# repository these rules would leave whoever has git-lfs with warnings and a changed checkout.
LFS_RULES = """\
*.safetensors filter=lfs diff=lfs merge=lfs -text
*.webp filter=lfs diff=lfs merge=lfs -text
"""
NO_SPACE = rb"SPACE = \"\""  # as explorable/notebook.py writes it, in JSON


def tracked(root: Path = ROOT) -> list[str]:
    """The paths that git tracks, relative to `root`."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    return sorted(listed.rstrip("\0").split("\0"))


def uncommitted(root: Path = ROOT) -> list[str]:
    """Tracked files that are not as they were committed."""
    changed = subprocess.run(
        ["git", "diff", "--name-only", "-z", "HEAD"], cwd=root, capture_output=True, text=True, check=True
    )
    return [path for path in changed.stdout.split("\0") if path]


def content(path: Path, name: str) -> str | bytes:
    """What of a file is pushed: its path; of a notebook the text, in which the Space that it fetches from has its name."""
    if path.suffix != ".ipynb":
        return str(path)
    return path.read_bytes().replace(NO_SPACE, rf"SPACE = \"{name}\"".encode())


def push(name: str, api: HfApi, root: Path = ROOT, hardware: SpaceHardware | None = None) -> str:
    """One commit that adds what is tracked and the rules, and deletes all else; returns the address of the Space."""
    paths = tracked(root)
    address = api.create_repo(name, repo_type="space", space_sdk="gradio", space_hardware=hardware, exist_ok=True)
    gone = sorted(set(api.list_repo_files(name, repo_type="space")) - {*paths, ".gitattributes"})
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationAdd(".gitattributes", LFS_RULES.encode()),
        *(CommitOperationAdd(path, content(root / path, name)) for path in paths),
        *(CommitOperationDelete(path) for path in gone),
    ]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True, check=True
    )
    api.create_commit(name, operations, repo_type="space", commit_message=f"Push {commit.stdout.strip()}")
    return str(address)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", help="user/name of the Space, made if there is none")
    parser.add_argument(
        "--hardware", type=SpaceHardware, help="what a new Space runs on, such as cpu-basic or zero-a10g"
    )
    parser.add_argument("--dry-run", action="store_true", help="list what would be pushed")
    asked = parser.parse_args()
    if asked.dry_run:
        paths = tracked()
        for path in paths:
            print(f"{(ROOT / path).stat().st_size:>12,}  {path}")
        print(
            f"{sum((ROOT / path).stat().st_size for path in paths):>12,}  bytes in {len(paths)} files for {asked.name}"
        )
    elif changed := uncommitted():
        raise SystemExit(f"Commit first: {', '.join(changed)}")
    else:
        print(push(asked.name, HfApi(), hardware=asked.hardware))


if __name__ == "__main__":
    main()
