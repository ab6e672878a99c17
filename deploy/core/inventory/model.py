"""An inventory's meaning: swarm, hosts, peers and groups as plain values, with every default filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, Union

from peer.core.config import PeerRow
from peer.core.limits import Limits
from peer.core.swarmfile import FLEET
from peer.core.treerules import TreeRules

SSH, LOCAL = "ssh", "local"  # the two kinds of `connection`
PARAMIKO, OPENSSH = "paramiko", "openssh"  # the two kinds of `transport`
FIRST_PORT = 6008  # the port of a host's first peer if the inventory gives none
FIRST_ID = 1001  # the first peer's ID if the inventory lists no peers


class Rate(NamedTuple):
    """The rate of a host's link in Mbit/s (10**6 bits); None: the inventory doesn't give it."""

    up: float | None = None
    down: float | None = None


class Jump(NamedTuple):
    """One bastion on the way to a host; for None, ssh_config decides."""

    host: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (f"{self.user}@" if self.user else "") + host + (f":{self.port}" if self.port else "")


class Releases(NamedTuple):
    """Payloads that are kept side by side in `root`/releases/, and how many; the link `root`/current names one."""

    root: str
    keep: int


class Then(NamedTuple):
    """Commands on each host after a turn, as argument lists. `batch`: hosts at a time, or a share; seconds for each."""

    commands: tuple[tuple[str, ...], ...]
    batch: int | str
    within: float


class Host(NamedTuple):
    """One machine (with `connection: local`, a folder of this one). Paths are as typed, `~` not expanded."""

    name: str  # safe as a folder name; unique
    address: str  # the address for SSH: name, IPv4 or IPv6 without brackets; may be an alias of ssh_config
    peer_address: str  # the address in PeerInfo.cfg, at which other peers reach this host
    port: int | None = None  # for SSH; None: ssh_config decides, else 22
    user: str | None = None
    key: str | None = None  # path of the identity file, on the operator's machine
    known_hosts: str | None = None  # path, on the operator's machine; None: ~/.ssh/known_hosts
    accept_new: bool = False  # note an unknown host key instead of refusing it; never a changed one
    jump: tuple[Jump, ...] = ()
    connection: str = SSH  # SSH or LOCAL
    transport: str = PARAMIKO  # what SSH is spoken with: PARAMIKO or OPENSSH
    workdir: str = "~/.weft"  # the parent of the swarm's folder, <workdir>/<swarm name>/, on this host
    destination: str | None = None  # the folder for the complete payload; None: peer_<id>/, or releases
    releases: Releases | None = None
    replace: bool = False  # put aside foreign files that are in the way, instead of refusing them
    extras: bool = True  # whether a delivered tree may hold files that aren't part of the payload
    peer_port: int = FIRST_PORT  # the first port to try for this host's peers
    rate: Rate = Rate()
    cap: Rate = Rate()  # what its peers together may use of it
    relay: bool = False  # only SSH reaches it: the operator's machine carries its peers' connections
    zone: str = ""  # rack or site, as site/rack; "" for none
    python: str = "python3"
    line: int = 0  # its line in the inventory's text; 0: none

    @property
    def local(self) -> bool:
        """True for this machine without SSH."""
        return self.connection == LOCAL

    @property
    def by_openssh(self) -> bool:
        """True where the system's own `ssh` is the way to it."""
        return self.transport == OPENSSH and not self.local

    def aside(self, run: str) -> str:
        """The suffix for the name of a foreign file that is in the way; "" if that is an error instead."""
        return f".before-{run or 'weft'}" if self.replace else ""


class Peer(NamedTuple):
    """One peer of the swarm: a row of PeerInfo.cfg before host names became addresses."""

    peer_id: int
    host: str  # the Host's name
    port: int
    seed: bool
    line: int = 0
    classic: bool = False  # it speaks only the classic protocol, whatever the swarm's profile is
    ascii: bool = False  # it accepts only a handshake in ASCII


class Generate(NamedTuple):
    """The payload is generated on every seed: `size` bytes, the same for the same `seed`."""

    size: int
    name: str
    seed: int = 0
    rules: TreeRules = TreeRules()


class OnSeed(NamedTuple):
    """The payload exists on every seed host: a file or a folder at `path` (may begin with `~/`)."""

    path: str
    name: str
    rules: TreeRules = TreeRules()


class Upload(NamedTuple):
    """The payload is on the operator's machine at `path` (relative ones: to the inventory's folder)."""

    path: str
    name: str
    rules: TreeRules = TreeRules()


class FromUrl(NamedTuple):
    """The payload is a file at `url`, which the first seed fetches. `sha256`: "" where only TLS vouches for it."""

    url: str
    sha256: str
    name: str
    rules: TreeRules = TreeRules()


Payload = Union[Generate, OnSeed, Upload, FromUrl]


class Rounds(NamedTuple):
    """The classic profile's choking: the number of preferred neighbours, and the two intervals in seconds."""

    preferred: int = 2
    unchoking: float = 5.0
    optimistic: float = 10.0


class Swarm(NamedTuple):
    """The settings that all peers share. `piece_size` in bytes, None: auto; `tls` None: auto (ask `Inventory.tls`)."""

    name: str
    payload: Payload
    piece_size: int | None = None
    profile: str = FLEET  # CLASSIC or FLEET of peer.core.swarmfile
    rounds: Rounds = Rounds()
    limits: Limits = Limits()
    tls: bool | None = None
    then: Then | None = None
    cap: float | None = None  # Mbit/s that all seeds together may send
    relay_cap: float | None = None  # Mbit/s that the operator's machine may carry for hosts with `relay`


@dataclass(frozen=True)
class Inventory:
    """The complete swarm, and which of its hosts a task works on (`selected` by `--limit`; otherwise all).

    `hosts`, `peers`, `rows`, `seeds` and `tls` always concern the complete swarm: PeerInfo.cfg and the keys
    don't change because a task is limited. A task does something to `chosen_hosts` and `chosen_peers`.
    """

    swarm: Swarm
    hosts: tuple[Host, ...]  # in the order of the inventory
    peers: tuple[Peer, ...]  # in PeerInfo order, which is the order of starting
    groups: Mapping[str, tuple[str, ...]]  # each group's host names, in the inventory's order
    selected: tuple[str, ...]  # host names, in the inventory's order
    notices: tuple[str, ...] = ()  # warnings, such as a host without a peer
    source: str = "inventory.yaml"  # the file's name, for messages
    hosts_list: str = ""  # the list of hosts that the command line named beside it
    localized: bool = False  # `--local` made it
    zone_rates: Mapping[str, Rate] = field(default_factory=dict)  # of the ways out of zones and into them

    @property
    def chosen_hosts(self) -> tuple[Host, ...]:
        """The hosts that a task works on: selected, and with a peer on them."""
        busy = {peer.host for peer in self.peers}
        chosen = busy.intersection(self.selected)
        return tuple(host for host in self.hosts if host.name in chosen)

    @property
    def chosen_peers(self) -> tuple[Peer, ...]:
        """The peers on the selected hosts, in PeerInfo order."""
        chosen = set(self.selected)
        return tuple(peer for peer in self.peers if peer.host in chosen)

    @property
    def left_out(self) -> tuple[int, ...]:
        """Peers on hosts that weren't selected, and that nobody else starts: strangers of a classic swarm may come."""
        if self.swarm.profile != FLEET:
            return ()
        chosen = set(self.selected)
        return tuple(peer.peer_id for peer in self.peers if peer.host not in chosen and not peer.classic)

    @property
    def seeds(self) -> tuple[Peer, ...]:
        """The complete swarm's peers that start with the payload, in PeerInfo order; never empty."""
        return tuple(peer for peer in self.peers if peer.seed)

    @property
    def rows(self) -> tuple[PeerRow, ...]:
        """PeerInfo.cfg of the complete swarm."""
        return tuple(
            PeerRow(peer.peer_id, self.host(peer.host).peer_address, peer.port, peer.seed) for peer in self.peers
        )

    @property
    def tls(self) -> bool:
        """Whether the peers use TLS: as configured, else in a fleet swarm with a host over SSH and no classic peer."""
        if self.swarm.tls is not None:
            return self.swarm.tls
        if any(peer.classic for peer in self.peers):
            return False
        busy = {peer.host for peer in self.peers}
        return self.swarm.profile == FLEET and any(not host.local for host in self.hosts if host.name in busy)

    def has_releases(self, peer: Peer) -> bool:
        """Whether that peer's payload becomes a release of its host; a seed's payload at `path` stays there."""
        in_place = peer.seed and isinstance(self.swarm.payload, OnSeed)
        return self.host(peer.host).releases is not None and not in_place

    def host(self, name: str) -> Host:
        """The host of that name. Raises KeyError."""
        return self._hosts_by_name[name]

    def host_of(self, peer_id: int) -> Host:
        """The host that a peer runs on. Raises KeyError."""
        return self.host(self._peers_by_id[peer_id].host)

    def peer(self, peer_id: int) -> Peer:
        """The peer of that ID. Raises KeyError."""
        return self._peers_by_id[peer_id]

    def peers_on(self, host_name: str) -> tuple[Peer, ...]:
        """A host's peers, in PeerInfo order; () for a host that has none."""
        return self._peers_by_host.get(host_name, ())

    def filter(self, names: Iterable[str]) -> Inventory:
        """The same swarm, tasks limited to these hosts (and to those that are selected already)."""
        wanted = set(names)
        return replace(self, selected=tuple(name for name in self.selected if name in wanted))

    @cached_property
    def _hosts_by_name(self) -> dict[str, Host]:
        return {host.name: host for host in self.hosts}

    @cached_property
    def _peers_by_id(self) -> dict[int, Peer]:
        return {peer.peer_id: peer for peer in self.peers}

    @cached_property
    def _peers_by_host(self) -> dict[str, tuple[Peer, ...]]:
        rows: dict[str, list[Peer]] = {}
        for peer in self.peers:
            rows.setdefault(peer.host, []).append(peer)
        return {name: tuple(peers) for name, peers in rows.items()}
