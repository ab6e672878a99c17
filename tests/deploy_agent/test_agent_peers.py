"""Peers started through the agent: detached, idempotent, explained when they end, stopped for good."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.agent import locks, verbs
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import HostLink
from deploy.edge.tasks.manifests import Shelf, ask_manifest
from peer.core.followline import Alive, LogLine
from peer.core.manifest import payload_proof
from peer.edge import wholefile
from peer.edge.hashing import make_manifest
from tests.deploy_agent.pushed import NAME, NO_SHELF, SIZE, push
from tests.helpers.waiting import wait_for


def start(link: HostLink, peer: int) -> verbs.Started:
    return link.ask(verbs.Start(peer, within=30.0), 60)


def pid_of(answer: verbs.Started) -> int:
    assert answer.pid is not None
    return answer.pid


def test_a_peer_outlives_the_agent_that_started_it(open_link: Callable[[], HostLink]) -> None:
    link = open_link()
    push(link)
    answer = start(link, 1001)
    assert answer.listening and not answer.already
    link.close()
    os.kill(pid_of(answer), 0)  # lives
    assert os.getsid(pid_of(answer)) == answer.pid
    assert open_link().ask(verbs.Status((1001,))).peers[0].alive


def test_starting_twice_starts_once(link: HostLink) -> None:
    push(link)
    first, second = start(link, 1001), start(link, 1001)
    assert (second.already, second.pid) == (True, first.pid)


def test_nothing_of_the_agent_is_attached_to_a_peer(link: HostLink) -> None:
    push(link)
    pid = pid_of(start(link, 1001))
    targets = [os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)]
    assert targets[:2] == ["/dev/null"] * 2
    assert targets[2].endswith("stderr_1001.txt")


def test_a_peer_that_ends_at_once_says_why(link: HostLink) -> None:
    ports = push(link).ports
    with socket.create_server(("", ports[0])):
        answer = start(link, 1001)
    assert not answer.listening and answer.code != 0
    assert str(ports[0]) in answer.reason


def test_stop_ends_peers_and_says_which(link: HostLink) -> None:
    push(link)
    pid = pid_of(start(link, 1001))
    answer = link.ask(verbs.Stop((1001, 1002), within=20.0))
    assert answer == verbs.Stopped(stopped=(1001,), killed=(), left=(), idle=(1002,))
    wait_for(lambda: not Path(f"/proc/{pid}/cmdline").exists() or _is_zombie(pid), "the process to end")


def test_stop_ends_peers_that_an_inventory_no_longer_names(link: HostLink) -> None:
    push(link)
    pid = pid_of(start(link, 1001))
    assert link.ask(verbs.Stop((1002,), 20.0)).stopped == ()
    assert locks.working(os.readlink(f"/proc/{pid}/cwd"), [1001]) == {1001: pid}
    assert locks.working("/", [1001]) == {}
    answer = link.ask(verbs.Stop((1002,), 20.0, others=True))
    assert answer == verbs.Stopped(stopped=(1001,), killed=(), left=(), idle=(1002,))


def test_stop_kills_a_peer_that_does_not_listen_to_term(link: HostLink) -> None:
    push(link)
    pid = pid_of(start(link, 1001))
    os.kill(pid, 19)  # SIGSTOP: TERM waits until somebody continues it, KILL doesn't
    assert link.ask(verbs.Stop((1001,), within=0.2)).killed == (1001,)


def test_a_swarm_runs_and_is_verified_from_the_final_paths(link: HostLink, home: Path) -> None:
    manifest = push(link).manifest
    start(link, 1001), start(link, 1002)
    assert set(link.follow({}, until_done=True)) >= {Alive(1001, False), Alive(1002, False)}
    copies = link.ask(verbs.Verify((1001, 1002), NAME, SIZE), 60).copies
    assert [(copy.ok, copy.proof) for copy in copies] == [(True, payload_proof(manifest))] * 2
    assert copies[1].path == str(home / "peer_1002" / NAME)
    (home / "peer_1002" / NAME).write_bytes(b"rot")
    bad = link.ask(verbs.Verify((1002,), NAME, SIZE), 60).copies[0]
    assert not bad.ok and bad.problem


def test_following_again_repeats_no_line(link: HostLink) -> None:
    push(link)
    start(link, 1001), start(link, 1002)

    def followed(offset: int) -> list[LogLine]:
        lines = link.follow({1002: offset}, until_done=True)
        return [line for line in lines if isinstance(line, LogLine) and line.peer == 1002]

    lines = followed(0)
    middle = lines[len(lines) // 2]
    assert followed(middle.offset) == lines[len(lines) // 2 + 1 :]


def test_collect_sends_logs_but_no_payload_and_no_keys(link: HostLink) -> None:
    push(link)
    link.ask(verbs.Status((1001,)))
    got: dict[str, bytes] = {}
    answer = link.ask(verbs.Collect(), on_part=lambda name, data: got.update({name: got.get(name, b"") + data}))
    assert set(answer.files) == set(got) == {"Common.cfg", "PeerInfo.cfg", "swarm.json"}
    assert all(len(got[name]) == size for name, size in answer.files.items())


def test_the_test_payload_is_made_once(link: HostLink) -> None:
    push(link)
    same = verbs.Generate(peer=1001, name=NAME, size=300_000, seed=1)
    assert link.ask(same).made is False
    assert link.ask(same._replace(size=300_001)).made is True


def test_a_made_payload_is_hashed_while_it_is_made(link: HostLink, home: Path) -> None:
    push(link)
    link.ask(verbs.Generate(peer=1001, name=NAME, size=300_001, seed=1, piece_size="65536"))
    request = verbs.Manifest(peer=1001, name=NAME, piece_size="65536")
    assert link.ask(request).hashed is False
    made = make_manifest(str(home / "peer_1001" / NAME), 65536, NAME)
    assert ask_manifest(link, request, NO_SHELF) == made
    assert link.ask(request._replace(piece_size="131072")).hashed is True


def test_a_large_files_sha256_is_made_beside(link: HostLink, home: Path) -> None:
    push(link)
    path = home / "peer_1001" / NAME
    os.truncate(path, wholefile.AT_ONCE + 1)
    assert link.ask(verbs.Manifest(peer=1001, name=NAME, piece_size="auto")).hashed is True
    note = home / "sha256_1001.json"
    wait_for(lambda: note.exists() and wholefile.read_note(note.read_bytes(), str(path)), "its note")
    assert wholefile.read_note(note.read_bytes(), str(path)) == wholefile.sha256_of(str(path))


def test_an_unchanged_payload_is_not_hashed_again_and_of_a_changed_one_only_what_changed_is_told(
    link: HostLink, home: Path, tmp_path: Path
) -> None:
    manifest = push(link).manifest
    request, shelf = verbs.Manifest(peer=1001, name=NAME, piece_size="65536"), Shelf(tmp_path, tmp_path / "run")
    assert link.ask(request).hashed is False
    assert ask_manifest(link, request, shelf) == manifest
    came: list[bytes] = []
    assert link.ask(request._replace(have=shelf.names), on_part=lambda _, data: came.append(data)).older
    assert len(b"".join(came)) < 50
    (home / "peer_1001" / NAME).write_bytes(b"changed")
    changed = link.ask(request._replace(have=shelf.names))
    assert changed.hashed is True and changed.older == shelf.names[0]
    assert ask_manifest(link, request, shelf).size == 7
    for one in shelf.names:  # somebody wrote to all of them
        (tmp_path / "run" / f"{one}.manifest.json").write_text("{}")
        assert shelf.find(one) is None
    assert ask_manifest(link, request, shelf).size == 7


def test_a_seed_without_its_payload_is_named(link: HostLink, tmp_path: Path) -> None:
    push(link)
    lost = str(tmp_path / "lost")
    with pytest.raises(HostError, match=f"isn't there: {lost}"):
        link.ask(verbs.Prepare((verbs.Place(1001, source=lost),), NAME))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
