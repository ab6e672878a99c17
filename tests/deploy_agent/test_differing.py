"""What is packed by its difference comes through as it was, costs what differs, and damage is one error."""

from __future__ import annotations

import contextlib
import random
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.agent import differing, manifestway
from peer.core.manifestjson import from_json, to_json
from tests.core.fuzz import fuzz
from tests.core.samples import tree_of

TEXTS = st.binary(max_size=300) | st.builds(
    lambda seed, size: random.Random(seed).randbytes(size), st.integers(0, 3), st.integers(0, 60_000)
)


@fuzz
@given(TEXTS, TEXTS)
def test_there_and_back(new: bytes, older: bytes) -> None:
    assert differing.unpack(differing.pack(new, older), len(new), older) == new


@pytest.mark.parametrize(
    ("change", "most"),
    [
        (lambda old: old, 200),
        (lambda old: old[:100_000] + bytes(32) + old[100_032:], 500),
        (lambda old: b"x" * 32 + old, 500),
        (lambda old: old[:5_000] + old[300_000:], 12_000),
        (lambda old: old[:5_000] + random.Random(2).randbytes(100_000) + old[5_000:], 112_000),
    ],
    ids=["nothing", "one in place", "one in front", "many left out", "many put in"],
)
def test_it_costs_what_differs(change: Callable[[bytes], bytes], most: int) -> None:
    older = random.Random(1).randbytes(500_000)
    new = change(older)
    packed = differing.pack(new, older)
    assert len(packed) <= most
    assert differing.unpack(packed, len(new), older) == new


@fuzz
@given(st.binary(max_size=200), st.integers(0, 1000), TEXTS)
def test_damage_is_one_error_and_never_too_long(packed: bytes, size: int, older: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert len(differing.unpack(packed, size, older)) == size


def test_a_manifest_is_told_by_what_is_new_in_it() -> None:
    files, hashes = [(f"d{number // 50:03}/file{number:05}", 9) for number in range(3_000)], random.Random(1).randbytes
    first = tree_of(files, [], 65_536)._replace(blocks=hashes(3_000 * 32))
    second = tree_of([("0 added", 9), *files[:-1]], [], 65_536)._replace(blocks=hashes(32) + first.blocks[:-32])
    one, other = manifestway.parted(to_json(first)), manifestway.parted(to_json(second))
    whole, little = manifestway.pack(other, (None, one), ()), manifestway.pack(other, (None, one), (one.name,))
    assert (whole.older, little.older) == ("", one.name)
    assert len(little.data) < 2_000 < len(whole.data) / 10
    for packed, older in ((whole, None), (little, one)):
        found = manifestway.unpack(packed.data, other.sizes, older)
        assert found.name == other.name
        assert from_json(found.fields, "it") == second
    with pytest.raises(ValueError, match="texts"):
        manifestway.unpack(little.data, [2**40, 0, 0], one)
