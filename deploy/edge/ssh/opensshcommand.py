"""The command line with which the system's own `ssh` goes to a host: what we say comes before ssh_config.

Each hop is an `ssh` of its own, which is told the same about host keys, and logs to a file of its own.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import NamedTuple

from deploy.core.inventory import Host
from deploy.edge.ssh.settings import Settings
from deploy.edge.ssh.ways import Hops

CONNECT_SECONDS = 15  # TCP's answer and the first line, of each address of a name
_ALIVE_SECONDS, _ALIVE_COUNT = 5, 3  # a link that is gone is noticed within 15 s
_ALWAYS = (
    *("BatchMode=yes", "UpdateHostKeys=no", "NoHostAuthenticationForLocalhost=no"),
    *("ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "Tunnel=no", "PermitLocalCommand=no"),
    *("RequestTTY=no", "RemoteCommand=none", "VisualHostKey=no", "FingerprintHash=sha256", "LogLevel=DEBUG1"),
)


class Told(NamedTuple):
    """What the inventory and Fabric's options say, for every hop. Paths are complete."""

    key_files: tuple[str, ...] = ()
    known_hosts: str = ""  # "" for ssh_config's
    accept_new: bool = False


def told(host: Host, key_files: Sequence[str]) -> Told:
    """What a host's keys in the inventory say; `key_files` come before its own."""
    own = [os.path.expanduser(host.key)] if host.key is not None else []
    known = os.path.abspath(os.path.expanduser(host.known_hosts)) if host.known_hosts is not None else ""
    return Told((*key_files, *own), known, host.accept_new)


def command(program: str, hops: Hops, said: Told, logs: Sequence[str], there: str) -> list[str]:
    """`program` runs `there`, a command of the host's shell. `logs`: a file for each hop."""
    proxy = ""
    for hop, log in zip(hops[:-1], logs):
        words = [program, *_words(hop, said, log, proxy)]
        proxy = f"{shlex.join(words).replace('%', '%%')} -W '[%h]:%p' -- {shlex.quote(hop.name).replace('%', '%%')}"
    return [program, *_words(hops[-1], said, logs[-1], proxy), "--", hops[-1].name, there]


def _words(hop: Settings, said: Told, log: str, proxy: str) -> list[str]:
    words = ["-T", *hop.words, "-E", log]
    for path in said.key_files:
        words += ["-i", _literal(path)]
    for option in _options(hop, said):
        words += ["-o", option]
    if proxy:
        words += ["-o", f"ProxyCommand={proxy}"]
    elif hop.proxy_jump:  # it is about the bastion itself, too
        words += ["-o", "ProxyJump=none"]
    return words


def _options(hop: Settings, said: Told) -> list[str]:
    options = [*_ALWAYS, *hop.unfit]
    options.append(f"StrictHostKeyChecking={'accept-new' if said.accept_new and not hop.strict else 'yes'}")
    options.append(f"ConnectTimeout={hop.connect_timeout or CONNECT_SECONDS:.0f}")
    if said.known_hosts:
        path = _literal(said.known_hosts).replace("\\", "\\\\").replace('"', '\\"')
        options.append(f'UserKnownHostsFile="{path}"')
    if not hop.alive_interval:
        options += [f"ServerAliveInterval={_ALIVE_SECONDS}", f"ServerAliveCountMax={_ALIVE_COUNT}"]
    return options


def _literal(path: str) -> str:
    """A path that `ssh` takes as it is."""
    return path.replace("%", "%%")
