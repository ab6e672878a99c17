"""What hosts may send and receive: the inventory's caps, host by host, and those that a command line asks for."""

from __future__ import annotations

from typing import NamedTuple

from deploy.core.inventory import Host, Inventory, Rate
from peer.core.budget import LEAST_MBIT, MBIT
from peer.core.errors import EXIT_USAGE, WeftError

NONE = "none"


class CapError(WeftError):
    """A command line asks for a cap that can't be; the text is one line."""

    code = EXIT_USAGE


class Wanted(NamedTuple):
    """Bytes a second, 0 for no cap; None leaves a direction as it is."""

    up: float | None
    down: float | None

    def __str__(self) -> str:
        told = [f"{way} {_told(rate)}" for way, rate in self._asdict().items() if rate is not None]
        same = self.up == self.down and self.up is not None
        return f"{_told(self.up or 0)} each way" if same else ", ".join(told)


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
    """`50`, `none`, `up=20`, `up=20,down=none` -> what is wanted. Raises CapError."""
    if not text:
        raise CapError("cap: which? write Mbit/s, none, or up=20,down=50: fab cap 50 --limit HOSTS")
    if "=" not in text:
        rate = _rate(text, text)
        return Wanted(rate, rate)
    found: dict[str, float] = {}
    for part in text.split(","):
        way, _, value = part.strip().partition("=")
        if way not in Wanted._fields or way in found:
            raise CapError(f"cap: '{text}' isn't a cap; write Mbit/s, none, or up=20,down=50")
        found[way] = _rate(value, text)
    return Wanted(found.get("up"), found.get("down"))


def checked(text: str) -> str:
    """The same text, if it says what is wanted. Raises CapError."""
    wanted(text)
    return text


def _rate(value: str, text: str) -> float:
    if value.strip() == NONE:
        return 0.0
    try:
        mbit = float(value)
    except ValueError:
        raise CapError(f"cap: '{text}' isn't a cap; write Mbit/s, none, or up=20,down=50") from None
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
