"""The texts of all files that a lab writes: for the operator, and into each host's /etc."""

from __future__ import annotations

import json
from typing import Dict, List, Sequence

from netlab.labfile import HostPlan, Plan

# Where a host finds its own sshd's files, inside its own /run.
SSH = "/run/lab"
HOME = "/home"
SHELL = "/bin/bash"


def home_of(user: str) -> str:
    """The user's home as the host sees it."""
    return f"{HOME}/{user}"


def inventory(plan: Plan) -> str:
    """inventory.yaml; paths are absolute, so that it works from everywhere on this machine."""
    rate = f", rate: {plan.rate:g}" if plan.rate else ""
    lines = [
        f"# The lab in {json.dumps(plan.directory)}: taken down, and this file with it, by 'lab.py down'.",
        "swarm:",
        "  name: lab",
        "  payload: {generate: 20MiB, name: TheFile.dat}",
        "  piece_size: auto",
        "defaults:",
        f"  user: {plan.user}",
        f"  key: {json.dumps(str(plan.path / 'key'))}",
        f"  known_hosts: {json.dumps(str(plan.path / 'known_hosts'))}",
        "  workdir: ~/.weft",
        *([f"  rate: {plan.rate:g}"] if rate else []),
        "hosts:",
        *(f"  {host.name}: {{address: {host.address}{_zone(host)}}}" for host in plan.hosts),
        *(["zones:"] if plan.between else []),
        *(f"  {zone}: {{rate: {plan.between:g}}}" for zone in plan.zones if plan.between),
        f"seeds: [{plan.hosts[0].name}]",
    ]
    return "\n".join(lines) + "\n"


def _zone(host: HostPlan) -> str:
    return f", zone: {host.zone}" if host.zone else ""


def known_hosts(plan: Plan, keys: Dict[str, str]) -> str:
    """`keys` holds each host's public key as ssh-keygen writes it."""
    return "".join(f"{host.address} {' '.join(keys[host.name].split()[:2])}\n" for host in plan.hosts)


def ssh_config(plan: Plan) -> str:
    """For `ssh -F lab/ssh_config node01` and for scp, rsync and the like."""
    hosts = "".join(f"Host {host.name}\n    HostName {host.address}\n" for host in plan.hosts)
    return (
        f"{hosts}Host *\n    User {plan.user}\n"
        f'    IdentityFile "{plan.path / "key"}"\n    IdentitiesOnly yes\n'
        f'    UserKnownHostsFile "{plan.path / "known_hosts"}"\n    StrictHostKeyChecking yes\n'
    )


def sshd_config(plan: Plan) -> str:
    """Debian's usual sshd as far as it matters, for keys only and for the lab's user only."""
    lines = [
        "Port 22",
        f"HostKey {SSH}/host_key",
        f"AuthorizedKeysFile {SSH}/authorized_keys",
        f"AllowUsers {plan.user}",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "StrictModes no",  # a host's `/` is this machine's, and in some containers that isn't root's
        "UsePAM no",
        "UseDNS no",
        "PrintMotd no",
        "PrintLastLog no",
        "PidFile none",
        "Subsystem sftp internal-sftp",
        *([f"MaxStartups {plan.maxstartups}"] if plan.maxstartups else []),
    ]
    return "\n".join(lines) + "\n"


def etc(plan: Plan, host: HostPlan, passwd: str, group: str) -> Dict[str, str]:
    """The files that stand in place of this machine's own in /etc. `passwd` and `group` are this machine's.

    A host knows no other host by name, and its own name leads to its loopback, as Debian has it: whoever relies on
    host names instead of the inventory's addresses is to notice it here.
    """
    line = f"{plan.user}:x:{plan.uid}:{plan.uid}:Weft lab:{home_of(plan.user)}:{SHELL}"
    return {
        "passwd": _with(passwd, plan.user, line),
        "group": _with(group, plan.user, f"{plan.user}:x:{plan.uid}:"),
        "shadow": f"root:*:19000:0:99999:7:::\n{plan.user}:*:19000:0:99999:7:::\n",
        "hostname": host.name + "\n",
        "hosts": f"127.0.0.1 localhost\n127.0.1.1 {host.name}\n::1 localhost ip6-localhost\n",
    }


def free_uid(passwd: str) -> int:
    """A user number that nobody on this machine has: so the lab's user owns none of its files."""
    taken = {fields[2] for fields in _rows(passwd) if len(fields) > 2}
    return next(uid for uid in range(59321, 60000) if str(uid) not in taken)


def _with(table: str, name: str, line: str) -> str:
    kept = [":".join(fields) for fields in _rows(table) if fields[0] != name]
    return "\n".join([*kept, line]) + "\n"


def _rows(table: str) -> List[Sequence[str]]:
    return [line.split(":") for line in table.splitlines() if line.strip()]
