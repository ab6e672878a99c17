"""File systems of other kinds for tests: an image that is mounted for as long as a test needs it (root, Linux)."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

SIZE = 320 << 20  # bytes: XFS takes no less than 300 MiB; what isn't written takes no room


@contextlib.contextmanager
def mounted(kind: str, folder: Path) -> Iterator[Path]:
    """A new file system of this kind (`btrfs`, `xfs`) below `folder`.

    Skips where none can be made or mounted; without the program that makes it, it fails if WEFT_REQUIRE_DISKS=1.
    """
    if os.geteuid() != 0:
        pytest.skip(f"mounting a {kind} needs root")
    program = shutil.which(f"mkfs.{kind}", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        if os.environ.get("WEFT_REQUIRE_DISKS") == "1":
            pytest.fail(f"WEFT_REQUIRE_DISKS=1, but there is no mkfs.{kind}")
        pytest.skip(f"no mkfs.{kind} here")
    image, place = folder / "image", folder / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run([program, "-q", str(image)], check=True, capture_output=True)
    ended = subprocess.run(["mount", "-o", "loop", str(image), str(place)], capture_output=True, text=True)
    if ended.returncode:
        pytest.skip(f"this system mounts no {kind}: {ended.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)
