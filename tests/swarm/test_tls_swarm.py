"""A fleet swarm that speaks TLS: it works, and who has no key of this swarm, or another peer's, gets nothing."""

from __future__ import annotations

import datetime
import json
import os
import socket
import ssl
from pathlib import Path
from typing import Callable, Dict

import pytest

from deploy.edge.pushed.authority import PeerKeys, make_keys
from peer.core import handshake
from peer.core.errors import EXIT_USAGE
from tests.helpers.swarmfolder import SwarmFolder
from tests.helpers.waiting import DEADLINE
from tests.swarm.process import Starter, assert_all_well

MakeFolder = Callable[..., SwarmFolder]


def keys_of(folder: SwarmFolder) -> Dict[int, PeerKeys]:
    return make_keys(folder.ids, datetime.datetime.now(datetime.timezone.utc))


def hand_out(folder: SwarmFolder, keys: Dict[int, PeerKeys]) -> None:
    """Switch TLS on and put each peer's keys where `fab deploy` puts them."""
    swarm = json.loads((folder.root / "swarm.json").read_text())
    (folder.root / "swarm.json").write_text(json.dumps({**swarm, "tls": True}))
    for peer, files in keys.items():
        place = folder.root / f"keys_{peer}"
        place.mkdir(mode=0o700)
        for name, data in files._asdict().items():
            (place / f"{name}.pem").write_bytes(data)
            (place / f"{name}.pem").chmod(0o600)


def context_of(keys: PeerKeys, tmp_path: Path) -> ssl.SSLContext:
    """What a caller who holds these keys would use."""
    for name, data in keys._asdict().items():
        (tmp_path / f"{name}.pem").write_bytes(data)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


def answer(sock: socket.socket, said: bytes) -> bytes:
    """What comes back; nothing where the other end hangs up, in whatever way."""
    sock.settimeout(DEADLINE)
    try:
        sock.sendall(said)
        return sock.recv(handshake.LENGTH)
    except OSError:
        return b""


def test_a_tls_swarm_ends_equal(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(profile="fleet", peers=4)
    hand_out(folder, keys_of(folder))
    processes = starter.start_all(folder)
    assert_all_well(*processes.values())
    folder.assert_equal(*folder.ids)


@pytest.mark.parametrize("caller", ["no TLS", "another swarm's keys", "another peer's keys", "its own keys"])
def test_only_the_owner_of_a_certificate_is_answered(
    starter: Starter, swarm_folder: MakeFolder, tmp_path: Path, caller: str
) -> None:
    folder = swarm_folder(profile="fleet", peers=3)
    keys = keys_of(folder)
    hand_out(folder, keys)
    seed, pretended, other = folder.ids
    starter.start_listening(folder, seed)
    said = handshake.encode(pretended, handshake.fleet_style(folder.manifest.digest))
    with socket.create_connection(("127.0.0.1", folder.row(seed).port), DEADLINE) as sock:
        if caller == "no TLS":
            assert HEADER not in answer(sock, said)
            return
        foreign = make_keys([pretended], datetime.datetime.now(datetime.timezone.utc))
        held = {"another swarm's keys": foreign[pretended], "another peer's keys": keys[other]}
        context = context_of(held.get(caller, keys[pretended]), tmp_path)
        with context.wrap_socket(sock) as secure:
            assert (answer(secure, said)[:18] == HEADER) == (caller == "its own keys")


HEADER = handshake.HEADER


def test_a_key_that_others_may_read_is_refused(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(profile="fleet", peers=2)
    hand_out(folder, keys_of(folder))
    key = folder.root / f"keys_{folder.ids[0]}" / "key.pem"
    key.chmod(0o644)
    process = starter.start(folder, folder.ids[0])
    assert process.wait() == EXIT_USAGE
    assert "other users may read it" in process.stderr
    assert os.path.exists(key), "what is wrong with it is for its owner to mend"


def test_missing_keys_are_named(starter: Starter, swarm_folder: MakeFolder) -> None:
    folder = swarm_folder(profile="fleet", peers=2)
    hand_out(folder, {})
    process = starter.start(folder, folder.ids[0])
    assert process.wait() == EXIT_USAGE
    assert "keys_" in process.stderr and "deploy again" in process.stderr
