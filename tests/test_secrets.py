"""Nothing that git tracks looks like a key."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEYS = re.compile(
    rb"hf_[A-Za-z]{30,}|ghp_[A-Za-z0-9]{36}|github_pat_\w{40,}|AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9]{32,}"
    rb"|-----BEGIN [A-Z ]*PRIVATE KEY"
)


def test_no_tracked_file_holds_a_key():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / path for path in tracked.rstrip("\0").split("\0")]
    texts = [path for path in paths if path.is_file() and path.suffix not in (".safetensors", ".webp")]
    assert len(texts) > 100
    assert [path for path in texts if KEYS.search(path.read_bytes())] == []


def test_the_pattern_knows_a_key():
    assert KEYS.search(b"token = 'hf_" + b"a" * 34 + b"'")
