"""The `swarm` of the file -> `Swarm`: the payload with its final name, sizes in bytes, defaults filled in."""

from __future__ import annotations

from posixpath import basename

from deploy.core.inventory import names
from deploy.core.inventory.errors import Ledger, Path
from deploy.core.inventory.excluding import excluding
from deploy.core.inventory.fields import PayloadPart, SwarmPart
from deploy.core.inventory.model import FromUrl, Generate, OnSeed, Payload, Rounds, Swarm, Then, Upload
from deploy.core.inventory.urlkeys import last_part
from peer.core.limits import Limits
from peer.core.swarmfile import CLASSIC
from peer.core.treerules import TreeRules

DEFAULT_NAME = "TheFile.dat"  # of a generated file
MAX_PIECES = 1_000_000  # every host gets 32 bytes of hash for each, and every peer has a bit of each per neighbour
_PAYLOAD: Path = ("swarm", "payload")


def swarm_of(part: SwarmPart, ledger: Ledger) -> Swarm:
    """The swarm's settings; mistakes go to the ledger."""
    payload = _payload(part.payload, ledger)
    if isinstance(payload, Generate) and part.piece_size:
        _check_count(payload.size, part.piece_size, ledger)
    if part.tls and part.profile == CLASSIC:
        ledger.add(("swarm", "tls"), "is true, but profile: classic doesn't support TLS; remove one of the two")
    return Swarm(
        name=part.name,
        payload=payload,
        piece_size=part.piece_size,
        profile=part.profile,
        rounds=Rounds(part.preferred, part.unchoking, part.optimistic),
        limits=Limits(part.patience, part.degree, part.uploads),
        tls=part.tls,
        then=Then(tuple(map(tuple, part.then)), part.batch, part.within) if part.then else None,
        cap=part.cap,
        relay_cap=part.relay_cap,
    )


def _payload(part: PayloadPart, ledger: Ledger) -> Payload:
    if part.generate is not None:
        return Generate(part.generate, part.name or DEFAULT_NAME, part.seed or 0)
    if part.upload is not None:
        return Upload(part.upload, part.name or _last_part(part.upload, "upload", ledger), _rules(part))
    if part.url is not None:
        return FromUrl(part.url, part.sha256 or "", part.name or _last_part(last_part(part.url), "url", ledger))
    path = part.path or ""
    if not names.is_rooted(path):
        ledger.add((*_PAYLOAD, "path"), f"'{path}' is relative; begin with '/' or '~/', as on the seed host")
    return OnSeed(path, part.name or _last_part(path, "path", ledger), _rules(part))


def _rules(part: PayloadPart) -> TreeRules:
    return TreeRules(
        links=part.links,
        special=part.special,
        times=part.times,
        setuid=part.setuid == "keep",
        owner=part.owner == "keep",
        xattrs=part.xattrs == "keep",
        exclude=tuple(filter(None, map(excluding, part.exclude))),
    )


def _last_part(path: str, key: str, ledger: Ledger) -> str:
    """The payload's name if the file gives none: the last part of its path."""
    last = basename(path.rstrip("/"))
    try:
        return names.payload_name(last if last != "~" else "")
    except ValueError:
        ledger.add((*_PAYLOAD, key), f"'{path}' gives the payload no name; add 'name:'")
        return DEFAULT_NAME


def _check_count(size: int, piece_size: int, ledger: Ledger) -> None:
    count = -(-size // piece_size)
    if count > MAX_PIECES:
        least = -(-size // MAX_PIECES)
        ledger.add(("swarm", "piece_size"), f"makes {count} pieces; write auto, or at least {least} bytes")
