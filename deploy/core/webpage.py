"""A page of ours as text, of a run or of an audit: one file without links to anything, whose scripts alone may run."""

from __future__ import annotations

import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; connect-src {connect};"
    " base-uri 'none'; form-action 'none'"
)  # charts carry styles of their own, and pixels as data; neither can run or load anything


class Parts(NamedTuple):
    """The texts that a page is made of: styles, scripts in order, and the licence of what they contain, if any."""

    title: str
    style: str
    scripts: tuple[str, ...]
    licence: str = ""


def page(data: Mapping[str, Any], parts: Parts, live: bool = False) -> str:
    """The HTML. What hosts and logs say is in a block of data, which the script reads and shows as text.

    `live`: the page goes on asking where it came from.
    """
    scripts = "".join(f"<script>{script}</script>\n" for script in parts.scripts)
    licence = f"<!--\n{parts.licence}\n-->\n" if parts.licence else ""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(parts, live)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{parts.title}</title>\n<style>{parts.style}</style></head>\n"
        "<body><main id=page><noscript>This page draws with its own script: allow it to run.</noscript></main>\n"
        f'<script type="application/json" id="data">{embedded(data)}</script>\n'
        f"{licence}{scripts}</body></html>\n"
    )


def policy(parts: Parts, live: bool) -> str:
    """What the page may do: run these very scripts."""
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in parts.scripts)
    return _POLICY.format(scripts=hashes, connect="'self'" if live else "'none'")


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that can't end the block that it is in, whatever texts it holds."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _digest(script: str) -> str:
    return binascii.b2a_base64(hashlib.sha256(script.encode()).digest(), newline=False).decode()
