"""The files of an incomplete copy that an older version has too: we don't write to them, and others shouldn't."""

from __future__ import annotations

import hashlib
import os
from array import array
from itertools import groupby
from typing import Callable, Iterator

from peer.core.blocks import HASH_BYTES, lengths_of
from peer.core.errors import StoreError
from peer.core.layout import Run
from peer.core.manifest import Manifest


class Kept:
    """The numbers of these files. What changes one of them, as writing does, changes its time of change."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._times = array("q")  # of each file of the payload; 0: it isn't kept

    def add(self, number: int, info: os.stat_result) -> None:
        """A file with these facts was linked, and is right."""
        if not self._times:
            self._times = array("q", [0]) * len(self._manifest.files)
        self._times[number] = info.st_ctime_ns

    def __contains__(self, number: int) -> bool:
        return bool(self._times) and self._times[number] != 0

    def blocks(self, begin: int, end: int) -> Iterator[Run]:
        """Which blocks those among the files from `begin` up to `end` have; those of neighbours as one run."""
        layout = self._manifest.layout
        for is_kept, files in groupby(range(begin, end), self.__contains__):
            if is_kept:
                numbers = list(files)
                yield Run(layout.blocks_of_file(numbers[0]).begin, layout.blocks_of_file(numbers[-1]).end)

    def confirm(self, path_of: Callable[[int], str]) -> None:
        """Hash those again that something was done to since. Raises StoreError where one isn't right, OSError."""
        for number, time in enumerate(self._times):
            path = path_of(number)
            if time and os.lstat(path).st_ctime_ns != time and not is_right(self._manifest, number, path):
                raise StoreError(f"{path}: another program writes to it; stop that and start again")


def is_right(manifest: Manifest, number: int, path: str) -> bool:
    """Whether the file at a path has the bytes of the manifest's file of this number. Raises OSError."""
    begin = manifest.layout.blocks_of_file(number).begin * HASH_BYTES
    with open(path, "rb", buffering=0) as file:
        for length in lengths_of(manifest.files.size_of(number), manifest.block):
            if hashlib.sha256(file.read(length)).digest() != manifest.blocks[begin : begin + HASH_BYTES]:
                return False
            begin += HASH_BYTES
    return True
