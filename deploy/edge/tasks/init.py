"""The task `init`: writes an inventory to begin with, and never over a file that is there."""

from __future__ import annotations

from pathlib import Path

from deploy.core.starterfile import NEXT, STARTER
from deploy.edge.screen.screen import Screen
from peer.core.errors import ConfigError, system_words


def write_inventory(screen: Screen, path: Path) -> None:
    """Write it. Raises ConfigError where it can't be written, or something has that name."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(STARTER)
    except FileExistsError:
        raise ConfigError(str(path), "it exists, and isn't replaced", "name another with --inventory FILE") from None
    except OSError as error:
        raise ConfigError(str(path), system_words(error), "name another place") from None
    screen.say(f"wrote {path}: {NEXT}", None)
