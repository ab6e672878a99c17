"""The texts that pages are made of, as they lie beside this module."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from deploy.core.webpage import Parts

_FOLDER = Path(__file__).parent / "assets"
_SHARED = ("dom.js", "tables.js", "theme.js")  # each uses those before it
_RUN = ("plot.min.js", *_SHARED, "charts.js", "live.js", "page.js")
_AUDIT = (*_SHARED, "audit.js")


@lru_cache(maxsize=1)
def page_parts() -> Parts:
    """Those of a run's page; read once."""
    return Parts("Weft: a run", _read("page.css"), tuple(map(_read, _RUN)), _read("plot.LICENSE.txt"))


def audit_parts() -> Parts:
    """Those of an audit's page, which draws nothing."""
    return Parts("Weft: an audit", _read("page.css"), tuple(map(_read, _AUDIT)))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8").strip()
