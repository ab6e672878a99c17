"""The inputs that are kept: a folder a target below tests/fuzz_corpus, a file an input, named by its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import List

ROOT = Path(__file__).resolve().parents[2] / "tests" / "fuzz_corpus"
FINDING = "finding-"


def folder_of(target: str, root: Path = ROOT) -> Path:
    """Where a target's inputs lie; made where it isn't there."""
    folder = root / target
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def load(target: str, root: Path = ROOT) -> List[bytes]:
    """All inputs of a target, in the order of their names."""
    return [path.read_bytes() for path in sorted((root / target).glob("*")) if path.is_file()]


def save(target: str, data: bytes, root: Path = ROOT, prefix: str = "") -> Path:
    """Keep an input; the path it lies at."""
    path = folder_of(target, root) / (prefix + hashlib.sha256(data).hexdigest()[:16])
    path.write_bytes(data)
    return path
