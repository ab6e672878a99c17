"""Joins zones: each has a bridge of its own, and one shaped link to the bridge between them.

    zone1 --- zone1-out ==== zone1-in --- lan --- zone2-in ==== zone2-out --- zone2

Its two ends are called by what leaves through them: zone1-out carries what comes out of the zone, zone1-in what goes
into it. So from zone to zone, traffic takes the one's way out and the other's way in.

With a delay the link is in two pieces, zone1-out === zone1-far and zone1-near === zone1-in, and a process
(delayline.py) carries what passes from piece to piece.
"""

from __future__ import annotations

from typing import List

from netlab import shape


def out_of(zone: str) -> str:
    """The end of a zone's link that carries what leaves the zone."""
    return f"{zone}-out"


def into(zone: str) -> str:
    """The end that carries what enters it."""
    return f"{zone}-in"


def joints(zone: str) -> List[str]:
    """The two ends between which a delayed link is carried."""
    return [f"{zone}-far", f"{zone}-near"]


def ip_lines(zone: str, bridge: str, delayed: bool) -> List[str]:
    """What `ip -batch` is to read to make the zone's bridge, and its link to `bridge`."""
    far, near = joints(zone)
    pieces = [(out_of(zone), far), (into(zone), near)] if delayed else [(out_of(zone), into(zone))]
    return [
        f"link add {zone} type bridge",
        f"link set {zone} up",
        *(f"link add {one} type veth peer name {other}" for one, other in pieces),
        *(f"link set {joint} up" for joint in joints(zone) if delayed),
        f"link set {out_of(zone)} master {zone} up",
        f"link set {into(zone)} master {bridge} up",
    ]


def tc_lines(zone: str, mbit: float) -> List[str]:
    """What `tc -batch` is to read to shape both ways of its link; 0 leaves it unshaped."""
    return [line for device in (out_of(zone), into(zone)) for line in shape.tc_lines(device, mbit)]
