"""The command line: for everything that a person can get wrong one line with a remedy, an exit code, and no harm."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Callable, Dict, Iterator, Union

import pytest

from peer.core.manifest import payload_proof
from peer.core.manifestjson import from_json
from peer.edge.commands import main
from peer.edge.hashing import make_manifest
from peer.edge.lock import Lock
from tests.edge.command import Said, run
from tests.helpers.swarmfolder import NAME, SwarmFolder, Wish

Spoil = Callable[[SwarmFolder], object]
SEED, LEECHER = 1001, 1002
MAKES_OWN = re.compile(
    r"record_|(status|lock|trace)_\d+|log_peer_\d+|peer_1002"
)  # what a peer may write, and then give up


@pytest.fixture
def folder(swarm_folder: Callable[..., SwarmFolder]) -> SwarmFolder:
    return swarm_folder(peers=3)


@pytest.fixture
def manifested(swarm_folder: Callable[..., SwarmFolder]) -> SwarmFolder:
    """With a swarm.json."""
    return swarm_folder(peers=3, profile="fleet", tree=True)


def contents(root: Path) -> Dict[str, str]:
    """Hashes of all files that a failing peer must leave as they were."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    named = {str(path.relative_to(root)): path for path in files}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in named.items()
            if not MAKES_OWN.match(name)}  # fmt: skip


def expect_refusal(
    folder: SwarmFolder, peer: int, code: int, words: str, by: Callable[..., Said] = run, **options: bool
) -> None:
    """The peer ends at once with one line that holds `words` (a pattern), and destroys nothing."""
    before = contents(folder.root)
    said = by(peer, "--dir", folder.root, "--patience", 5, **options)
    assert re.search(words, said.line), said.line
    assert re.match(rf"peer(?: {peer})?: ", said.line)
    assert "; " in said.line, "a remedy follows the problem"
    assert said.code == code
    assert said.out == ""
    assert contents(folder.root) == before


def set_line(name: str, number: int, text: str) -> Spoil:
    """Put `text` in the place of a line (counted from 1) of a configuration file."""

    def spoil(folder: SwarmFolder) -> None:
        lines = (folder.root / name).read_text().splitlines()
        lines[number - 1 : number] = [text] if text else []
        (folder.root / name).write_text("\n".join(lines) + "\n")

    return spoil


def write(name: str, data: bytes) -> Spoil:
    return lambda folder: (folder.root / name).write_bytes(data)


def make_folder(name: str) -> Spoil:
    return lambda folder: ((folder.root / name).unlink(), (folder.root / name).mkdir())


# ---- the two classic files

COMMON, INFO = "Common.cfg", "PeerInfo.cfg"


@pytest.mark.parametrize(
    "spoil, words",
    [
        (set_line(COMMON, 5, ""), r"Common\.cfg: FileSize is missing; add a line 'FileSize <value>'"),
        (set_line(COMMON, 5, "FileSize"), r"Common\.cfg:5: FileSize is '', not a whole number; write a number"),
        (set_line(COMMON, 5, "FileSize 20MiB"), r"Common\.cfg:5: FileSize is '20MiB', not a whole number; write"),
        (set_line(COMMON, 5, "FileSize -1"), r"Common\.cfg:5: FileSize is '-1', not a whole number; write"),
        (set_line(COMMON, 5, "FileSize 9" + "9" * 30), r"Common\.cfg:5: FileSize is 99+; write a number from 0"),
        (set_line(COMMON, 6, "PieceSize 0"), r"Common\.cfg:6: PieceSize is 0; write a number from 1"),
        (set_line(COMMON, 1, "NumberOfPreferredNeighbors two"), r"Common\.cfg:1: NumberOf.* is 'two', not a whole"),
        (set_line(COMMON, 2, "UnchokingInterval 0"), r"Common\.cfg:2: UnchokingInterval is '0'; write a number of s"),
        (set_line(COMMON, 3, "OptimisticUnchokingInterval nan"), r"Common\.cfg:3: Optim.* is 'nan'; write"),
        (set_line(COMMON, 4, "FileName ../etc/passwd"), r"Common\.cfg:4: FileName is '\.\./etc/passwd'; write a plain"),
        (set_line(COMMON, 4, "FileSize 5\nFileSize 6"), r"Common\.cfg:5: FileSize is here a second time; keep one"),
        (write(COMMON, b""), r"Common\.cfg: NumberOfPreferredNeighbors is missing; add"),
        (write(COMMON, b"\xff\xfe\0\0 binary"), r"Common\.cfg: it isn't text in UTF-8; write it as plain text"),
        (make_folder(COMMON), r"Common\.cfg: is a directory; put it there, or name its folder with --dir"),
        (lambda folder: (folder.root / COMMON).unlink(), r"Common\.cfg: no such file or directory; put it there"),
        (set_line(INFO, 2, "1001 127.0.0.1 6009 0"), r"PeerInfo\.cfg:2: peer 1001 is at .*:1 already; give each"),
        (set_line(INFO, 3, "1003 127.0.0.1 6009"), r"PeerInfo\.cfg:3: 3 words where 4 belong; write 'peerID host"),
        (set_line(INFO, 3, "1003 127.0.0.1 0 0"), r"PeerInfo\.cfg:3: the port is 0; write a number from 1 to 65535"),
        (set_line(INFO, 3, "1003 127.0.0.1 66000 0"), r"PeerInfo\.cfg:3: the port is 66000; write a number"),
        (set_line(INFO, 3, "1003 127.0.0.1 http 0"), r"PeerInfo\.cfg:3: the port is 'http', not a whole number; w"),
        (set_line(INFO, 3, "three 127.0.0.1 6009 0"), r"PeerInfo\.cfg:3: the peer ID is 'three', not a whole"),
        (set_line(INFO, 3, "4294967296 127.0.0.1 6009 0"), r"PeerInfo\.cfg:3: the peer ID is 4294967296; write"),
        (set_line(INFO, 3, "1003 127.0.0.1 6009 yes"), r"PeerInfo\.cfg:3: hasFile is 'yes'; write 1 .* or 0"),
        (write(INFO, b"\n\n"), r"PeerInfo\.cfg: it names no peer; add a line"),
        (lambda folder: (folder.root / INFO).unlink(), r"PeerInfo\.cfg: no such file or directory; put it there"),
    ],
    ids=lambda value: "" if callable(value) else value[:60],
)
def test_broken_classic_files(folder: SwarmFolder, spoil: Spoil, words: str, run_here: Callable[..., Said]) -> None:
    spoil(folder)
    expect_refusal(folder, LEECHER, 2, words, by=run_here)


@pytest.mark.parametrize("name", [COMMON, INFO])
def test_a_seed_is_refused_as_leechers_are(folder: SwarmFolder, name: str) -> None:
    """The files are read before a peer knows which it is."""
    write(name, b"\xff\xfe\0\0 binary")(folder)
    expect_refusal(folder, SEED, 2, rf"{name}:?1?: it isn't text in UTF-8; write it as plain text")


def test_an_unknown_id(folder: SwarmFolder) -> None:
    expect_refusal(folder, 1999, 2, r"PeerInfo\.cfg: it names no peer 1999; start one of 1001, 1002, 1003, or add")


def test_a_folder_that_isnt_there(folder: SwarmFolder) -> None:
    said = run(SEED, "--dir", folder.root / "nowhere")
    assert re.search(r"nowhere/Common\.cfg: no such file or directory; .*--dir", said.line)
    assert said.code == 2


def test_an_unreadable_folder(public_folder: Path) -> None:
    folder = SwarmFolder(public_folder / "swarm", Wish())
    folder.root.chmod(0o000)
    said = run(SEED, "--dir", folder.root, as_nobody=True)
    folder.root.chmod(0o755)
    assert re.search(r"Common\.cfg: permission denied; put it there, or name", said.line)
    assert said.code == 2


def test_a_folder_that_may_not_be_written(public_folder: Path) -> None:
    folder = SwarmFolder(public_folder / "swarm", Wish())
    folder.root.chmod(0o555)
    expect_refusal(folder, LEECHER, 1, r"record_1002: Permission denied; give this user the right", as_nobody=True)


# ---- swarm.json


def change_json(**fields: object) -> Spoil:
    """Replace fields of swarm.json, or of its manifest; `payload` is the manifest's name."""

    def spoil(folder: SwarmFolder) -> None:
        text = json.loads((folder.root / "swarm.json").read_text())
        for name, value in fields.items():
            (text if name in text else text["manifest"])[name.replace("payload", "name")] = value
        (folder.root / "swarm.json").write_text(json.dumps(text))

    return spoil


@pytest.mark.parametrize(
    "spoil, words",
    [
        (write("swarm.json", b'{"format": 1,'), r"swarm\.json: not JSON \(.*\); deploy again"),
        (write("swarm.json", b"[]"), r"swarm\.json: not a JSON object; deploy again"),
        (write("swarm.json", b"\xff\xff"), r"swarm\.json: it isn't text in UTF-8"),
        (change_json(format=1), r"swarm\.json: its format is 1, this peer reads 2; deploy again"),
        (change_json(profile="fast"), r"swarm\.json: profile is 'fast'; write classic or fleet"),
        (change_json(limits={"patience": 0}), r"swarm\.json: limits\.patience is 0; write a number"),
        (change_json(blocks="00"), r"swarm\.json: the manifest is damaged .*; deploy again"),
        (change_json(paths="../evil"), r"swarm\.json: .*; (rename|deploy)"),
        (change_json(payload="../evil"), r"swarm\.json: payload name \.\./evil .*; rename it"),
        (
            set_line(COMMON, 5, "FileSize 5"),
            r"Common\.cfg: it has .*swarm\.json has .*; remove swarm\.json or deploy",
        ),
        (set_line(COMMON, 6, "PieceSize 5"), r"Common\.cfg: it has .*swarm\.json has .*; remove swarm\.json or dep"),
    ],
    ids=lambda value: "" if callable(value) else value[:50],
)
def test_a_broken_swarm_file(manifested: SwarmFolder, spoil: Spoil, words: str, run_here: Callable[..., Said]) -> None:
    spoil(manifested)
    expect_refusal(manifested, LEECHER, 2, words, by=run_here)
    assert not (manifested.root.parent / "evil").exists()


# ---- this machine in the way


def test_a_port_in_use(folder: SwarmFolder) -> None:
    port = folder.row(LEECHER).port
    with socket.create_server(("", port)):
        expect_refusal(
            folder, LEECHER, 1, rf"port {port}: address already in use; stop the program that uses it, or ch"
        )


def test_a_peer_that_runs_already(folder: SwarmFolder) -> None:
    held = Lock(str(folder.root), LEECHER)
    words = rf"lock_1002: peer 1002 runs here already \(pid {os.getpid()}\); stop that one first"
    expect_refusal(folder, LEECHER, 1, words)
    held.release()


@pytest.mark.parametrize(
    "spoil, words",
    [
        (Path.unlink, r"peer_1001/TheFile\.dat: the seed's file isn't there; put it there, or write hasFile 0"),
        (lambda path: os.truncate(path, 5), r"TheFile\.dat: it has 5 bytes, and 300000 in the configuration; correct"),
        (lambda path: os.truncate(path, 300_001), r"it has 300001 bytes, and 300000 in the configuration; correct"),
        (lambda path: (path.unlink(), path.mkdir()), r"TheFile\.dat: the seed's file isn't there; put it there"),
        (lambda path: (path.unlink(), path.parent.rmdir()), r"TheFile\.dat: the seed's file isn't there; put"),
    ],
    ids=["missing", "short", "long", "a folder", "no folder"],
)
def test_a_seed_without_its_file(folder: SwarmFolder, spoil: Callable[[Path], object], words: str) -> None:
    spoil(folder.path_of(SEED))
    expect_refusal(folder, SEED, 1, words)


def test_a_file_in_place_of_the_peers_folder(folder: SwarmFolder) -> None:
    (folder.root / "peer_1002").write_text("precious")
    expect_refusal(folder, LEECHER, 1, r"peer_1002: File exists; fix that and start again")
    assert (folder.root / "peer_1002").read_text() == "precious"


def test_the_reason_stands_in_the_status_too(folder: SwarmFolder) -> None:
    """The operator of a fleet reads statuses, not stderr."""
    folder.path_of(SEED).unlink()
    said = run(SEED, "--dir", folder.root)
    found = folder.status(SEED)
    assert found is not None
    assert (found.state, found.exit_code, found.listening) == ("failed", 1, False)
    assert said.line == f"peer: {found.reason}"


# ---- a full disk


def few_bytes_a_file() -> None:
    """No file of this process may grow beyond 100,000 bytes: a disk that is full for whoever isn't root, too."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


def test_a_limit_on_file_sizes(folder: SwarmFolder) -> None:
    said = run(LEECHER, "--dir", folder.root, before=few_bytes_a_file)
    assert re.search(r"peer_1002/TheFile\.dat: File too large; ", said.line)
    assert said.code == 1


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB; skips where this user can't mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root; the limit on file sizes stands in for it")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_too_small_for_the_payload(folder: SwarmFolder, full_disk: Path) -> None:
    (folder.root / "peer_1002").symlink_to(full_disk)
    words = r"disk: the payload needs 300000 bytes and \d+ are free; make room there"
    expect_refusal(folder, LEECHER, 1, words)
    assert os.listdir(full_disk) == []


@pytest.mark.parametrize("spare", [0, 4096, 8192, 12288, 16384])
def test_a_disk_without_room_for_log_and_status(full_disk: Path, spare: int) -> None:
    """The peer's own small files have no place: also then one line, wherever it gets stuck."""
    folder = SwarmFolder(full_disk, Wish(size=10_000, piece_size=1000))
    with open(full_disk / "ballast", "wb", buffering=0) as ballast:
        info = os.statvfs(full_disk)
        ballast.write(bytes(info.f_bavail * info.f_frsize - spare))
    said = run(LEECHER, "--dir", folder.root, "--patience", 0.5)
    assert said.code == 1
    assert re.match(rf"peer.*: {full_disk}.*(No space left on device|bytes and \d+ are free); make room", said.line)


@pytest.mark.parametrize(
    ("error", "words"),
    [(RuntimeError("can't start new thread"), "may start no more threads"), (MemoryError(), "gets no more memory")],
)
def test_a_system_without_another_thread(
    folder: SwarmFolder,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    words: str,
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise error

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for module, name in ((signal, "signal"), (threading, "stack_size"), (sys, "setswitchinterval")):
        monkeypatch.setattr(module, name, lambda *_: None)
    assert main([str(LEECHER), "--dir", str(folder.root), "--patience", "5"]) == 1
    said = capfd.readouterr().err.strip()
    assert words in said and "ulimit" in said and "\n" not in said


# ---- usage


@pytest.mark.parametrize(
    "words, problem",
    [
        ([], "the following arguments are required: id"),
        (["seed"], "invalid int value: 'seed'"),
        (["1001", "--patience", "0"], "argument --patience: invalid"),
        (["1001", "--patience", "soon"], "argument --patience: invalid"),
        (["1001", "--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["follow"], "the following arguments are required: dir"),
        (["follow", ".", "--from", "[]"], "argument --from: invalid"),
        (["follow", ".", "--from", "{"], "argument --from: invalid"),
        (["follow", ".", "--from", '{"1001": -5}'], "argument --from: invalid"),
        (["manifest"], "the following arguments are required: path"),
        (["manifest", ".", "--piece-size", "0"], "argument --piece-size: invalid"),
        (["manifest", ".", "--piece-size", "big"], "argument --piece-size: invalid"),
        (["generate", "f"], "the following arguments are required: size"),
        (["generate", "f", "5XB"], "argument size: invalid"),
        (["verify", "one"], "invalid int value: 'one'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage(words: "list[str]", problem: str, run_here: Callable[..., Said]) -> None:
    said = run_here(*words)
    assert said.code == 2
    assert problem in said.err.splitlines()[-1]
    assert said.err.startswith("usage: peer")
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["", "follow", "manifest", "verify", "sha256", "generate"])
def test_help_is_there_for_every_command(command: str, run_here: Callable[..., Said]) -> None:
    said = run_here(*filter(None, [command, "--help"]))
    assert said.code == 0
    assert said.out.startswith(f"usage: peer {command}".strip())
    assert said.err == ""


def test_help_names_exit_codes_and_commands() -> None:
    out = run("--help").out
    for word in ("exit codes", "incomplete", "follow", "manifest", "verify", "generate", "--dir", "--patience"):
        assert word in out


# ---- the other commands' own troubles


def test_follow_names_a_folder_that_isnt_there(tmp_path: Path) -> None:
    said = run("follow", tmp_path / "nowhere")
    assert re.search(r"nowhere: no such folder; name the working directory", said.line)
    assert said.code == 2


@pytest.mark.parametrize("data", [b"1001 127.0.0.1\n", b"\xff\xfe 1 2 3\n"], ids=["short line", "binary"])
def test_follow_names_a_broken_peer_info(tmp_path: Path, data: bytes) -> None:
    (tmp_path / INFO).write_bytes(data)
    said = run("follow", tmp_path)
    assert re.search(r"PeerInfo\.cfg:1: .*; ", said.line)
    assert said.code == 2


def test_manifest_prints_what_can_be_read_back(folder: SwarmFolder) -> None:
    said = run("manifest", folder.payload, "--piece-size", "16KiB")
    assert (said.code, said.err) == (0, "")
    assert from_json(json.loads(said.out), "") == folder.manifest


def test_manifest_names_what_it_cant_take(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to("/etc/passwd")
    said = run("manifest", tmp_path / "tree")
    assert said.line == (
        f"peer manifest: {tmp_path}/tree: 1 link can't be kept: link -> /etc/passwd (leads out of the tree); write "
        "`links: follow` to copy what they point to, `links: keep-all` to keep them as they are, or `exclude` them"
    )
    assert said.code == 2


@pytest.mark.parametrize("path", ["nowhere/file", "."], ids=["no folder", "a folder"])
def test_generate_names_a_place_that_cant_be_used(tmp_path: Path, path: str) -> None:
    said = run("generate", tmp_path / path, "1KiB")
    assert str(tmp_path) in said.line
    assert "; " in said.line
    assert said.code == 1
    assert list(tmp_path.iterdir()) == []


def test_generate_on_a_disk_that_is_too_small(tmp_path: Path) -> None:
    said = run("generate", tmp_path / "file", "900TiB")
    remedy = "make room on that disk and start again"
    problem = r"\d+ bytes wanted, \d+ free on this disk"
    assert re.fullmatch(f"peer generate: {tmp_path}/file: {problem}; {remedy}", said.line)
    assert said.code == 1
    assert list(tmp_path.iterdir()) == []


def test_generate_on_a_disk_that_fills_up_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", refuse)
    assert main(["generate", str(tmp_path / "file"), "1MiB"]) == 1
    problem = "No space left on device; make room on that disk and start again"
    assert capsys.readouterr().err == f"peer generate: {tmp_path}/file: {problem}\n"
    assert list(tmp_path.iterdir()) == []


def test_generate_makes_the_same_file_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run("generate", tmp_path / name, "300kB", "--seed", seed).code == 0
    data = [(tmp_path / name).read_bytes() for name in "abc"]
    assert data[0] == data[1] != data[2]
    assert len(data[0]) == 300_000


def verified(folder: SwarmFolder, peer: int) -> Dict[str, Union[str, int, bool]]:
    said = run("verify", peer, "--dir", folder.root)
    answer: Dict[str, Union[str, int, bool]] = json.loads(said.out)
    assert said.code == (0 if answer["ok"] else 1)
    assert said.err == ""
    assert set(answer) == {"peer", "ok", "proof", "sha256", "extras", "files", "bytes", "problem"}
    return answer


def test_verify_says_yes_with_the_hash(folder: SwarmFolder) -> None:
    digest = hashlib.sha256(folder.payload.read_bytes()).hexdigest()
    assert verified(folder, SEED) == {
        "peer": SEED, "ok": True, "proof": payload_proof(folder.manifest), "sha256": digest, "files": 1,
        "bytes": 300_000, "problem": "", "extras": 0,
    }  # fmt: skip


def test_verify_says_no_with_the_problem(manifested: SwarmFolder) -> None:
    assert verified(manifested, SEED)["ok"] is True
    assert "no such file or directory" in str(verified(manifested, LEECHER)["problem"])
    (manifested.path_of(SEED) / "z.bin").write_bytes(b"x")
    assert "z.bin (1 bytes instead of" in str(verified(manifested, SEED)["problem"])


def test_verify_checks_its_configuration(folder: SwarmFolder) -> None:
    said = run("verify", 1999, "--dir", folder.root)
    assert "it names no peer 1999" in said.line
    assert said.code == 2


def test_a_manifest_made_here_and_by_the_command_are_one(manifested: SwarmFolder) -> None:
    made = make_manifest(str(manifested.payload), 16_384, NAME)
    assert from_json(json.loads(run("manifest", manifested.payload, "--piece-size", "16384").out), "") == made
