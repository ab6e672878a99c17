"""Weft, as `pip install` brings it: its version, and the command `weft`. Its two programs lie in `weft/parts`."""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`namespace` for `Collection.add_collection(weft)`: made when it is asked for, as it loads all tasks."""
    if name != "namespace":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from weft.collection import collection

    return collection()
