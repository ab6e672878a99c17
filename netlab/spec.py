"""What is asked of `Lab.up`, checked, and turned into a Plan."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Dict, Tuple

from netlab import addresses
from netlab.errors import UsageError
from netlab.labfile import USER, HostPlan, Plan

MOST_DELAY = 10_000.0  # ms
SLOWEST, FASTEST = 0.1, 100_000.0  # Mbit/s


@dataclass(frozen=True)
class LabSpec:
    """A lab as asked for. Rates in Mbit/s, 0 for unshaped; `small_disks` in bytes.

    `zones`: how many of them share the hosts equally (0: there are none), each with ways out and in of `between`, on
    which everything is `delay` milliseconds late.
    """

    directory: str
    hosts: int
    rate: float
    maxstartups: str = ""
    small_disks: Dict[str, int] = field(default_factory=dict)
    subnet: str = ""
    no_inbound: Tuple[str, ...] = ()  # hosts that accept nothing but SSH
    only_ssh: Tuple[str, ...] = ()  # hosts that neither accept nor make a connection but SSH's
    zones: int = 0
    between: float = 0.0
    delay: float = 0.0

    def check(self) -> None:
        """Raises UsageError for what no lab can be."""
        if not 1 <= self.hosts <= addresses.MAX_HOSTS:
            raise UsageError(f"{self.hosts} hosts: ask for 1 to {addresses.MAX_HOSTS}")
        checked_rate(self.rate)
        self._check_zones()
        if self.subnet:
            addresses.parse_network(self.subnet)
        if self.maxstartups and not re.fullmatch(r"[0-9]{1,6}(:[0-9]{1,3}:[0-9]{1,6})?", self.maxstartups):
            raise UsageError(f"--maxstartups {self.maxstartups!r}: write it as sshd does: 10:30:100, or 10")
        known = addresses.host_names(self.hosts)
        named = {"--small-disk": self.small_disks, "--no-inbound": self.no_inbound, "--only-ssh": self.only_ssh}
        for option, names in named.items():
            for name in names:
                if name not in known:
                    raise UsageError(f"{option}: no host {name!r}: they are {known[0]} to {known[-1]}")

    def _check_zones(self) -> None:
        for option, value in (("--between", self.between), ("--delay", self.delay)):
            if value and not self.zones:
                raise UsageError(f"{option} {value:g}: there is nothing between hosts without --zones, as 2x4")
        if not 0 <= self.delay <= MOST_DELAY:
            raise UsageError(f"a delay of {self.delay:g} ms: ask for 0 to {MOST_DELAY:g}")
        if self.zones and (self.zones == 1 or self.hosts % self.zones):
            raise UsageError(f"{self.zones} zones of {self.hosts} hosts: ask for 2 or more, with as many hosts each")
        checked_rate(self.between)

    def plan(self, network: addresses.Network, uid: int, **facts: bool) -> Plan:
        """The plan of it on this network; `facts` are those fields of a Plan that tell what is there already."""
        if network.num_addresses < self.hosts + 3:
            raise UsageError(f"--subnet: {network} has no room for {self.hosts} hosts and the operator")
        return Plan(
            directory=self.directory,
            tag=addresses.tag_of(self.directory),
            subnet=str(network),
            rate=self.rate,
            user=USER,
            uid=uid,
            hosts=self._hosts(network),
            between=self.between,
            delay=self.delay,
            maxstartups=self.maxstartups,
            **facts,  # type: ignore[arg-type]
        )

    def _hosts(self, network: addresses.Network) -> Tuple[HostPlan, ...]:
        return tuple(
            HostPlan(
                name,
                addresses.host_address(network, number),
                self.small_disks.get(name),
                no_inbound=name in (*self.no_inbound, *self.only_ssh),
                no_outbound=name in self.only_ssh,
                zone=self._zone(number),
            )
            for number, name in enumerate(addresses.host_names(self.hosts), start=1)
        )

    def _zone(self, number: int) -> str:
        """That of the host with this number; the first zone has the first hosts."""
        if not self.zones:
            return ""
        return addresses.zone_names(self.zones)[(number - 1) // (self.hosts // self.zones)]


def checked_rate(mbit: float) -> float:
    """Raises UsageError for a rate that tc can't shape to."""
    if mbit != 0 and not SLOWEST <= mbit <= FASTEST:
        raise UsageError(f"a rate of {mbit:g} Mbit/s: ask for {SLOWEST:g} to {FASTEST:g}, or 0 for unshaped")
    return mbit
