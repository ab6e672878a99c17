"""What hosts may send and receive: the inventory's caps, host by host, and those that a command line asks for."""

from __future__ import annotations

from typing import NamedTuple

from deploy.core.inventory import Host, Inventory, Rate
from peer.core.budget import LEAST_MBIT, MBIT
from peer.core.errors import EXIT_USAGE, WeftError

NONE = "none"
_WRITE = "write Mbit/s, none, up=20,down=50, or relay=50"


class CapError(WeftError):
    """A command line asks for a cap that can't be; the text is one line."""

    code = EXIT_USAGE


class Wanted(NamedTuple):
    """Bytes a second, 0 for no cap; None leaves a direction, or what this machine relays, as it is."""

    up: float | None = None
    down: float | None = None
    relay: float | None = None

    @property
    def of_hosts(self) -> str:
        """What hosts get, for a person; "" if they keep theirs."""
        told = [f"{way} {_told(rate)}" for way, rate in (("up", self.up), ("down", self.down)) if rate is not None]
        same = self.up == self.down and self.up is not None
        return f"{_told(self.up or 0)} each way" if same else ", ".join(told)

    @property
    def of_relay(self) -> str:
        """What this machine gets; "" if it keeps its own."""
        return "" if self.relay is None else _told(self.relay)


def caps_of(inventory: Inventory, host: Host) -> Rate:
    """A host's caps in Mbit/s; a seed's share of `swarm.cap` counts in."""
    return Rate(_least(host.cap.up, _share(inventory, host)), host.cap.down)


def link_of(inventory: Inventory, host: Host) -> Rate:
    """What its link and its caps let through, in Mbit/s."""
    cap = caps_of(inventory, host)
    return Rate(_least(host.rate.up, cap.up), _least(host.rate.down, cap.down))


def in_bytes(cap: Rate) -> tuple[float, float]:
    """Bytes a second up and down, 0 for none: as a host's agent is told."""
    return ((cap.up or 0) * MBIT, (cap.down or 0) * MBIT)


def wanted(text: str) -> Wanted:
    """`50`, `none`, `up=20`, `up=20,down=none`, `relay=50` -> what is wanted. Raises CapError."""
    if not text:
        raise CapError(f"cap: which? {_WRITE}: fab cap 50 --limit HOSTS")
    if "=" not in text:
        rate = _rate(text, text)
        return Wanted(rate, rate)
    found: dict[str, float] = {}
    for part in text.split(","):
        way, _, value = part.strip().partition("=")
        if way not in Wanted._fields or way in found:
            raise CapError(f"cap: '{text}' isn't a cap; {_WRITE}")
        found[way] = _rate(value, text)
    return Wanted(**found)


def _rate(value: str, text: str) -> float:
    if value.strip() == NONE:
        return 0.0
    try:
        mbit = float(value)
    except ValueError:
        raise CapError(f"cap: '{text}' isn't a cap; {_WRITE}") from None
    if not LEAST_MBIT <= mbit < 1e7:
        raise CapError(f"cap: {value.strip()} Mbit/s is no cap that a swarm can live on; write at least {LEAST_MBIT:g}")
    return mbit * MBIT


def _share(inventory: Inventory, host: Host) -> float | None:
    """What a seed's host gets of what all seeds together may send."""
    total = inventory.swarm.cap
    hosts = {peer.host for peer in inventory.seeds}
    return total / len(hosts) if total and host.name in hosts else None


def _least(*rates: float | None) -> float | None:
    known = [rate for rate in rates if rate]
    return min(known) if known else None


def _told(rate: float) -> str:
    return f"{rate / MBIT:g} Mbit/s" if rate else NONE
