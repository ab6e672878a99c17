"""Too few descriptors, at the operator's end and at a peer's: raised, made do with, or told in one line."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path
from typing import Iterator

import pytest

from deploy.core.inventory import LOCAL, Host
from deploy.edge.hosts import connectionlimit as operators
from peer.edge import descriptors
from peer.edge.descriptors import FEW_FILES, OWN, WANTED, DescriptorError
from peer.edge.files import OpenFiles, by_path

ENDLESS = resource.RLIM_INFINITY


class Limits:
    """What getrlimit says, and setrlimit was told."""

    def __init__(self, soft: int, hard: int, fixed: bool = False) -> None:
        self.now = (soft, hard)
        self._fixed = fixed

    def get(self, _: int) -> "tuple[int, int]":
        return self.now

    def set(self, _: int, limits: "tuple[int, int]") -> None:
        if self._fixed:
            raise ValueError("not allowed to raise maximum limit")
        assert limits[1] == self.now[1], "the hard limit stays"
        self.now = limits


def limited(monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, fixed: bool = False) -> Limits:
    """Work under these limits; `fixed`: nobody may change them."""
    limits = Limits(soft, hard, fixed)
    monkeypatch.setattr(resource, "getrlimit", limits.get)
    monkeypatch.setattr(resource, "setrlimit", limits.set)
    return limits


NEEDED = OWN + FEW_FILES + 8  # of a peer with eight neighbours


@pytest.mark.parametrize(
    ("soft", "hard", "fixed", "after"),
    [
        (1024, 1_048_576, False, WANTED),
        (1024, ENDLESS, False, WANTED),
        (64, 512, False, 512),
        (NEEDED, NEEDED, False, NEEDED),
        (256, 4096, True, 256),
        (100_000, 1_048_576, False, 100_000),
        (ENDLESS, ENDLESS, False, ENDLESS),
    ],
)
def test_a_peer_raises_its_limit_as_far_as_it_may(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, fixed: bool, after: int
) -> None:
    limits = limited(monkeypatch, soft, hard, fixed)
    spare = descriptors.make_room(8)
    assert limits.now[0] == after
    assert spare == (WANTED if after == ENDLESS else after) - NEEDED


@pytest.mark.parametrize(("soft", "hard", "fixed"), [(20, 20, False), (8, NEEDED - 1, False), (20, 4096, True)])
def test_a_peer_with_too_few_says_how_many_it_needs(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, fixed: bool
) -> None:
    limited(monkeypatch, soft, hard, fixed)
    with pytest.raises(
        DescriptorError, match=rf"open, and needs {NEEDED} for 8 neighbours; raise the limit \(ulimit -n"
    ):
        descriptors.make_room(8)


def hosts(count: int, local: bool) -> "list[Host]":
    return [Host(f"h{n}", "127.0.0.1", "127.0.0.1", connection=LOCAL if local else "ssh") for n in range(count)]


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("count", [0, 1, 60, 300, 2000])
def test_the_operator_raises_the_limit_to_what_the_hosts_take(
    monkeypatch: pytest.MonkeyPatch, count: int, local: bool
) -> None:
    limits = limited(monkeypatch, 64, 1_048_576)
    operators.make_room(hosts(count, local))
    assert limits.now[0] >= (2 if local else 1) * count + 5
    limited(monkeypatch, ENDLESS, ENDLESS)
    operators.make_room(hosts(count, local))


@pytest.mark.parametrize(("soft", "hard", "fixed"), [(40, 40, False), (32, 64, False), (40, 4096, True)])
def test_an_operator_with_too_few_is_told_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, fixed: bool
) -> None:
    limited(monkeypatch, soft, hard, fixed)
    with pytest.raises(
        operators.DescriptorError, match=r"^this machine lets .* 40 hosts take \d+; .*ulimit -n .*--limit"
    ):
        operators.make_room(hosts(40, local=False))


@pytest.fixture
def ten_files(tmp_path: Path) -> Iterator[OpenFiles]:
    for number in range(10):
        (tmp_path / str(number)).write_text(str(number))
    files = OpenFiles(by_path(lambda number: str(tmp_path / str(number))), os.O_RDONLY)
    yield files
    files.close()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_payload_of_many_files_makes_do_with_few_descriptors(
    ten_files: OpenFiles, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """An unused one is given up for each; those in use stay."""
    really, closed, opened = os.open, os.close, []

    def open_few(path: str, flags: int) -> int:
        if len(opened) >= 3:
            raise OSError(number, os.strerror(number), path)
        opened.append(really(path, flags))
        return opened[-1]

    def close(descriptor: int) -> None:
        opened.remove(descriptor)
        closed(descriptor)

    monkeypatch.setattr(os, "open", open_few)
    monkeypatch.setattr(os, "close", close)
    with ten_files.descriptor(0) as first:
        for file in range(1, 10):
            with ten_files.descriptor(file) as descriptor:
                assert os.pread(descriptor, 9, 0) == str(file).encode()
        assert os.pread(first, 9, 0) == b"0"
        with ten_files.descriptor(1), ten_files.descriptor(2), pytest.raises(OSError, match=os.strerror(number)):
            ten_files.descriptor(3).__enter__()
    ten_files.close()
