"""Torrents: the spelling of bencode, and a torrent against libtorrent's own reading where that is installed."""

from __future__ import annotations

import hashlib

import pytest

from rigs.benchmark import torrent


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        (0, b"i0e"),
        (-3, b"i-3e"),
        ("spam", b"4:spam"),
        (b"\xff\x00", b"2:\xff\x00"),
        ("é", b"2:\xc3\xa9"),
        (["a", 1], b"l1:ai1ee"),
        ({"b": 1, "a": {"z": []}}, b"d1:ad1:zlee1:bi1ee"),
    ],
)
def test_bencode(value, spelling):
    assert torrent.bencode(value) == spelling


def test_bencode_refuses_what_it_has_no_word_for():
    with pytest.raises(TypeError, match="float"):
        torrent.bencode(1.5)


def test_a_torrent_names_size_pieces_and_tracker(tmp_path):
    payload = tmp_path / "data.bin"
    payload.write_bytes(bytes(range(256)) * 2500)
    made = torrent.make(payload, "http://192.0.2.1:6969/announce")
    length = torrent.piece_size(640_000)
    hashes = [hashlib.sha1(payload.read_bytes()[at : at + length]).digest() for at in range(0, 640_000, length)]
    assert len(hashes) == 3 and b"".join(hashes) in made.data
    assert made.data.startswith(b"d8:announce30:http://192.0.2.1:6969/announce4:infod6:lengthi640000e4:name8:data.bin")
    info = made.data[made.data.index(b"4:info") + 6 : -1]
    assert made.info_hash == hashlib.sha1(info).digest()


def test_libtorrent_reads_it_alike(tmp_path):
    lt = pytest.importorskip("libtorrent")
    payload = tmp_path / "data.bin"
    payload.write_bytes(b"x" * 1_000_000)
    made = torrent.make(payload)
    (tmp_path / "x.torrent").write_bytes(made.data)
    info = lt.torrent_info(str(tmp_path / "x.torrent"))
    assert (info.total_size(), info.num_pieces(), info.name()) == (1_000_000, 4, "data.bin")
    assert bytes(info.info_hash().to_bytes()) == made.info_hash


def test_large_payloads_have_larger_pieces():
    assert torrent.piece_size(64 << 20) < torrent.piece_size(2 << 30)
