"""The name in a peer's certificate, which the operator's machine writes and every peer checks."""

from __future__ import annotations


def common_name(peer: int) -> str:
    """The common name in the certificate of a peer."""
    return f"weft peer {peer}"
