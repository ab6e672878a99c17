"""What a peer's certificate says of it: the name that the operator's machine writes and every peer checks."""

from __future__ import annotations


def common_name(peer: int) -> str:
    """The common name in the certificate of a peer."""
    return f"weft peer {peer}"
