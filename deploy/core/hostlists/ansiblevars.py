"""Ansible's variables about connections -> the inventory's keys; what they say beyond those is refused."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from deploy.core.hostlists.listlines import refuse
from deploy.core.inventory import names
from deploy.core.inventory.errors import described
from deploy.core.inventory.listed import Key

_SSH = ("ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh", "ansible.builtin.paramiko_ssh")
_LOCAL = ("local", "ansible.builtin.local")
_FOUND_THERE = ("auto", "auto_silent", "auto_legacy", "auto_legacy_silent")  # python: Ansible looks for one
_PASSWORDS = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")
_ONLY_JUMP = "only a jump is understood in it (-J BASTION, -o ProxyJump=BASTION); write the rest into your ssh_config"


class Var(NamedTuple):
    """A variable's value, and the line that sets it; 0: none."""

    value: Any
    line: int = 0


def _address(value: str) -> str:
    return names.address(value.removeprefix("[").removesuffix("]") if value.count(":") > 1 else value)


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value[:9]) < 65536):
        raise ValueError(f"'{value}' isn't a port; write a number from 1 to 65535")
    return int(value)


def _jumps(value: str) -> tuple[str, ...]:
    words = shlex.split(value)
    jumps: list[str] = []
    while words:
        word = words.pop(0)
        if word in ("-J", "-o") and words:
            word += words.pop(0)
        if word.startswith("-J") and len(word) > 2:
            jumps += word[2:].split(",")
        elif word.startswith("-o"):
            jumps += _of_option(word[2:].strip())
        else:
            raise ValueError(f"'{word}': {_ONLY_JUMP}")
    return tuple(names.jump_text(jump.strip()) for jump in jumps)


def _of_option(option: str) -> list[str]:
    key, *values = re.split(r"\s*=\s*|\s+", option, maxsplit=1)
    if values and key.lower() == "proxyjump":
        return values[0].split(",")
    if values and key.lower() == "proxycommand":
        return [_of_command(values[0])]
    raise ValueError(f"'{option}': {_ONLY_JUMP}")


def _of_command(command: str) -> str:
    """The bastion of `ssh -q -W %h:%p -p 2222 me@bastion`."""
    words = shlex.split(command)
    port, places = "", []
    while words[1:]:
        word = words.pop(1)
        if word == "-p" and words[1:]:
            port = f":{words.pop(1)}"
        elif not (word == "-q" or (word == "-W" and words[1:2] == ["%h:%p"] and words.pop(1))):
            places.append(word)
    if words != ["ssh"] or len(places) != 1 or places[0].startswith("-"):
        raise ValueError(f"'{command}': {_ONLY_JUMP}")
    return places[0] + port


_KEYS: Mapping[str, tuple[str, Callable[[str], Key]]] = {
    "ansible_ssh_host": ("address", _address),
    "ansible_host": ("address", _address),
    "ansible_ssh_port": ("port", _port),
    "ansible_port": ("port", _port),
    "ansible_ssh_user": ("user", names.user),
    "ansible_user": ("user", names.user),
    "ansible_private_key_file": ("key", names.path),
    "ansible_ssh_private_key_file": ("key", names.path),
    "ansible_python_interpreter": ("python", names.path),
    "ansible_ssh_common_args": ("jump", _jumps),
    "ansible_ssh_extra_args": ("jump", _jumps),
}


def keys_of(variables: Mapping[str, Var], source: str, host: str) -> dict[str, Key]:
    """The keys of one host. Raises InventoryError for what it can't say in them."""
    keys: dict[str, Key] = {}
    for name in [*_KEYS, "ansible_connection", *_PASSWORDS]:
        if name not in variables or variables[name].value in (None, ""):
            continue
        value, line = variables[name]
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            refuse(source, line, f"{host}: {name} is {described(value)}, not a text")
        if "{{" in str(value) or "{%" in str(value):
            refuse(source, line, f"{host}: {name} is a template; write its value, or install ansible-inventory")
        try:
            _fill(keys, name, str(value))
        except ValueError as error:
            refuse(source, line, f"{host}: {name}: {error}")
    return keys


def _fill(keys: dict[str, Key], name: str, value: str) -> None:
    if name in _PASSWORDS:
        raise ValueError("passwords aren't supported; use a key, or the agent")
    if name == "ansible_connection":
        if value in _LOCAL:
            keys["connection"] = "local"
        elif value not in _SSH:
            raise ValueError(f"'{value}' isn't SSH; leave this host out of the list")
        return
    key, read = _KEYS[name]
    if key != "python" or value not in _FOUND_THERE:
        read_value = read(value)
        before = keys.get(key, ())
        keys[key] = (
            (*before, *read_value) if isinstance(read_value, tuple) and isinstance(before, tuple) else read_value
        )
