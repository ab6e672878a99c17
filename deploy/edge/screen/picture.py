"""The option `--svg`: a picture of the console, written by the program itself once the task is done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from deploy.edge.screen.screen import Screen
from peer.core.errors import ConfigError, system_words


@contextlib.contextmanager
def picture(screen: Screen, path: str, title: str) -> Iterator[None]:
    """Write the picture to `path` after the body, if there is a path. Raises ConfigError first if it can't be."""
    if path:
        _make_room(Path(path))
    yield
    if path:
        screen.picture(path, title)


def _make_room(path: Path) -> None:
    """The file is there, empty or an earlier picture of a console; anything else stays as it is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if path.stat().st_size and not path.read_bytes()[:400].lstrip().startswith(b'<svg class="rich-terminal"'):
            raise ConfigError("--svg", f"{path}: it is there, and no picture", "name another file, or move it away")
    except OSError as error:
        reason = system_words(error)
        raise ConfigError("--svg", f"{error.filename or path}: {reason}", "name a file that can be written") from None
