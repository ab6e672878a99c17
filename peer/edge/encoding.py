"""Refuses names that this system would write as bytes other than UTF-8, as under a locale like ISO-8859-1."""

from __future__ import annotations

import codecs
import sys
from typing import Iterable

from peer.core.errors import ConfigError


def check_encoding(names: Iterable[str], source: str) -> None:
    """Refuse a manifest's names if they would not be UTF-8 on disk. Raises ConfigError.

    Peers that Weft starts on a host run in UTF-8 mode, whatever the locale: this concerns those started by hand.
    """
    encoding = sys.getfilesystemencoding()
    if codecs.lookup(encoding).name == "utf-8":
        return
    odd = next((name for name in names if not name.isascii()), None)
    if odd is not None:
        problem = f"the name {odd!a} would not be UTF-8 on disk, because file names are {encoding} in this locale"
        raise ConfigError(source, problem, "set LC_ALL=C.UTF-8, or PYTHONUTF8=1, and run it again")
