"""What the agent receives: written whole or not at all, with its mode, and never outside the swarm's folder."""

from __future__ import annotations

import io
import random
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.agent import bundle, lines, verbs
from deploy.agent.context import Context
from deploy.agent.packing import pack, unpack
from deploy.agent.watchdog import Guard
from deploy.agent.wire import AgentError, Wire
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import HostLink
from deploy.edge.pushed.bundle import Parcel, missing, packed, parcel, send


def test_files_arrive_with_bytes_and_modes(link: HostLink, home: Path) -> None:
    parcels = [
        parcel("peer.pyz", b"code" * 500_000),
        parcel("keys_1001/key.pem", b"secret", 0o600),
        parcel("Common.cfg", b""),
    ]
    send(link, parcels)
    assert (home / "peer.pyz").read_bytes() == b"code" * 500_000
    assert (home / "keys_1001" / "key.pem").read_bytes() == b"secret"
    assert (home / "keys_1001" / "key.pem").stat().st_mode & 0o777 == 0o600
    assert (home / "keys_1001").stat().st_mode & 0o777 == 0o700
    assert (home / "Common.cfg").read_bytes() == b""


def test_what_is_there_with_the_same_hash_is_not_sent_again(link: HostLink) -> None:
    parcels = [parcel("peer.pyz", b"code"), parcel("Common.cfg", b"old")]
    send(link, parcels)
    changed = [parcels[0], parcel("Common.cfg", b"new")]
    assert missing(changed, link.ask(verbs.State()).have) == changed[1:]


@pytest.mark.parametrize(
    "path", ["../evil", "/etc/evil", "peer_1001/../../evil", "keys_1001/..", "evil", "peer_1001//x", "", ".ssh/x"]
)
def test_a_name_that_is_not_ours_is_refused(link: HostLink, tmp_path: Path, path: str) -> None:
    send(link, [parcel("Common.cfg", b"x")])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(HostError):
        send(link, [parcel(path, b"evil")])
    assert sorted(tmp_path.rglob("*")) == before


def test_a_damaged_transfer_changes_nothing(link: HostLink, home: Path) -> None:
    send(link, [parcel("Common.cfg", b"good")])
    with pytest.raises(HostError, match="arrived damaged"):
        send(link, [parcel("Common.cfg", b"evil")._replace(hash="00" * 32)])
    assert (home / "Common.cfg").read_bytes() == b"good"
    assert [path.name for path in home.iterdir() if path.name.startswith(".incoming")] == []


def test_the_link_goes_on_after_a_refused_transfer(link: HostLink, home: Path) -> None:
    with pytest.raises(HostError):
        send(link, [parcel("evil", b"x" * 3_000_000)])
    send(link, [parcel("Common.cfg", b"good")])
    assert (home / "Common.cfg").read_bytes() == b"good"


def test_a_folder_with_foreign_files_is_not_touched(link: HostLink, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "Common.cfg").write_text("somebody's homework")
    with pytest.raises(HostError, match="aren't Weft's"):
        send(link, [parcel("Common.cfg", b"new")])
    assert (home / "Common.cfg").read_text() == "somebody's homework"


def test_a_tree_arrives_with_its_folders_and_replaces_the_old_one(link: HostLink, home: Path) -> None:
    old = home / "peer_1001" / "tree"
    send(link, [parcel("peer_1001/tree/old.txt", b"old")])
    assert (old / "old.txt").exists()
    files = [parcel("peer_1001/tree/a b/$(x).txt", b"1", 0o755)]
    send(link, files, folders=[("peer_1001/tree/empty", 0o755), ("peer_1001/tree/a b", 0o555)])
    assert not (old / "old.txt").exists()
    assert (old / "empty").is_dir()
    assert (old / "a b" / "$(x).txt").stat().st_mode & 0o777 == 0o755
    assert (old / "a b").stat().st_mode & 0o777 == 0o555


def test_a_file_that_became_shorter_is_not_taken_for_whole(link: HostLink, home: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 1000)
    short = Parcel("peer_1001/file", 0o644, 2000, parcel("", b"x" * 2000).hash, source=source)
    with pytest.raises(HostError, match="damaged"):
        send(link, [short])
    assert not (home / "peer_1001" / "file").exists()


def received(home: Path, data: bytes, wire: Wire) -> None:
    request = verbs.Receive((verbs.PushedFile("Common.cfg", 0o644, len(data), ""),))
    bundle.receive(request, Context(str(home), wire, Guard(), Mock()))


@pytest.mark.parametrize("end", ["too early", "another operator"])
def test_a_transfer_that_was_cut_off_leaves_the_later_one_alone(home: Path, end: str) -> None:
    """Its agent may notice only when the next deploy has sent the same file, or never."""

    class Whole(Wire):
        def body(self, size: int) -> Iterator[bytes]:
            yield b"new"

    class Cut(Wire):
        def body(self, size: int) -> Iterator[bytes]:
            yield b"old"
            received(home, b"new", Whole(io.BytesIO(), io.BytesIO()))
            if end == "too early":
                raise AgentError("the transfer ended too early")

    with pytest.raises(AgentError, match=end):
        received(home, b"old", Cut(io.BytesIO(), io.BytesIO()))
    assert (home / "Common.cfg").read_bytes() == b"new"
    assert sorted(path.name for path in home.iterdir()) == [".weft", "Common.cfg"]


def test_an_agent_whose_transfer_stalls_ends() -> None:
    """A line that was cut looks like a slow one, and the operator has gone."""
    code = "from deploy.agent import clocks; clocks.STALL = 0.1; from deploy.agent import handlers; handlers.main()"
    root = str(Path(bundle.__file__).parents[2])
    request = lines.Envelope("fly", "nowhere", 60.0, 10, {})
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdin=pipe, stdout=pipe) as agent:
        assert agent.stdin is not None
        agent.stdin.write(lines.write(request) + b"12345")
        agent.stdin.flush()
        assert agent.wait(30) == 75


def test_the_record_of_many_deployments_stays_short(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sent(Wire):
        def body(self, size: int) -> Iterator[bytes]:
            yield b"new"

    monkeypatch.setattr("peer.edge.ours.recordview._LONG", 3000)
    sizes = []
    for _ in range(40):
        received(home, b"new", Sent(io.BytesIO(), io.BytesIO()))
        sizes.append((home / ".weft").stat().st_size)
    assert max(sizes) < 4000
    assert (home / "Common.cfg").read_bytes() == b"new"


# ---- packed on the way


def test_a_packed_file_arrives_as_it_was(link: HostLink, home: Path) -> None:
    data = b"".join(b"%d " % number for number in range(400_000))
    parcels = [parcel("Common.cfg", b"x"), packed(parcel("swarm.json", data)), parcel("PeerInfo.cfg", b"y")]
    assert send(link, parcels) < len(data) / 2
    assert [(home / one.path).read_bytes() for one in parcels] == [b"x", data, b"y"]
    assert missing(parcels, link.ask(verbs.State()).have) == []


def test_what_gets_no_shorter_travels_as_it_is() -> None:
    for data in (b"short" * 1000, random.Random(1).randbytes(100_000)):
        assert packed(parcel("swarm.json", data)) == parcel("swarm.json", data)


@pytest.mark.parametrize("change", [lambda data: data[:-9], lambda data: b"?" + data[1:], lambda _: pack(b"x" * 10**6)])
def test_what_arrives_damaged_changes_nothing(link: HostLink, home: Path, change: Callable[[bytes], bytes]) -> None:
    send(link, [parcel("swarm.json", b"good")])
    one = packed(parcel("swarm.json", b"evil" * 50_000))
    with pytest.raises(HostError, match=r"swarm\.json arrived damaged"):
        send(link, [one._replace(packed=change(one.packed)), parcel("Common.cfg", b"x")])
    assert (home / "swarm.json").read_bytes() == b"good"
    send(link, [one])  # the rest of the damaged transfer isn't taken for a request
    assert (home / "swarm.json").read_bytes() == b"evil" * 50_000


@given(st.binary(max_size=3000), st.integers(1, 400), st.integers(1, 500), st.integers(-3, 3))
def test_unpacking_gives_what_was_announced_or_an_error(data: bytes, times: int, step: int, more: int) -> None:
    data *= times
    sent, size = pack(data), max(0, len(data) + more)
    parts = (sent[begin : begin + step] for begin in range(0, len(sent), step))
    if size > len(data):
        with pytest.raises(zlib.error):
            list(unpack(parts, size))
    else:
        assert b"".join(unpack(parts, size)) == data[:size]
