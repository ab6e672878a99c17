"""What `exclude` leaves out: what git would ignore, with git as the judge."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import List, Set

import pytest

from deploy.core.inventory.excluding import excluding
from peer.core.treerules import Excluder

TABLE = [
    (["*.tmp"], {"keep", ".cache/x", "d/.cache/x", "d/keep.tmp.x"}),
    (["/.cache/**"], {"keep", "a.tmp", "d/.cache/x", "d/a.tmp", "d/keep.tmp.x"}),
    (["d/"], {"keep", "a.tmp", ".cache/x"}),
    (["d/*", "!d/a.tmp"], {"keep", "a.tmp", ".cache/x", "d/a.tmp"}),
    (["d", "!d/a.tmp"], {"keep", "a.tmp", ".cache/x"}),
    (["/*", "!/keep"], {"keep"}),
    (["# all", "", "*"], set()),
]
FILES = ["keep", "a.tmp", ".cache/x", "d/.cache/x", "d/a.tmp", "d/keep.tmp.x"]


def left(patterns: List[str], files: List[str]) -> Set[str]:
    """The files that stay in, asked from the top down."""
    excluder = Excluder(tuple(filter(None, map(excluding, patterns))))

    def stays(path: str) -> bool:
        parts = path.split("/")
        above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        return not any(excluder.excludes(folder, True) for folder in above) and not excluder.excludes(path, False)

    return set(filter(stays, files))


@pytest.mark.parametrize("patterns, stays", TABLE, ids=[" ".join(patterns) for patterns, _ in TABLE])
def test_what_stays(patterns: List[str], stays: Set[str]) -> None:
    assert left(patterns, FILES) == stays


@pytest.mark.skipif(not shutil.which("git"), reason="no git to judge by")
def test_it_is_what_git_leaves(tmp_path: Path) -> None:
    rng = random.Random(23)
    names = ["a", "b", "a.c", "[b]", "a b", "b\n", "ab"]
    files = sorted({"/".join(rng.choices(names, k=rng.randint(1, 4))) for _ in range(60)})
    files = [path for path in files if not any(other.startswith(f"{path}/") for other in files)]
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    for path in files:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    parts = ["a", "b", "*", "**", "?", "a*", "[ab]", "a.c", "*b*", "\\[b\\]", "a b"]
    for _ in range(60):
        count = rng.randint(1, 4)
        patterns = [
            rng.choice(["", "", "!"]) + rng.choice(["", "/"]) + "/".join(rng.choices(parts, k=rng.randint(1, 3)))
            + rng.choice(["", "", "/"])
            for _ in range(count)
        ]  # fmt: skip
        patterns = [one for one in patterns if not one.endswith("**/")]  # pathspec takes `a/**/` for `/a/`
        (tmp_path / ".git" / "rules").write_text("".join(f"{one}\n" for one in patterns))
        listing = ["git", "-C", tmp_path, "ls-files", "-z", "--others", "--exclude-from", tmp_path / ".git" / "rules"]
        said = subprocess.run(listing, check=True, stdout=subprocess.PIPE).stdout.decode()
        assert left(patterns, files) == set(said.split("\0")) - {""}, patterns
