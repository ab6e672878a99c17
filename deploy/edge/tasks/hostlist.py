"""Reads a list of hosts of another tool from its file, from standard input, from Slurm or by `ansible-inventory`."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.core.hostlists.kinds import ANSIBLE, SLURM, SSH_CONFIG, kind_of, read_list, split_kind
from deploy.core.hostlists.sshhosts import included
from deploy.core.inventory.listed import Listed, ListedHost
from peer.core.errors import ConfigError

_PROGRAM = "ansible-inventory"
_SECONDS = 120  # a dynamic inventory asks a cloud
_STRICT = "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"  # else it prints no hosts at all, and ends with 0
_WHY = re.compile(r"Failed to parse .*?\bwith '?(\w+)'? plugin: (?:Failed to parse inventory: )?(.+)")
_BESIDE = ("group_vars", "host_vars")  # folders in which Ansible keeps further variables
_NODES = "SLURM_JOB_NODELIST"
_MOST_FILES = 64  # of an ssh_config


def read_hosts(word: str, base: Path, may_run: bool) -> Listed:
    """The hosts of `FILE`, `KIND:FILE`, `-` or `slurm:`; relative paths begin in `base`.

    `may_run`: the operator named it, so Ansible may run what belongs to it; an inventory runs nothing.
    Raises ConfigError, InventoryError.
    """
    kind, name = split_kind(word)
    if name == "-":
        return read_list(sys.stdin.read(), "standard input", kind)
    path = base / os.path.expanduser(name)
    if kind == SLURM and not (name and path.is_file()):
        return read_list(name or _slurm_nodes(), (name and "slurm") or _NODES, kind)
    text = "" if path.is_dir() else _read(path, name)
    kind = kind or (ANSIBLE if path.is_dir() or text.startswith("#!") else kind_of(text, name))
    if kind == ANSIBLE:
        return _ansible(path, text, name, may_run)
    if kind == SSH_CONFIG:
        return _ssh_config(text, name)
    return read_list(text, name, kind)


def _slurm_nodes() -> str:
    nodes = os.environ.get(_NODES, "")
    if not nodes.strip():
        raise ConfigError("slurm:", f"{_NODES} isn't set", "run it within a job, or write slurm:'node[01-04]'")
    return nodes


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(name, "it isn't UTF-8 text", "name a list of hosts") from None
    except OSError as error:
        raise ConfigError(name, (error.strerror or str(error)).lower(), "name a list of hosts") from None


def _ansible(path: Path, text: str, name: str, may_run: bool) -> Listed:
    program = shutil.which(_PROGRAM) if may_run else None
    if program is not None:
        return read_list(_listed_by(program, path, name), name, ANSIBLE)
    wants = f"install {_PROGRAM}" if may_run else f"name it with --hosts, where {_PROGRAM} is installed"
    if path.is_dir() or text.startswith("#!"):
        raise ConfigError(name, "only Ansible can read this inventory", wants)
    beside = [folder for folder in _BESIDE if (path.parent / folder).is_dir()]
    if beside:
        raise ConfigError(name, f"only Ansible can read the {beside[0]} beside it", wants)
    return read_list(text, name, ANSIBLE)


def _listed_by(program: str, path: Path, name: str) -> str:
    try:
        ended = subprocess.run(
            [program, "-i", str(path), "--list"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env={_STRICT: "true", **os.environ},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(name, f"{_PROGRAM}: {error}", f"try {_PROGRAM} -i {name} --list") from None
    if ended.returncode:
        raise ConfigError(name, f"{_PROGRAM}: {_why(ended.stderr, name)}", f"try {_PROGRAM} -i {name} --list")
    return ended.stdout


def _why(said: str, name: str) -> str:
    """What Ansible says of the plugin that the file is for; it tries all of them, and tells of each."""
    plugin = "yaml" if name.endswith((".yml", ".yaml", ".json")) else "ini"
    why: str = dict(_WHY.findall(said)).get(plugin) or (said.strip().splitlines() or ["it failed"])[-1]
    return why.rstrip(" .:")


def _ssh_config(text: str, name: str) -> Listed:
    """Its hosts and those of the files that it includes, which lie below ~/.ssh where their path is relative."""
    found: dict[str, ListedHost] = {}
    left, seen = [(name, text)], {name}
    while left:
        source, one = left.pop(0)
        for host in read_list(one, source, SSH_CONFIG).hosts:
            found.setdefault(host.name, host)
        for pattern in included(one):
            for path in sorted(glob.glob(os.path.join(os.path.expanduser("~/.ssh"), os.path.expanduser(pattern)))):
                if path not in seen and os.path.isfile(path) and len(seen) < _MOST_FILES:
                    seen.add(path)
                    left.append((path, _read(Path(path), path)))
    return Listed(tuple(found.values()))
