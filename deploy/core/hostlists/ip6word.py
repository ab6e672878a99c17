"""An IPv6 address where a list has the names of hosts: what the host is called, and where it is."""

from __future__ import annotations

import re
from ipaddress import ip_address

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


def ip6_address(word: str) -> str:
    """The address in a word, with or without brackets; "" where there is none."""
    text = word[1:-1] if word.startswith("[") and word.endswith("]") else word
    try:
        return text if ip_address(text).version == 6 else ""
    except ValueError:
        return ""


def name_of(address: str) -> str:
    """What a host is called of which nothing but this address is known: a name can't hold colons."""
    return _UNSAFE.sub("-", address).strip("-.") or "host"
