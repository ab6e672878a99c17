"""Real swarms of payloads with zeros, equal blocks and older versions: what travels is what is new."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Callable, Dict

from peer.core.status import Status
from tests.helpers.swarmfolder import SwarmFolder
from tests.swarm.process import Starter, assert_all_well

MakeFolder = Callable[..., SwarmFolder]
BLOCK = 64 * 1024


def statuses(starter: Starter, folder: SwarmFolder) -> Dict[int, Status]:
    """What the leechers of a swarm know, when all peers have left by themselves."""
    processes = starter.start_all(folder)
    assert_all_well(*processes.values())
    folder.assert_equal()
    return {peer: processes[peer].status for peer in folder.leechers}


def test_only_what_is_new_travels(starter: Starter, swarm_folder: MakeFolder, tmp_path: Path) -> None:
    rng = Random(1)
    folder = swarm_folder(peers=4, piece_size=16 * BLOCK, profile="fleet")
    ones = [rng.randbytes(BLOCK) for _ in range(20)]
    with folder.payload.open("wb") as file:
        file.writelines([*ones, bytes(200 * BLOCK), *ones[:10], rng.randbytes(99)])
    folder.renew()
    for status in statuses(starter, folder).values():
        assert (status.bytes_zero, status.bytes_kept) == (200 * BLOCK, 0)
        assert status.bytes_twin + status.bytes_down >= 30 * BLOCK + 99
        assert 20 * BLOCK + 99 <= status.bytes_down <= 30 * BLOCK + 99
    held = folder.path_of(1002).stat().st_blocks * 512
    assert held <= 32 * BLOCK, "zeros are holes"

    with folder.payload.open("r+b") as file:
        file.seek(4 * BLOCK)
        file.write(rng.randbytes(BLOCK))
        file.seek(40 * BLOCK)
        file.write(rng.randbytes(BLOCK))
    folder.renew()
    for status in statuses(starter, folder).values():
        assert status.bytes_kept == 29 * BLOCK + 99 and status.bytes_zero == 199 * BLOCK
        assert 2 * BLOCK <= status.bytes_down <= 6 * BLOCK

    processes = starter.start_all(folder)
    assert_all_well(*processes.values())
    assert all(processes[peer].status.bytes_down == 0 for peer in folder.leechers), "all is here"

    mixed = folder.twin(tmp_path / "mixed", "fleet")
    classic = folder.twin(tmp_path / "classic", "classic")
    places = {1001: mixed, 1002: mixed, 1003: classic, 1004: mixed}
    assert_all_well(*[starter.start(place, peer) for peer, place in places.items()])
    for peer, place in places.items():
        assert place.path_of(peer).read_bytes() == folder.payload.read_bytes()
    (found,) = [status for status in [classic.status(1003)] if status]
    assert found.bytes_zero == found.bytes_twin == 0 and found.bytes_down >= classic.manifest.size
