"""The keys of a swarm that speaks TLS, made and put where a deployment puts them."""

from __future__ import annotations

import datetime
import importlib.util
from pathlib import Path
from typing import Mapping


def missing() -> str:
    """Why no swarm can speak TLS here; "" if it can."""
    found = importlib.util.find_spec("cryptography")
    return "" if found else "cryptography is not installed: pip install cryptography"


def write(folders: Mapping[int, Path]) -> None:
    """Put each peer's keys into its working directory, given by peer id."""
    from deploy.edge.pushed.authority import make_keys

    for peer_id, keys in make_keys(folders, datetime.datetime.now(datetime.timezone.utc)).items():
        place = folders[peer_id] / f"keys_{peer_id}"
        place.mkdir(mode=0o700)
        for name, data in keys._asdict().items():
            (place / f"{name}.pem").touch(mode=0o600)
            (place / f"{name}.pem").write_bytes(data)
