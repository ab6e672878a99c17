"""Tells whether systemd on this host ends a user's processes, and so the peers, when their SSH session closes."""

from __future__ import annotations

import os
from typing import Dict, List, Tuple

_KILL, _ONLY, _EXCLUDE = "KillUserProcesses", "KillOnlyUsers", "KillExcludeUsers"
_TRUE = ("1", "yes", "y", "true", "t", "on")
_FOLDERS = ("usr/lib/systemd", "usr/local/lib/systemd", "run/systemd", "etc/systemd")  # a later one goes before


def ends_sessions(user: str, root: str = "/") -> bool:
    """Whether `user`'s processes end with the last login. Users who linger are spared; root is too, unless named."""
    booted = os.path.isdir(os.path.join(root, "run/systemd/system"))
    lingers = os.path.exists(os.path.join(root, "var/lib/systemd/linger", user))
    if not booted or lingers:
        return False
    kills, only, excluded = _settings(root)
    return kills and user not in excluded and (not only or user in only)


def _settings(root: str) -> Tuple[bool, List[str], List[str]]:
    """What the files say in the end: KillUserProcesses, and the users that are meant and spared."""
    kills = ""
    lists: Dict[str, List[str]] = {_ONLY: [], _EXCLUDE: ["root"]}
    for path in (*_main_file(root), *_drop_ins(root)):
        for key, _, said in (line.partition("=") for line in _lines(path)):
            if key.strip() == _KILL:
                kills = said.strip().lower()
            elif key.strip() in lists:  # a line adds to the list, an empty one empties it
                lists[key.strip()] = lists[key.strip()] + said.split() if said.strip() else []
    return kills in _TRUE, lists[_ONLY], lists[_EXCLUDE]


def _main_file(root: str) -> List[str]:
    """The one logind.conf that counts: that of the last folder that has one."""
    found = [os.path.join(root, folder, "logind.conf") for folder in _FOLDERS]
    return [path for path in found if os.path.isfile(path)][-1:]


def _drop_ins(root: str) -> List[str]:
    """The drop-ins that count, in the order of their names; one hides those of its name in earlier folders."""
    found: Dict[str, str] = {}
    for folder in (os.path.join(root, folder, "logind.conf.d") for folder in _FOLDERS):
        names = os.listdir(folder) if os.path.isdir(folder) else []
        found.update((name, os.path.join(folder, name)) for name in names if name.endswith(".conf"))
    return [found[name] for name in sorted(found)]


def _lines(path: str) -> List[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
