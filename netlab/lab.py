"""A lab: `Lab.up` makes it, `Lab.open` finds it again, `down` removes all of it."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Dict, List, Mapping, Optional, Sequence, Type

from netlab import labfile, labhost, network, processes
from netlab.bringup import AT_ONCE, build
from netlab.errors import LabError, UsageError
from netlab.labfile import Plan
from netlab.labhost import Host
from netlab.network import Traffic
from netlab.spec import LabSpec, checked_rate
from netlab.teardown import down, need_root

RUN_SECONDS = 60.0


@dataclass(frozen=True)
class HostStatus:
    """A host as it is now; `rate` in Mbit/s (0: unshaped), `answers` says whether its sshd does."""

    name: str
    address: str
    rate: float
    cut: bool
    answers: bool
    processes: int
    zone: str = ""


@dataclass(frozen=True)
class ZoneStatus:
    """A zone's link as it is now; `rate` in Mbit/s (0: unshaped) of its way out and of its way in."""

    name: str
    rate: float
    cut: bool
    hosts: int


class Lab:
    """Real hosts on this machine. Methods raise LabError, with one line for a person, and UsageError for bad names.

    `hosts` maps names to Host. `inventory`, `key`, `known_hosts` and `ssh_config` are paths, `user` is who logs in.
    """

    def __init__(self, made: Plan) -> None:
        self.plan = made
        self.hosts: Dict[str, Host] = {
            one.name: labhost.of(made, one, made.pids[one.name]) for one in made.hosts if one.name in made.pids
        }
        self.user = made.user
        self.operator = made.operator
        self.directory = made.path
        self.inventory, self.key, self.known_hosts, self.ssh_config = (
            made.path / name for name in ("inventory.yaml", "key", "known_hosts", "ssh_config")
        )

    @classmethod
    def up(
        cls,
        hosts: int = 8,
        rate: float = 100.0,
        directory: "str | os.PathLike[str]" = "lab",
        *,
        maxstartups: str = "",
        small_disks: Mapping[str, int] = {},
        subnet: str = "",
        no_inbound: Sequence[str] = (),
        only_ssh: Sequence[str] = (),
        zones: int = 0,
        between: float = 0.0,
        delay: float = 0.0,
    ) -> "Lab":
        """Makes `hosts` hosts with links of `rate` Mbit/s each way (0: unshaped) and returns once all sshds answer.

        `maxstartups` is sshd's own setting ("3:100:3"), `small_disks` gives hosts a home of so many bytes, `subnet`
        chooses the network; hosts in `no_inbound` accept nothing but SSH, those in `only_ssh` dial nobody besides.
        With `zones` the hosts are in so many zones (zone1 has the first ones), each with ways out and in of `between`
        Mbit/s, on which all is `delay` ms late; the operator is in none. Whatever goes wrong, nothing is left.
        """
        wanted = LabSpec(
            *(os.path.realpath(directory), hosts, rate, maxstartups, dict(small_disks), subnet),
            *(tuple(no_inbound), tuple(only_ssh), zones, between, delay),
        )
        return cls(build(wanted))

    @classmethod
    def open(cls, directory: "str | os.PathLike[str]" = "lab") -> "Lab":
        """The lab that is up in this state directory."""
        need_root()
        made = labfile.load(str(directory))
        if made is None or not made.ready:
            raise LabError(f"no lab is up in {directory}: make one with 'up'")
        if len(network.namespaces(made.tag)) <= len(made.hosts):
            raise LabError(f"the lab in {directory} has lost its hosts (a restart?): run 'down', then 'up'")
        return cls(made)

    def host(self, name: str) -> Host:
        try:
            return self.hosts[name]
        except KeyError:
            known = list(self.hosts)
            zones = f", {self.plan.zones[0]} to {self.plan.zones[-1]}" if self.plan.zones else ""
            raise UsageError(f"no host {name!r} in this lab: it has {known[0]} to {known[-1]}{zones}") from None

    def exec(self, name: str, argv: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":
        """Starts a program on a host: see Host.popen. `root=True` runs it as root."""
        return self.host(name).popen(argv, **options)

    def run(
        self, name: str, argv: Sequence[str], *, check: bool = True, text: Optional[str] = None,
        timeout: float = RUN_SECONDS, root: bool = False,
    ) -> "subprocess.CompletedProcess[str]":  # fmt: skip
        """Runs a program on a host to its end, `text` as its input, its output caught as text.

        Raises LabError if it fails or takes longer than `timeout` seconds.
        """
        pipe = subprocess.PIPE
        source = pipe if text is not None else subprocess.DEVNULL
        process = self.exec(name, argv, root=root, stdin=source, stdout=pipe, stderr=pipe, text=True)
        with process:
            try:
                output, errors = process.communicate(text, timeout)
            except BaseException as error:
                process.kill()
                if isinstance(error, subprocess.TimeoutExpired):
                    raise LabError(f"{name}: {argv[0]}: no end after {timeout:g} s") from None
                raise
        if check and process.returncode:
            raise LabError(f"{name}: {argv[0]}: exit code {process.returncode}: {errors.strip()}")
        return subprocess.CompletedProcess(list(argv), process.returncode, output, errors)

    def cut(self, name: str) -> None:
        """Parts a host, or a zone, from all others and from the operator. It keeps running; `exec` still works."""
        network.set_cut(self.plan, self._known(name), True)

    def heal(self, name: str) -> None:
        network.set_cut(self.plan, self._known(name), False)

    def rate(self, name: str, mbit: float) -> None:
        """Gives the link of a host, or of a zone, another rate, both ways, in Mbit/s; 0 takes the limit away."""
        shape = network.set_zone_rate if name in self.plan.zones else network.set_rate
        shape(self.plan, self._known(name), checked_rate(mbit))

    def _known(self, name: str) -> str:
        """The name of a host or a zone. Raises UsageError."""
        return name if name in self.plan.zones else self.host(name).name

    def reach(self, name: str, inbound: bool) -> None:
        """Lets a host accept connections, or none but SSH's; it keeps its rate."""
        mbit = network.rate(self.plan, self.host(name).name)
        hosts = tuple(replace(one, no_inbound=not inbound) if one.name == name else one for one in self.plan.hosts)
        self.plan = replace(self.plan, hosts=hosts)
        network.set_rate(self.plan, name, mbit)

    def traffic(self) -> Dict[str, Traffic]:
        """Bytes that each host, and each zone, has sent to others and received since it was made."""
        return {name: link.traffic for name, link in network.links(self.plan).items()}

    def status(self) -> List[HostStatus]:
        links = network.links(self.plan)
        running = processes.inside(one.namespace for one in self.hosts.values())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = dict(zip(self.hosts, pool.map(lambda one: one.answers(1.0), self.hosts.values())))
        return [
            HostStatus(
                name,
                one.address,
                network.rate(self.plan, name),
                links[name].cut,
                answers[name],
                len(running.get(one.namespace, ())),
                zone,
            )
            for (name, one), zone in zip(self.hosts.items(), (one.zone for one in self.plan.hosts))
        ]

    def zones(self) -> List[ZoneStatus]:
        links, hosts = network.links(self.plan), Counter(one.zone for one in self.plan.hosts)
        return [
            ZoneStatus(zone, network.rate(self.plan, zone), links[zone].cut, hosts[zone]) for zone in self.plan.zones
        ]

    def down(self) -> None:
        """Takes the lab down; nothing is left but what others put into its directory. Again does no harm."""
        down(self.directory)

    def __enter__(self) -> "Lab":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.down()
