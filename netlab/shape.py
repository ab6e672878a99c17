"""How a link is shaped to a rate: the lines for `tc` and `ip`, and why their numbers are what they are.

A host's link is shaped at both of its ends, each end shaping what it sends: the host's own end its uploads, the
bridge's end its downloads. Measured on two cores with plain TCP sockets over 4 s, payload as a share of the rate
asked for (of full frames, headers leave 0.956: 1,448 bytes of 1,514):

    rate in Mbit/s                    5      20     100    200    1000
    1 flow                          0.98    0.97   0.96   0.96   0.96
    16 flows on one link            0.99    0.98   0.97   0.96   0.96
    16 flows of 2 hosts into one    1.00    0.98   0.97   0.97   0.96

(At 1000 Mbit/s with other work on both cores: 0.92 to 0.95.) These figures need a burst of 64 KiB: with 2 KiB, 16
flows got 0.73 at 1000 Mbit/s, since each of the kernel's packets, up to 64 KiB and cut into frames only later, then
waits for a timer of its own.
"""

from __future__ import annotations

from typing import List

FRAME = 1514
GSO_MOST = 65536
QUEUE_SECONDS = 0.050
QUEUE_FRAMES = 64
BURST_SECONDS = 0.001
GSO_SECONDS = 0.002
SSH = 22
FLAGS = 33  # TCP's flags, behind an IP header without options: SYN is 0x02, ACK 0x10


def queue_bytes(mbit: float) -> int:
    """What a full queue holds: 50 ms of the link as in common switches, and never less than 64 frames."""
    return max(QUEUE_FRAMES * FRAME, _bytes_in(QUEUE_SECONDS, mbit))


def burst_bytes(mbit: float) -> int:
    return max(GSO_MOST, _bytes_in(BURST_SECONDS, mbit))


def gso_bytes(mbit: float) -> int:
    """The largest packet that the host's own TCP hands to the link: 2 ms of it.

    On short paths the kernel makes packets of up to 64 KiB whatever the rate. At 5 Mbit/s one such packet would hold
    the link for 100 ms and fill most of the queue. From 260 Mbit/s on this limits nothing.
    """
    return min(GSO_MOST, max(4096, _bytes_in(GSO_SECONDS, mbit))) if mbit else GSO_MOST


def tc_lines(device: str, mbit: float) -> List[str]:
    """What `tc -batch` is to read to shape a device that isn't shaped; 0 leaves it so."""
    if not mbit:
        return []
    rate, burst = round(mbit * 1e6), burst_bytes(mbit)
    return [
        f"qdisc add dev {device} root handle 1: htb default 1",
        f"class add dev {device} parent 1: classid 1:1 htb"
        f" rate {rate}bit burst {burst}b cburst {burst}b quantum {GSO_MOST}",
        f"qdisc add dev {device} parent 1:1 handle 2: bfifo limit {queue_bytes(mbit)}b",
    ]


def closed_lines(device: str) -> List[str]:
    """What `tc -batch` is to read besides: nobody gets a connection through this end of a shaped link.

    The first packet of any connection but SSH's goes to a queue that holds nothing. (Few kernels have all of iptables,
    nftables and tc's own actions; classes are there wherever links can be shaped.)
    """
    match = f"filter add dev {device} parent 1: protocol ip prio"
    return [
        f"class add dev {device} parent 1: classid 1:9 htb rate 8kbit",
        f"qdisc add dev {device} parent 1:9 handle 9: bfifo limit 1b",
        f"{match} 1 u32 match ip protocol 6 0xff match ip dport {SSH} 0xffff flowid 1:1",
        f"{match} 2 u32 match ip protocol 6 0xff match u8 0x02 0x12 at {FLAGS} flowid 1:9",
    ]


def unshape_line(device: str) -> str:
    return f"qdisc del dev {device} root"


def gso_line(device: str, mbit: float) -> str:
    """What `ip -batch` is to read."""
    return f"link set dev {device} gso_max_size {gso_bytes(mbit)}"


def _bytes_in(seconds: float, mbit: float) -> int:
    return round(mbit * 1e6 / 8 * seconds)
