"""The releases on this host: which there are, which were proved, and the removal of old ones."""

from __future__ import annotations

import os
from typing import Iterable, List, Optional

from deploy.agent import paths, verbs
from deploy.agent.clean import ours
from deploy.agent.context import Context
from deploy.agent.wire import AgentError
from peer.core import folder, releaselist
from peer.core.releaselist import Release, Releases
from peer.edge.ours import making, trees
from peer.edge.ours.recordfile import RecordFile

SENT = ""  # the folder of a release whose payload a seed only gave to others


def keep(request: verbs.Keep, context: Context) -> verbs.Kept:
    """What is there."""
    home, root = paths.home_of(context.home), root_path(request.root) if request.root else ""
    mine = of_root(load(home), root) if root else ()
    rows = (verbs.KeptRelease(one.name, one.payload, one.key, one.size, bool(one.proof), one.told) for one in mine)
    held = [one.name for one in mine if one.folder in _held(home)]
    given = releaselist.find(load(home), SENT)
    sent = verbs.Release(given.name, given.key) if given else None
    return verbs.Kept(root, (root and current(root)) or "", held[-1] if held else "", tuple(rows), sent)


def prune(request: verbs.Prune, context: Context) -> verbs.Pruned:
    """Remove what `keep` leaves over, oldest first."""
    home, root = paths.deployed_home(context.home), root_path(request.root)
    spared = {*_held(home), os.path.realpath(os.path.join(root, releaselist.CURRENT))}
    doomed = releaselist.doomed(of_root(load(home), root), request.keep, spared)
    if not doomed:
        return verbs.Pruned((), ())
    foreign: List[str] = []
    with paths.recording(home) as record:
        context.meter.begin("removing old releases")
        for one in doomed:
            stays = trees.clear(one.folder, ours(record, one.folder))
            foreign += [os.path.join(one.folder, path) if path else one.folder for path in stays]
            record.gone(one.folder)
            save(record, home, tuple(left for left in load(home) if left.folder != one.folder))
    return verbs.Pruned(tuple(one.name for one in doomed), tuple(foreign))


def begin(record: RecordFile, home: str, folder_: str, release: verbs.Release, payload: str) -> None:
    """Note a release that is about to be brought."""
    found = load(home)
    wanted = releaselist.brought(found, Release(release.name, folder_, payload, release.key))
    if wanted != found:
        save(record, home, wanted)


def prove(home: str, copies: Iterable[verbs.Copy]) -> None:
    """Note each release of which a right copy was found just now."""
    before = after = load(home)
    for copy in (copy for copy in copies if copy.ok):
        found = releaselist.find(after, _folder_of(home, copy.peer))
        if found is not None:
            after = releaselist.replaced(after, found._replace(size=copy.bytes or 0, proof=copy.proof))
    if after != before:
        with paths.recording(home) as record:
            save(record, home, after)


def named(home: str, root: str, name: str) -> Release:
    """The release of that name; AgentError where there is none that was proved."""
    found = next((one for one in of_root(load(home), root) if one.name == name), None)
    if found is None:
        raise AgentError(f"there is no release {name} in {root}", "`fab releases` shows what is where")
    if not found.proof:
        raise AgentError(f"release {name} isn't proved there", "bring it with `fab up`, which proves every copy")
    return found


def changed(record: RecordFile, release: Release) -> Optional[str]:
    """Something of a release that isn't there any more as Weft made it; nothing is hashed."""
    whole = os.path.join(release.folder, release.payload)
    if not os.path.lexists(whole):
        return whole
    return next((path for path in record.below(release.folder) if not record.is_ours(path)), None)


def current(root: str) -> Optional[str]:
    """The release that is current there; None where there is none, or something else of that name."""
    try:
        return releaselist.name_in(os.readlink(os.path.join(root, releaselist.CURRENT)))
    except OSError:
        return None


def root_path(root: str) -> str:
    """The root as this host has it, with no link above it: as records write it."""
    return os.path.realpath(paths.expanded(root))


def load(home: str) -> Releases:
    """All releases that are noted."""
    try:
        with open(os.path.join(home, folder.RELEASES), encoding="utf-8", errors="surrogateescape") as file:
            return releaselist.parse_releases(file.read())
    except OSError:
        return ()


def save(record: RecordFile, home: str, releases: Releases) -> None:
    """Note them."""
    making.make_file(record, os.path.join(home, folder.RELEASES), releaselist.format_releases(releases).encode())


def of_root(releases: Releases, root: str) -> Releases:
    """Those below one root: an inventory may have had another once."""
    return tuple(one for one in releases if releaselist.root_of(one.folder) == root)


def _held(home: str) -> List[str]:
    """The folders to which this host's peers deliver."""
    return [_folder_of(home, peer) for peer in paths.peers_here(home)]


def _folder_of(home: str, peer: int) -> str:
    return os.path.realpath(paths.peer_folder(home, peer))
