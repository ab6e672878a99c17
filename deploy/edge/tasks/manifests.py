"""The manifest of a seed's payload as its agent sends it: less what is in those of the last runs, which are kept."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.agent import manifestway, verbs
from deploy.agent.lines import OTHER_VERSION
from deploy.agent.manifestway import Parted, parted
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import WORK_SECONDS, HostLink
from peer.core.manifest import Manifest
from peer.core.manifestjson import from_json

_MOST = 4  # manifests that the agents are told of
_SUFFIX = ".manifest.json"


class Shelf:
    """The manifests in the folders of the last runs below `runs`; `folder`: of this run, None before it has begun."""

    def __init__(self, runs: Path, folder: Path | None) -> None:
        self._runs = runs
        self._folder = folder

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the latest, each once."""
        latest = sorted(self._runs.glob(f"*/*{_SUFFIX}"), key=_written, reverse=True)
        return tuple(dict.fromkeys(path.name[: -len(_SUFFIX)] for path in latest))[:_MOST]

    def find(self, name: str) -> Parted | None:
        """The manifest of this name; None where it is gone, or isn't what it was."""
        for path in self._runs.glob(f"*/{name}{_SUFFIX}"):
            try:
                found = parted(json.loads(path.read_bytes()))
            except (OSError, ValueError, TypeError, AttributeError):
                continue
            if found.name == name:
                return found
        return None

    def keep(self, one: Parted) -> None:
        """Put a manifest into this run's folder."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{one.name}{_SUFFIX}").write_text(json.dumps(one.fields), "utf-8")


def _written(path: Path) -> float:
    """When a file was written; long ago if it is gone meanwhile."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def ask_manifest(link: HostLink, request: verbs.Manifest, shelf: Shelf) -> Manifest:
    """The manifest that a host's agent makes, or made before. Raises HostError, ConfigError."""
    found = _ask(link, request._replace(have=shelf.names), shelf) or _ask(link, request, shelf)
    if found is None:
        raise HostError(f"the manifest of {link.name} differs from one that nobody named", OTHER_VERSION)
    shelf.keep(found)
    return from_json(found.fields, f"the manifest of {link.name}")


def ask_standing(link: HostLink, request: verbs.Look) -> tuple[verbs.Standing, Manifest | None]:
    """What lies on a host, with its manifest. Raises HostError, ConfigError."""
    came = bytearray()
    answer = link.ask(request, WORK_SECONDS, on_part=lambda _, data: came.extend(data))
    if answer.hashed is None:
        return answer, None
    return answer, from_json(_unpacked(link, answer.hashed, came, None).fields, f"the manifest of {link.name}")


def _ask(link: HostLink, request: verbs.Manifest, shelf: Shelf) -> Parted | None:
    """What comes; None where the one that it differs from has been removed meanwhile, or written to."""
    came = bytearray()
    answer = link.ask(request, WORK_SECONDS, on_part=lambda _, data: came.extend(data))
    older = shelf.find(answer.older) if answer.older else None
    return None if answer.older and older is None else _unpacked(link, answer, came, older)


def _unpacked(link: HostLink, told: verbs.Hashed, came: bytearray, older: Parted | None) -> Parted:
    try:
        found = manifestway.unpack(bytes(came), told.sizes, older)
        if found.name != told.name:
            raise ValueError("it isn't what it was")
    except ValueError as error:
        raise HostError(f"the manifest of {link.name} arrived damaged ({error})", "run it again") from None
    return found
