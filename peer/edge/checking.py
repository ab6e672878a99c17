"""Checks what lies on the disk when a peer starts, on all cores and beside the running swarm, and tells what is proved.

First what has the payload's final name, if it may be the payload: where every piece of it is right, it stays. At the
first wrong piece an incomplete copy takes its place as the goal, and the right pieces are copied over to that. Of all
others the older versions give the blocks that both have (`basis`).
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Callable, Collection, Dict, Iterable, List, Sequence

from peer.core import bits
from peer.core.events import Checked, Found, Settled
from peer.core.finding import DiskEvent
from peer.core.layout import Run
from peer.edge.basis import Basis, basis_of
from peer.edge.files import disk_error
from peer.edge.papers import refusals
from peer.edge.payload import Payload
from peer.edge.resume import candidate, has_leftovers, prints_of
from peer.edge.store import Store
from peer.edge.twins import Twins
from peer.edge.verdicts import by_hash, verdicts

TELL_SECONDS = 0.1  # between two reports: a fast disk proves thousands of pieces a second


class Check:
    """One look at what a leecher's store finds on the disk; `tell` gets the facts, in the thread of `run`.

    `twins` copies what has equals, in a thread of its own. `kept`: where further older versions lie, beside the one
    under the final name; the first is asked first.
    """

    def __init__(self, store: Store, tell: Callable[[DiskEvent], object], kept: Sequence[str] = ()) -> None:
        self._store = store
        self._tell = tell
        self._kept = kept
        self.twins = Twins(store, tell)
        self._stopped = threading.Event()
        self._right = self._wrong = 0  # sets of pieces not told yet
        self._parts: Dict[int, int] = {}  # as in `Checked`, not told yet
        self._told = time.monotonic()

    def stop(self) -> None:
        """Let `run` end soon, from any thread."""
        self._stopped.set()
        self.twins.stop()

    def run(self) -> None:
        """Until all is checked and each proved piece is at its place, or `stop`. Raises StoreError."""
        try:
            with refusals():
                self._run()
        except OSError as error:
            raise disk_error(error, self._store.final_path) from None

    def _run(self) -> None:
        store = self._store
        known = store.look()
        prints = prints_of(store.manifest, known)
        older = candidate(store.manifest, store.final_path, prints)
        if older and store.record and not has_leftovers(store.manifest, store.final_path, store.record):
            store.older = older
            self._tell(Found(bits.full(store.manifest.piece_count), _set_of(known)))
            if self._all_right(older, prints) and store.adopt(older):
                store.tally.files_kept = len(store.manifest.files)
                self._tell(Settled(True))
                return
        if not self._stopped.is_set():
            beginning = store.begin(known)
            self._gain(beginning.keep_files(store.payload, self._stopped.is_set))
        if not self._stopped.is_set():
            beginning.make_files(store.payload, store.parts.repeats)
            self._note(store.make_zeros(), 0)
            self._check_rest(known, prints)

    def _all_right(self, older: Payload, prints: Dict[int, bytes]) -> bool:
        """Lend the pieces of the copy under the final name until one is wrong."""
        for piece, right in verdicts(by_hash(older, prints), prints, self._stopped.is_set):
            if not right:
                return False
            self._prove(piece, lent=True)
        self._report()
        return not self._stopped.is_set()

    def _gain(self, runs: Iterable[Run]) -> None:
        """These blocks of the row are right, and at their places."""
        for run in runs:
            for piece, blocks in self._store.manifest.layout.parts_of(run):
                self._note(1 << piece if self._store.gain(piece, blocks) else 0, 0)

    def _check_rest(self, known: Dict[int, bytes], prints: Dict[int, bytes]) -> None:
        store, older = self._store, self._store.older
        basis = basis_of(store.manifest, (store.final_path, *self._kept), store.payload, self._missing)
        if not older:
            store.unchecked = (_set_of(known) | (basis.may_give if basis else 0)) & ~store.here
            self._report()  # of what is here by now, before all else may be requested
            self._tell(Found(store.unchecked, _set_of(known)))
        noted = [piece for piece in known if store.unchecked >> piece & 1]
        self._sort(store.payload, known, noted, last=not older and not basis)
        if older and not basis:
            self._sort(older, prints, list(bits.indices(store.unchecked)), last=True, lent=True)
        if basis:
            with contextlib.closing(basis):
                self._take_from(basis, list(bits.indices(store.unchecked)))
        self._report()
        if any(not store.here >> piece & 1 for piece in known) and not self._stopped.is_set():
            store.purge_map()
        self._settle()

    def _sort(self, copy: Payload, prints: Dict[int, bytes], pieces: List[int], last: bool, lent: bool = False) -> None:
        """Prove the pieces that are right in a copy; the others may be requested if nothing can be tried after this."""
        for piece, right in verdicts(by_hash(copy, prints), pieces, self._stopped.is_set):
            if right:
                self._prove(piece, lent)
            elif last:
                self._refute(piece)

    def _take_from(self, basis: Basis, left: List[int]) -> None:
        """Copy what older versions have of these pieces; the others may be requested."""
        for piece, complete in verdicts(lambda one: basis.fill(one, self._missing(one)), left, self._stopped.is_set):
            if complete:
                self._take(piece)
            elif not basis.is_searched(piece):
                self._leave(basis, piece)
        self._store.tally.files_kept = basis.files_kept(self._store.here)
        for piece in basis.search(self._stopped.is_set):
            self._take(piece)
        if not self._stopped.is_set():
            for piece in bits.indices(self._store.unchecked):
                self._leave(basis, piece)

    def _missing(self, piece: int) -> int:
        """The set of the blocks of a piece that aren't here."""
        return 0 if self._store.here >> piece & 1 else self._store.parts.missing(piece)

    def _leave(self, basis: Basis, piece: int) -> None:
        """Of this piece some blocks were found, or none: the rest may be requested."""
        parts, tally = self._store.parts, self._store.tally
        found = parts.missing(piece) & ~basis.lacking(piece)
        if found:
            tally.kept += parts.length(piece, found)
            parts.gain(piece, found)
        if parts.missing(piece) != parts.solid(piece):
            self._parts[piece] = parts.wanted(piece)
        self._refute(piece)

    def _settle(self) -> None:
        for piece in bits.indices(self._store.lent):
            if self._stopped.is_set():
                return
            self._store.carry(piece)
        if not self._stopped.is_set():
            self._tell(Settled(False))

    # ---- verdicts

    def _prove(self, piece: int, lent: bool = False) -> None:
        self._count(piece)
        self._store.prove(piece, lent)
        self._note(1 << piece, 0)

    def _take(self, piece: int) -> None:
        self._count(piece)
        self._store.take(piece)
        self._note(1 << piece, 0)

    def _count(self, piece: int) -> None:
        """What a piece lacked was on the disk."""
        self._store.tally.kept += self._store.parts.length(piece, self._store.parts.missing(piece))

    def _refute(self, piece: int) -> None:
        self._store.refute(piece)
        self._note(0, 1 << piece)

    def _note(self, right: int, wrong: int) -> None:
        """Sets of pieces to tell, sooner or later."""
        self._right |= right
        self._wrong |= wrong
        if time.monotonic() - self._told >= TELL_SECONDS:
            self._report()

    def _report(self) -> None:
        self._told = time.monotonic()
        if self._right or self._wrong:
            self._tell(Checked(self._right, self._wrong, self._parts))
            self._right = self._wrong = 0
            self._parts = {}


def _set_of(known: Collection[int]) -> int:
    return sum(1 << piece for piece in known)
