"""Reads and writes swarm.json, the configuration beyond the two classic files; and makes the texts of all three."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional, Tuple

from peer.core import config, limits, manifestjson
from peer.core.config import Common, PeerRow
from peer.core.errors import ConfigError
from peer.core.folder import COMMON, PEER_INFO, SWARM
from peer.core.limits import Limits
from peer.core.manifest import Manifest
from peer.core.tuples import NamedTuple

FORMAT = 2
CLASSIC, FLEET = "classic", "fleet"


class SwarmFile(NamedTuple):
    """swarm.json: the swarm's name, this run's ID, the profile and what the payload is."""

    name: str
    run: str
    profile: str
    manifest: Manifest
    limits: Limits = Limits()
    tls: bool = False
    replace: bool = False  # a foreign file with a name that we need is put aside; else it is refused
    extras: bool = True  # files that aren't part of the payload may stay in a delivered tree
    classic: Tuple[int, ...] = ()  # peers that speak only the classic protocol, whatever the swarm's profile is
    ascii: Tuple[int, ...] = ()  # peers that accept only a handshake in ASCII
    relayed: Tuple[int, ...] = ()  # peers whose connections the operator's machine carries
    zones: Tuple[Tuple[int, str], ...] = ()  # peers, each with its zone, as site/rack


def folder_texts(common: Common, rows: Tuple[PeerRow, ...], swarm: Optional[SwarmFile] = None) -> Dict[str, str]:
    """File name -> text of the files that a swarm's peers start from; without `swarm`, only the two classic files."""
    texts = {COMMON: config.format_common(common), PEER_INFO: config.format_peer_info(rows)}
    return {**texts, SWARM: format_swarm(swarm)} if swarm else texts


def format_swarm(swarm: SwarmFile) -> str:
    """The text of swarm.json: a line for each field, as the manifest's columns may have a hundred thousand rows."""
    fields = {
        "format": FORMAT,
        "name": swarm.name,
        "run": swarm.run,
        "profile": swarm.profile,
        "tls": swarm.tls,
        "replace": swarm.replace,
        "extras": swarm.extras,
        "classic": swarm.classic,
        "ascii": swarm.ascii,
        "relayed": swarm.relayed,
        "limits": swarm.limits._asdict(),
        **({"zones": swarm.zones} if swarm.zones else {}),
        "manifest": manifestjson.to_json(swarm.manifest),
    }
    lines = (f" {json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def parse_swarm(text: str, source: str = SWARM) -> SwarmFile:
    """swarm.json's text as a SwarmFile. Raises ConfigError."""
    fields = _object(text, source)
    del text  # megabytes, for a large tree
    if fields.get("format") != FORMAT:
        problem = f"its format is {fields.get('format')!r}, this peer reads {FORMAT}"
        raise ConfigError(source, problem, "deploy again with one version of Weft")
    profile = fields.get("profile")
    if profile not in (CLASSIC, FLEET):
        raise ConfigError(source, f"profile is {profile!r}", f"write {CLASSIC} or {FLEET}")
    return SwarmFile(
        name=str(fields.get("name", "")),
        run=str(fields.get("run", "")),
        profile=str(profile),
        manifest=manifestjson.from_json(fields.pop("manifest", None), source),
        limits=limits.parse(fields.get("limits", {}), source),
        tls=fields.get("tls") is True,
        replace=fields.get("replace") is True,
        extras=fields.get("extras") is not False,
        classic=_peers("classic", fields, source),
        ascii=_peers("ascii", fields, source),
        relayed=_peers("relayed", fields, source),
        zones=_zones(fields.get("zones", []), source),
    )


def _zones(value: Any, source: str) -> Tuple[Tuple[int, str], ...]:
    pairs = value if isinstance(value, list) else [value]
    if not all(isinstance(pair, list) and [type(part) for part in pair] == [int, str] for pair in pairs):
        raise ConfigError(source, f"zones is {value!r:.40}", "write a list of peer IDs with their zones")
    return tuple((peer, zone) for peer, zone in pairs)


def _peers(name: str, fields: Dict[str, Any], source: str) -> Tuple[int, ...]:
    peers = fields.get(name, [])
    if not isinstance(peers, list) or any(type(peer) is not int for peer in peers):
        raise ConfigError(source, f"{name} is {peers!r:.40}", "write a list of peer IDs")
    return tuple(peers)


def _object(text: str, source: str) -> Dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(source, f"not JSON ({error})", "deploy again to rewrite it") from None
    if not isinstance(fields, dict):
        raise ConfigError(source, "not a JSON object", "deploy again to rewrite it")
    return fields
