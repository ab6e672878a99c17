"""What a second operator is told of the first."""

from __future__ import annotations

import pytest

from deploy.core.claimants import busy_with


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (("", 0.0, "", ()), "another operator is deploying this swarm"),
        (("ada@here", 4.4, "", ()), "another operator, ada@here, has been deploying this swarm for 4 s (just begun)"),
        (
            ("ada@here", 240.0, "hashing f: 1 GiB of 8 GiB", ()),
            "another operator, ada@here, has been deploying this swarm for 4 min (hashing f: 1 GiB of 8 GiB)",
        ),
        (
            ("ada@here", 8000.0, "hashing f: 1 GiB of 8 GiB", (1001, 1002)),
            "another operator, ada@here, has been deploying this swarm for 2 h "
            "(its peer 1001 runs; `fab status` shows how far it is)",
        ),
    ],
)
def test_who_deploys_since_when_and_how_far(known: tuple[str, float, str, tuple[int, ...]], words: str) -> None:
    assert busy_with(*known) == words
