"""Reads a folder for the audit: configuration, logs and copies, wherever below it they lie."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple, TypeVar

from peer.core import folder as names
from peer.core.config import Common, PeerRow, parse_common, parse_peer_info
from peer.core.errors import ConfigError
from tools.auditing.evidence import Evidence, FileFact, evidence
from tools.auditing.loglines import Line, parse_log

DEPTH = 3  # folders below the one named: a run's folder has one for each host
MOST_BYTES = 256 * 1024 * 1024  # of a log
CHUNK = 1024 * 1024
Parsed = TypeVar("Parsed")  # what a configuration file says
_LOG = re.compile(r"log_?peer_?\[?(\d{1,10})\]?\.(?:log|txt)", re.I)


class FolderError(Exception):
    """The folder can't be audited: what is missing, and what to do, in one line."""


def load(root: str) -> Evidence:
    """All that an audit of this folder can go by. Raises FolderError, ConfigError and OSError."""
    if not os.path.isdir(root):
        raise FolderError(f"{root}: there is no such folder")
    paths = sorted(_below(Path(root)), key=lambda path: (len(path.parts), path))
    troubles: List[str] = []
    common = _configuration(root, paths, names.COMMON, parse_common, troubles)
    rows = _configuration(root, paths, names.PEER_INFO, parse_peer_info, troubles)
    logs = _logs(root, paths, rows, troubles)
    if not logs:
        raise FolderError(f"{root}: no log_peer_<ID>.log of a peer of PeerInfo.cfg is in it or below it")
    return evidence(common, rows, logs, dict(_copies(root, paths, common, rows)), tuple(troubles))


def _below(top: Path, depth: int = DEPTH) -> Iterator[Path]:
    """Files and folders, down to a depth; links to files count, folders behind links other than copies don't."""
    for entry in os.scandir(top):
        path = Path(entry.path)
        yield path
        if depth and entry.is_dir(follow_symlinks=names.is_payload(entry.name)):
            yield from _below(path, depth - 1)


def _shown(root: str, path: Path) -> str:
    return os.path.relpath(path, root)


def _configuration(
    root: str, paths: Sequence[Path], name: str, parse: Callable[[str, str], Parsed], troubles: List[str]
) -> Parsed:
    """The first file of a name, parsed; the others should say the same."""
    found = [path for path in paths if path.name == name and path.is_file()]
    if not found:
        raise FolderError(f"{root}: there is no {name} in it or below it; audit the folder where the peers ran")
    first = parse(_text(found[0]), _shown(root, found[0]))
    for other in found[1:]:
        try:
            same = parse(_text(other), _shown(root, other)) == first
        except ConfigError as error:
            troubles.append(str(error))
            continue
        if not same:
            troubles.append(f"{_shown(root, other)}: it differs; the values of {_shown(root, found[0])}")
    return first


def _logs(
    root: str, paths: Sequence[Path], rows: Tuple[PeerRow, ...], troubles: List[str]
) -> Dict[int, Tuple[str, Tuple[Line, ...]]]:
    known = {row.peer_id for row in rows}
    found: Dict[int, Tuple[str, Tuple[Line, ...]]] = {}
    for path in paths:
        match = _LOG.fullmatch(path.name)
        if not match or not path.is_file():
            continue
        peer, file = int(match.group(1)), _shown(root, path)
        if peer not in known:
            troubles.append(f"{file}: PeerInfo.cfg has no peer {peer}; logs of its peers")
        elif peer in found:
            troubles.append(f"{file}: it isn't read, because {found[peer][0]} is peer {peer}'s log; one log a peer")
        else:
            found[peer] = (file, parse_log(file, _text(path), peer))
    return found


def _text(path: Path) -> str:
    if path.stat().st_size > MOST_BYTES:
        raise FolderError(f"{path}: larger than {MOST_BYTES} bytes; a log has a few lines for each piece and peer")
    data = path.read_bytes()
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")  # what a Windows shell makes of redirected output
    return data.decode("utf-16" if wide else "utf-8", "replace")


def _copies(
    root: str, paths: Sequence[Path], common: Common, rows: Tuple[PeerRow, ...]
) -> Iterator[Tuple[int, Optional[FileFact]]]:
    """The copy in each peer's folder, as far as that is here.

    Every machine of a swarm may have the folders of all peers: that next to the peer's log counts.
    """
    for row in rows:
        places = [path for path in paths if path.name == names.payload(row.peer_id) and path.is_dir()]
        log = names.log(row.peer_id)
        places.sort(key=lambda place: (not (place.parent / log).exists(), not (place / common.file_name).is_file()))
        if places:
            yield row.peer_id, _fact(root, places[0] / common.file_name)


def _fact(root: str, path: Path) -> Optional[FileFact]:
    if not path.is_file():
        return None
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            part = file.read(CHUNK)
            if not part:
                return FileFact(_shown(root, path), path.stat().st_size, digest.hexdigest())
            digest.update(part)
