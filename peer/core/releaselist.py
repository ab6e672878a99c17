"""The releases of a swarm on one host: the text of releases.json, and which of them may go.

A release is a folder that holds one payload, below `<root>/releases/`. The link `<root>/current` names one of them.
"""

from __future__ import annotations

import json
import posixpath
from typing import Collection, List, Optional, Sequence, Tuple

from peer.core.tuples import NamedTuple

CURRENT = "current"
_RELEASES = "releases"
_FORMAT = 1


class Release(NamedTuple):
    """One release. `folder`: absolute; `key`: what the operator knows its payload by, before it is there.

    `proof`: what its bytes are known by (peer.core.manifest.payload_proof), "" until they were proved; `told`: all
    commands that follow its turn went well.
    """

    name: str
    folder: str
    payload: str
    key: str
    size: int = 0  # bytes, once it was proved
    proof: str = ""
    told: bool = False


Releases = Tuple[Release, ...]  # in the order in which they were brought, the latest last


def release_folder(root: str, name: str) -> str:
    """Where a release lies."""
    return posixpath.join(root, _RELEASES, name)


def root_of(folder: str) -> str:
    """The root of a release's folder."""
    return posixpath.dirname(posixpath.dirname(folder))


def link_text(name: str) -> str:
    """What `current` holds: it means the same wherever the root is mounted."""
    return posixpath.join(_RELEASES, name)


def name_in(text: str) -> Optional[str]:
    """The release that a link of this text names; None where it is no such link."""
    above, name = posixpath.split(text)
    return name if above == _RELEASES and name else None


def format_releases(releases: Releases) -> str:
    """The text of releases.json."""
    return json.dumps({"format": _FORMAT, "releases": [one._asdict() for one in releases]}, indent=1) + "\n"


def parse_releases(text: str) -> Releases:
    """Its meaning; () for a text of another form."""
    try:
        fields = json.loads(text)
        if fields["format"] != _FORMAT:
            return ()
        return tuple(_release(**one) for one in fields["releases"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()


def _release(name: str, folder: str, payload: str, key: str, size: int, proof: str, told: bool) -> Release:
    return Release(str(name), str(folder), str(payload), str(key), int(size), str(proof), told is True)


def find(releases: Sequence[Release], folder: str) -> Optional[Release]:
    """The release in that folder; None where none of the list is."""
    return next((one for one in releases if one.folder == folder), None)


def replaced(releases: Sequence[Release], release: Release) -> Releases:
    """The list with this entry in place of the one for its folder, or after all others."""
    if find(releases, release.folder) is None:
        return (*releases, release)
    return tuple(release if one.folder == release.folder else one for one in releases)


def brought(releases: Sequence[Release], release: Release) -> Releases:
    """The list when this release is brought: it is the latest. What is known of it stays, if it has the same key."""
    known = find(releases, release.folder)
    kept = known if known and (known.key, known.payload) == (release.key, release.payload) else release
    return (*(one for one in releases if one.folder != release.folder), kept)


def doomed(releases: Sequence[Release], keep: int, spared: Collection[str]) -> List[Release]:
    """Those that go, so that the latest `keep` proved ones stay; never one whose folder is `spared`."""
    proved = [one for one in releases if one.proof]
    kept = {one.folder for one in proved[-keep:]}.union(spared)
    return [one for one in releases if one.folder not in kept]
