"""Runs the system's own programs (ip, tc, bridge, ssh-keygen); what they complain about becomes one LabError."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any, Iterable, List, Sequence

from netlab.errors import LabError

PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
DEADLINE = 60.0  # seconds; none of these programs waits for anything

PACKAGES = {
    "ip": "iproute2",
    "tc": "iproute2",
    "bridge": "iproute2",
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "mount": "mount",
    "umount": "mount",
}


def program(name: str) -> str:
    """The full path of a program. Raises LabError with the package to install."""
    path = shutil.which(name, path=PATH)
    if path is None:
        raise LabError(f"{name} is not installed: apt-get install {PACKAGES[name]}")
    return path


def run(argv: Sequence[str], text: str = "") -> str:
    """Runs a program with `text` as its input and returns its output. Raises LabError when it fails."""
    command = [program(argv[0]), *argv[1:]]
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(argv)}: no end after {DEADLINE:.0f} s") from None
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {_complaint(done.stderr) or f'exit code {done.returncode}'}")
    return done.stdout


def batch(argv: Sequence[str], lines: Iterable[str]) -> None:
    """Runs `ip`, `tc` or `bridge` once for all lines."""
    text = "".join(line + "\n" for line in lines)
    if text:
        run([*argv, "-batch", "-"], text)


def query(argv: Sequence[str]) -> List[Any]:
    """What a program prints as JSON: a list of objects, empty ones left out."""
    return [row for row in json.loads(run(argv) or "[]") if row]


def _complaint(stderr: str) -> str:
    """The first line that says something; `ip -batch` adds a second one that only counts lines."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[0] if lines else ""
