"""What comes from elsewhere is named with its licence, and what CI runs is named by its commit."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_with_the_tag_beside_it(path):
    used = re.findall(r"uses: (.*)", path.read_text("utf-8"))
    assert used and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action) for action in used)


def test_the_notice_names_every_folder_of_weights_and_data():
    notice = (ROOT / "NOTICE").read_text("utf-8")
    folders = [*(ROOT / "assets" / "models").glob("*/"), ROOT / "assets" / "data"]
    assert all(f"\n{folder.relative_to(ROOT)}/\n" in notice for folder in folders if folder.is_dir())


def test_what_security_md_points_to_is_there():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`((?:tests|assets)/[\w./]+)`", text)
    assert len(named) > 5 and all((ROOT / path).exists() for path in named)
