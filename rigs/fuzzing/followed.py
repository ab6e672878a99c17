"""The program in a guided target's process: python -m rigs.fuzzing.followed TARGET [options of libFuzzer].

Readers have to be imported under the eyes of atheris, so nothing of ours is imported before.
"""

from __future__ import annotations

import sys
import tempfile
from random import Random
from typing import List

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

READERS = ["peer.core", "deploy.core"]  # the packages whose code is followed


def main(name: str, options: List[str]) -> None:
    """Fuzz one target; never returns."""
    with atheris.instrument_imports(include=READERS, enable_loader_override=False):
        if name == "inventory":
            import deploy.core.inventory
            import deploy.core.placement
            import deploy.core.plan  # noqa: F401
        from rigs.fuzzing.targets import TARGETS
    from rigs.fuzzing import corpus
    from rigs.fuzzing.mutate import Mutator

    target = TARGETS[name]
    kept = corpus.load(name)

    def change(data: bytes, most: int, seed: int) -> bytes:
        rng = Random(seed)
        if rng.random() < 0.5:
            return Mutator(target, kept, rng).change(data)[:most]
        return bytes(atheris.Mutate(data, most))

    with tempfile.NamedTemporaryFile("w", suffix=".dict") as words:
        words.writelines('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in target.words)
        words.flush()
        ways = {"custom_mutator": change} if target.structured else {}
        atheris.Setup([name, *options, f"-max_len={target.most}", f"-dict={words.name}"], target.run, **ways)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
