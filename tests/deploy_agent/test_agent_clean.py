"""`clean` leaves nothing of ours and takes nothing that isn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent import verbs
from deploy.edge.hosts.errors import HostError
from deploy.edge.hosts.host import HostLink
from deploy.edge.pushed.bundle import parcel, send
from tests.deploy_agent.pushed import NAME, push


def test_nothing_is_left_not_even_the_folders_above(link: HostLink, tmp_path: Path) -> None:
    push(link)
    assert link.ask(verbs.Clean()).foreign == ()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_stays(link: HostLink, home: Path) -> None:
    home.parent.mkdir()
    push(link)
    link.ask(verbs.Clean())
    assert home.parent.is_dir() and not home.exists()


def test_cleaning_twice_is_no_error(link: HostLink) -> None:
    push(link)
    link.ask(verbs.Clean())
    assert link.ask(verbs.Clean()).was_there is False


def test_foreign_files_stay_and_are_named(link: HostLink, home: Path) -> None:
    push(link)
    (home / "thesis.tex").write_text("mine")
    assert link.ask(verbs.Clean()).foreign == ("thesis.tex",)
    assert [path.name for path in home.iterdir() if path.name != ".weft"] == ["thesis.tex"]


def test_a_folder_that_we_did_not_make_is_refused(link: HostLink, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "Common.cfg").write_text("mine")
    with pytest.raises(HostError, match="isn't a folder that Weft made"):
        link.ask(verbs.Clean())
    assert (home / "Common.cfg").exists()


def test_a_running_peer_is_not_pulled_from_under(link: HostLink, home: Path) -> None:
    push(link)
    link.ask(verbs.Start(peer=1001, within=30.0), 60)
    with pytest.raises(HostError, match="1001 still runs"):
        link.ask(verbs.Clean())
    assert (home / "peer.pyz").exists()


def test_a_delivered_payload_stays_at_its_destination(link: HostLink, home: Path, tmp_path: Path) -> None:
    push(link)
    models = tmp_path / "models"
    link.ask(verbs.Prepare((verbs.Place(1002, destination=str(models)),), NAME))
    mine = ["other.bin", f"{NAME}.part", f"{NAME}.map", f"{NAME}.old.part", ".incoming-0", ".weft-0123456789abcdef"]
    for name in (NAME, *mine):
        (models / name).write_bytes(b"x")
    link.ask(verbs.Clean())
    assert sorted(path.name for path in models.iterdir()) == sorted([NAME, *mine])
    assert not home.exists()


def test_a_seeds_own_payload_is_only_unlinked(link: HostLink, home: Path, tmp_path: Path) -> None:
    push(link)
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights").write_bytes(b"w")
    (home / "peer_1001" / NAME).unlink()
    link.ask(verbs.Prepare((verbs.Place(1001, source=str(model)),), NAME))
    assert (home / "peer_1001" / NAME / "weights").exists()
    link.ask(verbs.Clean())
    assert (model / "weights").read_bytes() == b"w"


def test_a_read_only_tree_goes_too(link: HostLink, tmp_path: Path) -> None:
    send(link, [parcel("peer_1001/tree/deep/file", b"x", 0o444)], folders=[("peer_1001/tree/deep", 0o555)])
    link.ask(verbs.Clean())
    assert list(tmp_path.iterdir()) == []
