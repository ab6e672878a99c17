"""The texts that a page is made of, as they lie beside this module."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from deploy.core.runreport.reportpage import Parts

_FOLDER = Path(__file__).parent / "assets"
_SCRIPTS = ("plot.min.js", "dom.js", "tables.js", "charts.js", "live.js", "page.js")  # each uses those before it


@lru_cache(maxsize=1)
def page_parts() -> Parts:
    """Read once."""
    return Parts(_read("page.css"), tuple(map(_read, _SCRIPTS)), _read("plot.LICENSE.txt"))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8").strip()
