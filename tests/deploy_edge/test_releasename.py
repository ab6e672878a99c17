"""What a payload's release is known by."""

from __future__ import annotations

from deploy.edge.tasks.releasename import key_of
from tests.core.samples import manifest_of, payload


def test_a_payload_is_the_same_release_in_pieces_of_any_size() -> None:
    kib = 1024
    one = manifest_of(payload(300 * kib), 64 * kib)
    other = one._replace(piece_size=128 * kib)
    assert one.digest != other.digest
    assert key_of(one) == key_of(other)
    assert key_of(one) != key_of(manifest_of(payload(300 * kib, seed=1), 64 * kib))
