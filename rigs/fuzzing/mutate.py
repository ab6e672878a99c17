"""Changes inputs by chance: bytes, words of the format, parts of other inputs, and JSON as a tree."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any, Callable, List, Sequence

from rigs.fuzzing.targets import Target

_TELLING = (
    0,
    1,
    2,
    0x20,
    0x2D,
    0x30,
    0x39,
    0x5C,
    0x7F,
    0x80,
    0xFE,
    0xFF,
)  # bytes at which readers think again
_VALUES: Sequence[Any] = (
    None, True, False, 0, 1, -1, 0.5, 2**31, 2**63, 10**30, 1e300, float("nan"), float("inf"), "", "0", "..", "/",
    "a/b", "\ud800", "\0", "fleet", "00" * 32, [], {}, [0], [[]], ["f", 1, 420, "00" * 32],
)  # fmt: skip


class Mutator:
    """Inputs for one target: the same `rng` gives the same ones."""

    def __init__(self, target: Target, corpus: Sequence[bytes], rng: Random) -> None:
        self._target = target
        self._corpus = list(corpus) or [b""]
        self._rng = rng
        self._ways: List[Callable[[bytearray, int], None]] = [
            self._flip, self._set, self._insert, self._remove, self._repeat, self._word, self._splice, self._cut
        ]  # fmt: skip

    def next(self) -> bytes:
        """One of the corpus, changed a little or a lot."""
        return self.change(self._rng.choice(self._corpus))

    def change(self, data: bytes) -> bytes:
        """Another input made from this one."""
        if self._target.structured and self._rng.random() < 0.6:
            data = self._change_tree(data)
            if self._rng.random() < 0.8:
                return data[: self._target.most]
        made = bytearray(data)
        for _ in range(1 + int(self._rng.expovariate(0.6))):
            self._rng.choice(self._ways)(made, int(self._rng.random() * (len(made) + 1)))
        return bytes(made[: self._target.most])

    # ---- bytes; `at`: a place in `made`, its end included

    def _flip(self, made: bytearray, at: int) -> None:
        if at < len(made):
            made[at] ^= 1 << self._rng.randrange(8)

    def _set(self, made: bytearray, at: int) -> None:
        if at < len(made):
            made[at] = self._byte()

    def _insert(self, made: bytearray, at: int) -> None:
        made[at:at] = bytes(self._byte() for _ in range(self._rng.randrange(1, 6)))

    def _remove(self, made: bytearray, at: int) -> None:
        del made[at : at + self._rng.randrange(1, 9)]

    def _repeat(self, made: bytearray, at: int) -> None:
        made[at:at] = made[at : at + self._rng.randrange(1, 40)] * self._rng.randrange(1, 4)

    def _word(self, made: bytearray, at: int) -> None:
        if self._target.words:
            word = self._rng.choice(self._target.words)
            made[at : at + (len(word) if self._rng.random() < 0.5 else 0)] = word

    def _splice(self, made: bytearray, at: int) -> None:
        other = self._rng.choice(self._corpus)
        begin = int(self._rng.random() * (len(other) + 1))
        made[at:] = other[begin:]

    def _cut(self, made: bytearray, at: int) -> None:
        del made[at:]

    def _byte(self) -> int:
        return self._rng.choice(_TELLING) if self._rng.random() < 0.5 else self._rng.randrange(256)

    # ---- trees

    def _change_tree(self, data: bytes) -> bytes:
        try:
            tree = json.loads(data)
        except (ValueError, RecursionError):
            return data
        for _ in range(self._rng.randrange(1, 4)):
            tree = self._changed(tree)
        return json.dumps(tree).encode()

    def _changed(self, tree: Any) -> Any:
        """The tree with one place in it changed; the deeper, the likelier."""
        if self._rng.random() < 0.15 or not isinstance(tree, (dict, list)) or not tree:
            return self._value(tree)
        places = list(tree) if isinstance(tree, dict) else range(len(tree))
        place = self._rng.choice(places)
        if self._rng.random() < 0.1:
            del tree[place]
        elif isinstance(tree, list) and self._rng.random() < 0.15:
            tree.insert(place, tree[place])
        else:
            tree[place] = self._changed(tree[place])
        return tree

    def _value(self, old: Any) -> Any:
        if type(old) is int and self._rng.random() < 0.5:
            return old + self._rng.choice((-1, 1, 2**16))
        if isinstance(old, str) and self._rng.random() < 0.5:
            at = self._rng.randrange(len(old) + 1)
            return old[:at] + self._rng.choice(("/", "..", "\0", "A", "ß", " ", "\n", "0")) + old[at:]
        return copy.deepcopy(self._rng.choice(_VALUES))
