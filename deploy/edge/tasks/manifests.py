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
        latest = sorted(self._runs.glob(f"*/*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
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


def ask_manifest(link: HostLink, request: verbs.Manifest, shelf: Shelf) -> Manifest:
    """The manifest that a host's agent makes, or made before. Raises HostError, ConfigError."""
    came = bytearray()
    answer = link.ask(request._replace(have=shelf.names), WORK_SECONDS, on_part=lambda _, data: came.extend(data))
    try:
        found = manifestway.unpack(bytes(came), answer.sizes, shelf.find(answer.older) if answer.older else None)
        if found.name != answer.name:
            raise ValueError("it isn't what it was")
        fields = found.fields
    except ValueError as error:
        raise HostError(f"the manifest of {link.name} arrived damaged ({error})", OTHER_VERSION) from None
    shelf.keep(found)
    return from_json(fields, f"the manifest of {link.name}")
