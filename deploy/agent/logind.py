"""Tells whether systemd on this host ends a user's processes, and so the peers, when their SSH session closes."""

from __future__ import annotations

import glob
import os
from typing import List

_SETTING, _TRUE = "KillUserProcesses", ("1", "yes", "true", "on")
_FOLDERS = ("usr/lib/systemd", "usr/local/lib/systemd", "etc/systemd", "run/systemd")


def ends_sessions(user: str, root: str = "/") -> bool:
    """Whether `user`'s processes end with the last login. root and users who linger are spared."""
    booted = os.path.isdir(os.path.join(root, "run/systemd/system"))
    lingers = os.path.exists(os.path.join(root, "var/lib/systemd/linger", user))
    return booted and user != "root" and not lingers and _setting(root).lower() in _TRUE


def _setting(root: str) -> str:
    """What the files say in the end: logind.conf, and after it the drop-ins by name."""
    value = ""
    for path in (*_main_files(root), *_drop_ins(root)):
        for key, _, said in (line.partition("=") for line in _lines(path)):
            if key.strip() == _SETTING:
                value = said.strip()
    return value


def _main_files(root: str) -> List[str]:
    return [os.path.join(root, folder, "logind.conf") for folder in _FOLDERS]


def _drop_ins(root: str) -> List[str]:
    found = [path for folder in _FOLDERS for path in glob.glob(os.path.join(root, folder, "logind.conf.d", "*.conf"))]
    return sorted(found, key=os.path.basename)


def _lines(path: str) -> List[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
