"""The run's transcript: every line that a chain of tasks told its operator, kept in runs/<run id>/."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from peer.core.errors import ConfigError

NAME = "transcript.txt"
MARK = ".weft-run"  # in each folder that a run made: what else is called runs/NAME is left alone


class Transcript:
    """Lines wait in memory until the run's folder is known.

    A disk that fills up later ends the transcript and not the run: `complain` is called, once.
    """

    def __init__(self) -> None:
        self.complain: Callable[[OSError], object] = lambda _: None
        self._waiting: list[str] = []
        self._path: Path | None = None

    def write(self, text: str) -> None:
        """Note some lines, with the time."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        self._waiting += [f"{stamp} {line}" for line in text.splitlines()]
        try:
            self._flush()
        except OSError as error:
            error.filename, self._path = str(self._path), None
            self.complain(error)

    def open(self, folder: Path) -> None:
        """From now on, and for what was noted before: the transcript lies in `folder`, after what is there.

        Raises ConfigError where something is in that folder which no run of Weft made.
        """
        if not (folder / MARK).is_file():
            if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
                problem = f"{folder} holds files that aren't Weft's"
                raise ConfigError("--run", problem, "name another run, or move that folder away")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / MARK).touch()
        self._path = folder / NAME
        self._flush()

    def _flush(self) -> None:
        if self._path is None or not self._waiting:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in self._waiting))
        self._waiting.clear()
