"""Joins the hosts: a bridge in a namespace of its own, a shaped link to each host, and one leg to the operator.

    root namespace          namespace weft-TAG               namespace weft-TAG-node01
    weft-TAG ============== operator --- lan --- node01 ==== eth0

With zones, the bridges of the zones stand between lan and the hosts (uplinks.py). Of the root namespace it touches
nothing but the operator's leg, an interface that carries the lab's name.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple

from netlab import addresses, shape, shell, uplinks
from netlab.errors import LabError
from netlab.labfile import HostPlan, Plan

NETNS = Path("/run/netns")
BRIDGE = "lan"
LEG = "operator"  # the bridge's end of it
LINK = "eth0"  # a host's only link, as the host calls it; the bridge calls it by the host's name
LOCK_SECONDS = 60.0

DISABLED, FORWARDING = 0, 3  # states of a bridge's port
FASTEST = 100_000.0  # Mbit/s: a link that isn't shaped, where there must be a class
_MBIT = {"": 1e-6, "K": 1e-3, "M": 1.0, "G": 1e3, "T": 1e6}


class Traffic(NamedTuple):
    """Bytes that a host (a zone) sent to the others and received from them: payload, and a header for each packet.

    Packets here are the kernel's, of up to 64 KiB, so headers are below 1 % of bulk traffic. What is sent to a full
    queue counts as received only when it has left the queue.
    """

    sent: int
    received: int


class Link(NamedTuple):
    """A host's link, or a zone's, as the kernel has it."""

    cut: bool
    traffic: Traffic


def routes() -> List[str]:
    """The destinations that this machine has routes to. Those that stand for "everything" (VPNs) are left out."""
    rows = shell.query(["ip", "-4", "-j", "route", "show", "table", "all"])
    destinations = [row["dst"] for row in rows]
    return [to for to in destinations if "/" not in to or int(to.split("/")[1]) >= 8]


def build(plan: Plan) -> None:
    """Makes all namespaces, the bridge and its links, all of it but the hosts' own ends."""
    bridge = addresses.bridge_namespace(plan.tag)
    spaces = [bridge, *(addresses.host_namespace(plan.tag, host.name) for host in plan.hosts)]
    shell.batch(["ip"], [f"netns add {space}" for space in spaces])
    shell.batch(["ip", "-n", bridge], [f"link add {BRIDGE} type bridge", f"link set {BRIDGE} up"])
    delayed = bool(plan.delay)
    zone_lines = [line for zone in plan.zones for line in uplinks.ip_lines(zone, BRIDGE, delayed)]
    shell.batch(["ip", "-n", bridge], zone_lines)
    shell.batch(["ip", "-n", bridge], [line for host in plan.hosts for line in _port_lines(plan, host)])
    shell.batch(["ip"], _leg_lines(plan))
    shell.batch(["ip", "-n", bridge], [f"link set {LEG} master {BRIDGE} up"])
    shape_lines = [line for host in plan.hosts for line in _bridge_end(host, plan.rate)]
    shape_lines += [line for zone in plan.zones for line in uplinks.tc_lines(zone, plan.between)]
    shell.batch(["tc", "-n", bridge], shape_lines)


def configure_host(plan: Plan, host: HostPlan) -> None:
    """The host's own end of its link."""
    space = addresses.host_namespace(plan.tag, host.name)
    prefix = addresses.Network(plan.subnet).prefixlen
    lines = [
        "link set lo up",
        f"addr add {host.address}/{prefix} broadcast + dev {LINK}",
        _gso_line(plan, plan.rate),
        f"link set {LINK} up",
    ]
    shell.batch(["ip", "-n", space], lines)
    shell.batch(["tc", "-n", space], _own_end(host, plan.rate))


def set_rate(plan: Plan, host: str, mbit: float) -> None:
    """Shapes a host's link anew, both ways; what its queues hold is lost."""
    one = next(one for one in plan.hosts if one.name == host)
    space, bridge = addresses.host_namespace(plan.tag, host), addresses.bridge_namespace(plan.tag)
    shell.batch(["ip", "-n", space], [_gso_line(plan, mbit)])
    _reshape(space, LINK, _own_end(one, mbit))
    _reshape(bridge, host, _bridge_end(one, mbit))


def set_zone_rate(plan: Plan, zone: str, mbit: float) -> None:
    """Shapes a zone's link anew, both ways; what its queues hold is lost."""
    for device in (uplinks.out_of(zone), uplinks.into(zone)):
        _reshape(addresses.bridge_namespace(plan.tag), device, shape.tc_lines(device, mbit))


def rate(plan: Plan, name: str) -> float:
    """The rate in Mbit/s that a host's uploads, or a zone's way out, are shaped to now, 0 for unshaped."""
    if name in plan.zones:
        return _shaped(addresses.bridge_namespace(plan.tag), uplinks.out_of(name))
    return _shaped(addresses.host_namespace(plan.tag, name), LINK)


def set_cut(plan: Plan, name: str, cut: bool) -> None:
    """Stops or lets pass every frame from and to a host or a zone.

    Nobody is told: the link stays up, as behind a dead switch. Within a zone all goes on.
    """
    bridge, state = addresses.bridge_namespace(plan.tag), str(DISABLED if cut else FORWARDING)
    shell.run(["bridge", "-n", bridge, "link", "set", "dev", _port(plan, name), "state", state])


def links(plan: Plan) -> Dict[str, Link]:
    """The links of all hosts, and those of all zones."""
    bridge = addresses.bridge_namespace(plan.tag)
    rows = shell.query(["ip", "-n", bridge, "-d", "-s", "-j", "link", "show", "type", "bridge_slave"])
    found = {row["ifname"]: _link(row) for row in rows}
    return {name: found[_port(plan, name)] for name in (*(host.name for host in plan.hosts), *plan.zones)}


def namespaces(tag: str) -> List[str]:
    """The lab's namespaces that exist."""
    try:
        return sorted(name for name in os.listdir(NETNS) if addresses.is_namespace_of(tag, name))
    except FileNotFoundError:
        return []


def leg_exists(tag: str) -> bool:
    return os.path.exists(f"/sys/class/net/{addresses.operator_link(tag)}")


def destroy(tag: str) -> None:
    """Removes everything that `build` made, complete or not. No process may be in it any more."""
    if leg_exists(tag):
        shell.batch(["ip"], [f"link del {addresses.operator_link(tag)}"])
    shell.batch(["ip"], [f"netns del {name}" for name in namespaces(tag)])


def lacks_folder() -> bool:
    """Whether /run/netns has yet to be made, or holds labs alone, the first of which then made it."""
    if not folder_mounted():
        return True
    there = os.listdir(NETNS)
    return bool(there) and all(name.startswith(addresses.FAMILY) for name in there)


def is_any_lab_up() -> bool:
    """Whether this machine has a namespace of any lab."""
    return folder_mounted() and any(name.startswith(addresses.FAMILY) for name in os.listdir(NETNS))


def remove_folder() -> None:
    """Undoes what the first `ip netns add` of this machine did, if nobody else has a namespace there."""
    if folder_mounted() and not os.listdir(NETNS):
        shell.run(["umount", str(NETNS)])
        os.rmdir(NETNS)


def folder_mounted() -> bool:
    """Whether `ip netns add` has mounted /run/netns upon itself (which os.path.ismount can't see)."""
    with open("/proc/thread-self/mountinfo") as mounts:
        return any(line.split()[4] == str(NETNS) for line in mounts)


@contextmanager
def locked() -> Iterator[None]:
    """One lab at a time chooses its network, makes and removes namespaces. Raises LabError after a minute."""
    descriptor = os.open("/run", os.O_RDONLY | os.O_CLOEXEC)
    try:
        lock(descriptor, "another lab is being made or taken down, for a minute now: try again")
        yield
    finally:
        os.close(descriptor)


def lock(descriptor: int, complaint: str) -> None:
    """Waits for the lock of an open folder. Raises LabError when its holder keeps it too long."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LabError(complaint) from None
            time.sleep(0.05)


def _port_lines(plan: Plan, host: HostPlan) -> List[str]:
    space = addresses.host_namespace(plan.tag, host.name)
    return [
        f"link add {host.name} type veth peer name {LINK} netns {space}",
        f"link set {host.name} master {host.zone or BRIDGE} up",
    ]


def _bridge_end(host: HostPlan, mbit: float) -> List[str]:
    """What the bridge's end of a host's link does with what goes to the host."""
    return _end(host.name, mbit, host.no_inbound)


def _own_end(host: HostPlan, mbit: float) -> List[str]:
    """What a host's end of its link does with what comes from the host."""
    return _end(LINK, mbit, host.no_outbound)


def _end(device: str, mbit: float, closed: bool) -> List[str]:
    if not closed:
        return shape.tc_lines(device, mbit)
    return shape.tc_lines(device, mbit or FASTEST) + shape.closed_lines(device)


def _port(plan: Plan, name: str) -> str:
    """The port, of the bridge that it is joined to, of a host's link or of a zone's."""
    return uplinks.into(name) if name in plan.zones else name


def _gso_line(plan: Plan, mbit: float) -> str:
    """For the slowest link on the way of what a host sends."""
    return shape.gso_line(LINK, min([rate for rate in (mbit, plan.between) if rate], default=0.0))


def _reshape(namespace: str, device: str, lines: List[str]) -> None:
    """Takes the device's shaper away, if it has one, and makes it anew by these lines for `tc -batch`."""
    if _shaped(namespace, device):
        shell.batch(["tc", "-n", namespace], [shape.unshape_line(device)])
    shell.batch(["tc", "-n", namespace], lines)


def _leg_lines(plan: Plan) -> List[str]:
    link, prefix = addresses.operator_link(plan.tag), addresses.Network(plan.subnet).prefixlen
    return [
        f"link add {link} type veth peer name {LEG} netns {addresses.bridge_namespace(plan.tag)}",
        f"addr add {plan.operator}/{prefix} broadcast + dev {link}",
        f"link set {link} up",
    ]


def _shaped(namespace: str, device: str) -> float:
    """The rate in Mbit/s of a device's shaper, 0 without one. (Debian 12's tc prints classes as text only.)"""
    classes = shell.run(["tc", "-n", namespace, "class", "show", "dev", device])
    said = re.search(r"htb 1:1 .* rate (\d+)([KMGT]?)bit", classes)  # 1:9 is for what doesn't get through
    return int(said.group(1)) * _MBIT[said.group(2)] if said else 0.0


def _link(row: Dict[str, Dict[str, Dict[str, Dict[str, object]]]]) -> Link:
    """One row of `ip -d -s -j link`; what the bridge's end received, the host sent."""
    counted = row["stats64"]
    traffic = Traffic(int(str(counted["rx"]["bytes"])), int(str(counted["tx"]["bytes"])))
    return Link(row["linkinfo"]["info_slave_data"]["state"] == "disabled", traffic)  # type: ignore[comparison-overlap]
