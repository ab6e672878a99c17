"""The folder of a copy that isn't complete yet, next to its final path; a peer that starts again finds it again."""

from __future__ import annotations

import os

from peer.edge.ours import turning
from peer.edge.ours.recordfile import RecordFile

_MAP = "map"


class Partial:
    """The work on the payload at `final`. `aside`: see `Job.aside`. `path` is "" until there is a folder."""

    def __init__(self, record: RecordFile, final: str, aside: str) -> None:
        self.path = ""
        self.record = record
        self.final = final
        self._aside = aside

    def find(self) -> None:
        """Find the folder of an earlier start; other unfinished work is finished or removed."""
        for work, goal in self.record.work():
            if not goal:
                continue  # not the store's
            if os.path.isdir(work):
                turning.recover(self.record, work, goal, self._aside)
            if goal == self.final and os.path.isdir(work) and not self.path:
                self.path = work
            else:
                turning.discard(self.record, work)

    def begin(self) -> None:
        """Make the folder if there is none."""
        if not self.path:
            path = self.record.fresh(os.path.dirname(self.final), self.final)
            os.mkdir(path, 0o700)
            self.path = path

    @property
    def part(self) -> str:
        """The incomplete copy: a file, or the folder of a tree."""
        return os.path.join(self.path, turning.NEW)

    @property
    def map(self) -> str:
        """The map of the pieces that are there."""
        return os.path.join(self.path, _MAP)

    def note(self) -> None:
        """The copy is complete, and won't change any more: note each file and folder under its final path."""
        turning.note(self.record, self.path, self.final)
        self.record.sync()

    def turn(self) -> None:
        """Give the copy its final name. Raises ForeignError if something foreign has it."""
        turning.turn(self.record, self.path, self.final, self._aside)

    def settle(self) -> None:
        """Remove the old version, and move foreign files from it to the new one."""
        turning.recover(self.record, self.path, self.final, self._aside)

    def discard(self) -> None:
        """Remove the folder with its contents."""
        if self.path:
            turning.discard(self.record, self.path)
            self.path = ""
