"""The SHA-256 of one complete file, as `sha256sum` prints it: for people, who may wait for it; no proof needs it.

It can only be made in the order of the bytes, in one thread. So that of a large file is made by a process of its own,
which yields to everybody, and lies in a note until somebody asks.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import List

from peer.edge.holes import bytes_of

AT_ONCE = 64 * 1024 * 1024  # bytes of a file whose hash is made while one waits: less than 50 ms


def sha256_of(path: str) -> str:
    """The hex SHA-256 of a file. Raises OSError."""
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        for data in bytes_of(file.fileno(), 0, os.fstat(file.fileno()).st_size):
            sha.update(data)
    return sha.hexdigest()


def write_note(path: str) -> str:
    """The text of a note on a file, made while nothing else wants this core; it says nothing if the file changed."""
    _yield_to_all()
    before = _identity(path)
    sha256 = sha256_of(path)
    return json.dumps({"file": before, "sha256": sha256 if _identity(path) == before else ""})


def read_note(text: bytes, path: str) -> str:
    """The hash in a note, if it is of the file as it is now; "" if it isn't, or if there is none yet."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        fields = json.loads(text)
        if fields["file"] == _identity(path):
            return str(fields["sha256"])
    return ""


def _identity(path: str) -> List[int]:
    """What changes whenever somebody writes to a file or puts another in its place."""
    info = os.stat(path)
    return [info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns]


def _yield_to_all() -> None:
    """Within a session nice and policy count; but Linux may share a core among sessions first, by a weight of theirs,
    which is ours to lower only where nobody else is in this one."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(19)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as weight:
            weight.write("19")
