"""Who got how many bytes from whom: between hosts, or between parts of the fleet where there are many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.core.inventory import fold, shown
from deploy.core.runreport.recorded import Place, Recorded
from peer.core import tracer

MOST_NAMES = 40  # rows and columns of the matrix
_OTHERS = "others"

Matrix = dict[tuple[str, str], int]  # from whom, to whom -> bytes


def matrix_of(recorded: Recorded) -> dict[str, Any]:
    """For the page: `names`, `cells` of [from, to, bytes], and what the names are, `by`."""
    by, names = names_of(recorded.places)
    sums: Matrix = {}
    for (sender, receiver), count in pairs_of(recorded).items():
        pair = names[sender], names[receiver]
        sums[pair] = sums.get(pair, 0) + count
    order = {name: place for place, name in enumerate(dict.fromkeys(names.values()))}
    cells = [[order[one], order[other], count] for (one, other), count in sums.items() if count]
    return {"by": by, "names": [shown(name) for name in order], "cells": cells}


def pairs_of(recorded: Recorded) -> dict[tuple[int, int], int]:
    """Bytes from peer to peer: what the receiver counted, or the sender where that is more."""
    known = {place.peer for place in recorded.places}
    found: dict[tuple[int, int], int] = {}
    for peer, one in recorded.traces.items():
        for other, (up, down) in tracer.last_counts(one.notes).items():
            if other not in known:
                continue
            for pair, count in (((peer, other), up), ((other, peer), down)):
                found[pair] = max(found.get(pair, 0), count)
    return found


def names_of(places: Sequence[Place]) -> tuple[str, Mapping[int, str]]:
    """What peers are called in a matrix that can be read, and what such a name is."""
    hosts = list(dict.fromkeys(place.host for place in places))
    if len(hosts) <= MOST_NAMES:
        return "host", {place.peer: place.host for place in places}
    for by, folded in (("zone", list(_by_zone(places))), ("group", [[place.group for place in places]])):
        for names in folded:
            if 1 < len(set(names)) <= MOST_NAMES:
                return by, {place.peer: name or _OTHERS for place, name in zip(places, names)}
    return "part", _parts(places, hosts)


def _by_zone(places: Sequence[Place]) -> Iterator[list[str]]:
    """The zone of each place, as exactly as it is told at first, then the zones that these are in, and so on."""
    zones = [place.zone.split("/") for place in places]
    for depth in range(max(map(len, zones)), 0, -1):
        yield ["/".join(zone[:depth]) for zone in zones]


def _parts(places: Sequence[Place], hosts: Sequence[str]) -> Mapping[int, str]:
    """Hosts one after the other, as many in each part; a seed's is a part by itself."""
    seeds = {place.host for place in places if place.seed}
    alone = list(seeds) if len(seeds) <= MOST_NAMES // 4 else []
    others = [host for host in hosts if host not in alone]
    step = -(-len(others) // (MOST_NAMES - len(alone)))
    named = {host: host for host in alone}
    for first in range(0, len(others), step):
        part = others[first : first + step]
        name = fold(part)
        named.update(dict.fromkeys(part, name if len(name) < 40 else f"{part[0]} ... {part[-1]}"))
    return {place.peer: named[place.host] for place in places}
