"""Checks names, addresses, paths and bastions: each function returns its text, or raises.

All raise ValueError with a reason and a remedy in one line. Nothing is quoted or escaped here: names become names of
folders, and paths reach the hosts as data, so texts that can't be file names are refused here.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import ip_address

from deploy.core.inventory.model import Jump
from deploy.core.inventory.ranges import RangeError, expand, has_range
from peer.core.payloadnames import unsafe_top

NAME_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"
HOST_MARK = "{host}"  # is replaced by the host's name in addresses and paths

_NAME = re.compile(NAME_PATTERN, re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}", re.ASCII)
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)(?:%[A-Za-z0-9]+)?\](?::([0-9]+))?", re.ASCII)
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost")


def safe_name(text: str) -> str:
    """A name of a swarm, host or group: up to 100 letters, digits, '.', '_', '-'; safe as a folder."""
    if _NAME.fullmatch(text):
        return text
    raise ValueError(
        f"'{text}' can't be a name; use up to 100 letters, digits, '.', '_' and '-', a letter or digit first"
    )


def name_pattern(text: str) -> str:
    """A name, or a range of names such as `node[01-16]`."""
    for name in expand(text):
        safe_name(name)
    return text


def zone(text: str) -> str:
    """A zone, such as `rack-a`, or one within another: `site/rack-a`."""
    if not text or not all(_NAME.fullmatch(part) for part in text.split("/")):
        raise ValueError(f"'{text}' can't be a zone; write a name, or names from the largest on: site/rack-a")
    return text


def address(text: str) -> str:
    """A host name, an IPv4 or an IPv6 address without brackets; user and port have keys of their own."""
    match = _BRACKETED.fullmatch(text)
    if match and match.group(2) is None and ":" in match.group(1):
        raise ValueError(f"'{text}' has brackets; write {text[1:-1]}")
    if match and match.group(2) is not None:
        raise ValueError(f"'{text}' holds a port; write {match.group(1)}, and the port under 'port'")
    if "@" in text:
        raise ValueError(f"'{text}' holds a user; write the part after '@' here, and the user under 'user'")
    if is_ip(text):
        return _real_ip(text)
    if re.fullmatch(r"[^:]+:[0-9]+", text):
        raise ValueError(f"'{text}' holds a port; write '{text.split(':')[0]}', and the port under 'port'")
    if re.fullmatch(r"[0-9.]+", text):
        raise ValueError(f"'{text}' isn't an address; write IPv4 as four numbers up to 255, such as 192.168.1.10")
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"'{text}' isn't an address; write a host name, an IPv4 or an IPv6 address")
    return text


def address_pattern(text: str) -> str:
    """An address; may hold `{host}`, and a range as long as the host's own."""
    try:
        texts = (text,) if _BRACKETED.fullmatch(text) and ":" in text else expand(text)
    except RangeError:
        if ":" in text:
            raise ValueError(f"'{text}' isn't an address; write IPv6 without brackets, such as 2001:db8::1") from None
        raise
    for one in texts:
        address(one.replace(HOST_MARK, "host"))
    return text


def is_loopback(text: str) -> bool:
    """True for addresses that mean the machine itself."""
    if is_ip(text):
        return ip_address(text).is_loopback
    return text.lower() in _LOOPBACK_NAMES


def plain_text(text: str) -> str:
    """A text without control characters and line ends; spaces and quotes are allowed."""
    if not text:
        raise ValueError("is empty; write a value, or leave the key out")
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") for character in text):
        raise ValueError(f"'{text}' holds a control character or a line end; remove it")
    return text


def path(text: str) -> str:
    """A path of any form on the operator's machine."""
    plain_text(text)
    if text.startswith("~") and text != "~" and not text.startswith("~/"):
        raise ValueError(f"'{text}' names another user's home; write it out, or begin with '~/'")
    return text


def is_rooted(text: str) -> bool:
    """True for a path that means the same in every current folder: absolute, or in the user's home."""
    return text.startswith(("/", "~/")) or text == "~"


def user(text: str) -> str:
    """A login name; odd ones (`DOMAIN\\me`, `me@realm`) are left to the server."""
    plain_text(text)
    if text.startswith("-") or any(character.isspace() for character in text):
        raise ValueError(f"'{text}' can't be a login name; write the name alone")
    return text


def payload_name(text: str) -> str:
    """A plain file name: it is the payload's final name on every host, and a word of Common.cfg."""
    plain_text(text)
    reason = unsafe_top(text)
    if text != text.strip():
        reason = "begins or ends with a blank"
    if reason:
        raise ValueError(f"'{text}' can't be the payload's name, because it {reason}; write a plain file name")
    return text


def jump(text: str) -> Jump:
    """`user@bastion:port`, `bastion`, `me@[2001:db8::1]:22` as a Jump."""
    plain_text(text)
    if "," in text:
        raise ValueError(f"'{text}' holds a comma; write several bastions as a list: [first, second]")
    login, _, place = text.rpartition("@")
    match = _BRACKETED.fullmatch(place)
    if match:
        host, port = match.group(1), match.group(2) or ""
    else:
        host, _, port = (place, "", "") if is_ip(place) else place.partition(":")
        if place.endswith(":"):
            raise ValueError(f"'{text}' ends with ':'; write user@bastion:port, or leave the ':' out")
    if not host:
        raise ValueError(f"'{text}' names no host; write user@bastion:port")
    if port and not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        raise ValueError(f"'{text}' has the port '{port}'; write a number from 1 to 65535")
    return Jump(address(host), user(login) if login else None, int(port) if port else None)


def jump_text(text: str) -> str:
    """The text of a bastion, if `jump` can read it."""
    jump(text)
    return text


def no_range(text: str) -> str:
    """The text, if it names one thing. Raises ValueError for a range."""
    if has_range(text):
        raise ValueError(f"'{text}' is a range, not one name; write one entry for each name")
    return text


def is_ip(text: str) -> bool:
    """Whether it is an address and no name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _real_ip(text: str) -> str:
    if ip_address(text).is_unspecified or ip_address(text).is_multicast:
        raise ValueError(f"'{text}' is not the address of one machine; write the address of this host")
    return text
