"""Common.cfg and PeerInfo.cfg: what is accepted as sloppy, and what is refused with file, line and remedy."""

from __future__ import annotations

from typing import Callable, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core import config
from peer.core.config import (
    Common,
    PeerRow,
    format_common,
    format_peer_info,
    parse_common,
    parse_peer_info,
    row_of,
)
from peer.core.errors import EXIT_USAGE, ConfigError
from tests.core.fuzz import fuzz

CLASSIC = """\
NumberOfPreferredNeighbors 2
UnchokingInterval 5
OptimisticUnchokingInterval 15
FileName TheFile.dat
FileSize 10000232
PieceSize 32768
"""
COMMON = Common(2, 5.0, 15.0, "TheFile.dat", 10_000_232, 32_768)

PEERS = """\
1001 lin114-00.cise.ufl.edu 6008 1
1002 lin114-01.cise.ufl.edu 6008 0
1003 localhost 6009 0
"""
ROWS = (
    PeerRow(1001, "lin114-00.cise.ufl.edu", 6008, True),
    PeerRow(1002, "lin114-01.cise.ufl.edu", 6008, False),
    PeerRow(1003, "localhost", 6009, False),
)


def test_the_classic_files() -> None:
    assert parse_common(CLASSIC) == COMMON
    assert format_common(COMMON) == CLASSIC
    assert parse_peer_info(PEERS) == ROWS
    assert format_peer_info(ROWS) == PEERS


SLOPPY: "list[Callable[[str], str]]" = [
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "  \t\n"),
    lambda text: text.replace("\n", "\n\n \n"),
    lambda text: text.replace(" ", "   "),
    lambda text: text.replace(" ", "\t"),
    lambda text: "\n".join(f"  {line}" for line in text.split("\n")),
    lambda text: text.rstrip("\n"),
    lambda text: "\ufeff" + text,
    lambda text: "# a comment\n" + text,
]


@pytest.mark.parametrize("spoil", SLOPPY)
def test_what_others_write_sloppily_is_understood(spoil: Callable[[str], str]) -> None:
    assert parse_common(spoil(CLASSIC)) == COMMON
    assert parse_peer_info(spoil(PEERS)) == ROWS


def test_unknown_keys_are_left_alone_and_the_order_is_free() -> None:
    lines = ["MaxUploads 7", *reversed(CLASSIC.splitlines())]
    assert parse_common("\n".join(lines)) == COMMON


def test_intervals_may_have_a_fraction_and_names_may_have_blanks() -> None:
    text = CLASSIC.replace("Interval 5", "Interval 0.25").replace("TheFile.dat", "The big file.tar.gz")
    common = parse_common(text)
    assert (common.unchoking, common.file_name) == (0.25, "The big file.tar.gz")
    assert format_common(common) == text


# Each: (the line that is replaced, what stands there instead, the line it is at, problem, remedy).
BROKEN_COMMON = [
    ("NumberOfPreferredNeighbors 2", "", None, "NumberOfPreferredNeighbors is missing", "add a line"),
    ("UnchokingInterval 5", "", None, "UnchokingInterval is missing", "add a line 'UnchokingInterval <value>'"),
    ("FileName TheFile.dat", "", None, "FileName is missing", "add a line"),
    ("FileSize 10000232", "", None, "FileSize is missing", "add a line"),
    ("PieceSize 32768", "", None, "PieceSize is missing", "add a line"),
    (
        "PieceSize 32768",
        "piecesize 32768",
        6,
        "PieceSize is missing, and 'piecesize' isn't it",
        "write 'PieceSize <value>'",
    ),
    ("PieceSize 32768", "PieceSize: 32768", 6, "PieceSize is missing, and 'PieceSize:' isn't it", "write 'PieceSize"),
    (
        "PieceSize 32768",
        "PieceSize=32768",
        6,
        "PieceSize is missing, and 'PieceSize=32768' isn't it",
        "write 'PieceSize",
    ),
    ("NumberOfPreferredNeighbors 2", "NumberOfPreferredNeighbors two", 1, "is 'two'", "write a number"),
    ("NumberOfPreferredNeighbors 2", "NumberOfPreferredNeighbors -1", 1, "is '-1'", "write a number of at least 0"),
    ("NumberOfPreferredNeighbors 2", "NumberOfPreferredNeighbors", 1, "is ''", "write a number"),
    ("UnchokingInterval 5", "UnchokingInterval 0", 2, "is '0'", "write a number of seconds above 0"),
    ("UnchokingInterval 5", "UnchokingInterval -3", 2, "is '-3'", "write a number of seconds above 0"),
    ("UnchokingInterval 5", "UnchokingInterval nan", 2, "is 'nan'", "write a number of seconds above 0"),
    ("UnchokingInterval 5", "UnchokingInterval inf", 2, "is 'inf'", "write a number of seconds above 0"),
    ("UnchokingInterval 5", "UnchokingInterval 5s", 2, "is '5s'", "write a number of seconds above 0"),
    ("OptimisticUnchokingInterval 15", "OptimisticUnchokingInterval", 3, "is ''", "write a number of seconds"),
    ("FileName TheFile.dat", "FileName", 4, "FileName is ''", "write a plain file name"),
    ("FileName TheFile.dat", "FileName ../TheFile.dat", 4, "FileName is '../TheFile.dat'", "write a plain file name"),
    ("FileName TheFile.dat", "FileName /etc/passwd", 4, "FileName is '/etc/passwd'", "write a plain file name"),
    ("FileName TheFile.dat", "FileName C:\\x", 4, "FileName is", "write a plain file name"),
    ("FileName TheFile.dat", "FileName ..", 4, "FileName is '..'", "write a plain file name"),
    ("FileName TheFile.dat", "FileName a\0b", 4, "FileName is", "write a plain file name"),
    ("FileSize 10000232", "FileSize 10 MB", 5, "is '10 MB', not a whole number", "write a number"),
    ("FileSize 10000232", "FileSize 1e7", 5, "is '1e7'", "write a number"),
    ("FileSize 10000232", "FileSize ١٢", 5, "not a whole number", "write a number"),
    ("FileSize 10000232", "FileSize " + "9" * 5000, 5, "FileSize is 9999", "write a number from 0 to"),
    ("PieceSize 32768", "PieceSize 0", 6, "PieceSize is 0", "write a number from 1"),
    ("PieceSize 32768", "PieceSize 3000000000", 6, "PieceSize is 3000000000", "write a number from 1 to"),
    ("PieceSize 32768", "PieceSize 32768 bytes", 6, "not a whole number", "write a number of at least 1"),
    ("FileSize 10000232", "FileSize 10000232\nFileSize 5", 6, "FileSize is here a second time", "keep one"),
    (
        "FileSize 10000232",
        "FileSize 9000000000000000000",
        6,
        "makes 274658203125000 pieces",
        "write a larger PieceSize",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "problem", "remedy"), BROKEN_COMMON, ids=lambda value: str(value)[:40])
def test_a_broken_common_cfg_is_one_line_with_place_and_remedy(
    old: str, new: str, line: "int | None", problem: str, remedy: str
) -> None:
    assert old in CLASSIC
    with pytest.raises(ConfigError) as caught:
        parse_common(CLASSIC.replace(old, new, 1), "here/Common.cfg")
    check_error(caught.value, "here/Common.cfg", line, problem, remedy)


def check_error(error: ConfigError, source: str, line: "int | None", problem: str, remedy: str) -> None:
    """One line: `file:line: problem; remedy`."""
    text = str(error)
    assert text.startswith(f"{source}:{line}: " if line else f"{source}: ")
    assert "\n" not in text
    assert problem in text
    assert remedy in text.split("; ", 1)[1]
    assert error.code == EXIT_USAGE


@pytest.mark.parametrize("text", ["", "\n\n", "\r\n", "# nothing\n"])
def test_an_empty_file_misses_everything(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^Common.cfg: NumberOfPreferredNeighbors is missing; add a line"):
        parse_common(text)
    with pytest.raises(ConfigError, match=r"^PeerInfo.cfg: it names no peer; add a line"):
        parse_peer_info(text)


BROKEN_PEERS = [
    ("1002 lin114-01.cise.ufl.edu 6008 0", "1002 host 6008", 2, "3 words where 4 belong", "write 'peerID host port"),
    (
        "1002 lin114-01.cise.ufl.edu 6008 0",
        "1002 a host 6008 0",
        2,
        "5 words where 4 belong",
        "write 'peerID host port",
    ),
    ("1002 ", "x1002 ", 2, "the peer ID is 'x1002'", "write a number"),
    ("1002 ", "-1002 ", 2, "the peer ID is '-1002'", "write a number of at least 0"),
    ("1002 ", "4294967296 ", 2, "the peer ID is 4294967296", "write a number from 0 to 4294967295"),
    ("1002 ", "9" * 5000 + " ", 2, "the peer ID is 9999", "write a number from 0 to 4294967295"),
    ("1002 ", "1001 ", 2, "peer 1001 is at here/PeerInfo.cfg:1 already", "give each peer an ID of its own"),
    ("1002 ", "01001 ", 2, "peer 1001 is at here/PeerInfo.cfg:1 already", "give each peer an ID of its own"),
    ("6008 0", "0 0", 2, "the port is 0", "write a number from 1 to 65535"),
    ("6008 0", "65536 0", 2, "the port is 65536", "write a number from 1 to 65535"),
    ("6008 0", "http 0", 2, "the port is 'http'", "write a number"),
    ("6008 0", "6008 yes", 2, "hasFile is 'yes'", "write 1"),
    ("6009 0", "6009 2", 3, "hasFile is '2'", "write 1"),
]


@pytest.mark.parametrize(("old", "new", "line", "problem", "remedy"), BROKEN_PEERS, ids=lambda value: str(value)[:40])
def test_a_broken_peer_info_is_one_line_with_place_and_remedy(
    old: str, new: str, line: int, problem: str, remedy: str
) -> None:
    assert old in PEERS
    with pytest.raises(ConfigError) as caught:
        parse_peer_info(PEERS.replace(old, new, 1), "here/PeerInfo.cfg")
    check_error(caught.value, "here/PeerInfo.cfg", line, problem, remedy)


def test_a_line_is_counted_as_an_editor_counts_it() -> None:
    with pytest.raises(ConfigError, match=r"^PeerInfo.cfg:4: "):
        parse_peer_info("\r\n# the peers\r\n1001 a 6008 1\r\nbroken\r\n")


def test_the_row_of_a_peer() -> None:
    assert row_of(ROWS, 1002) == ROWS[1]
    with pytest.raises(ConfigError, match=r"^PeerInfo.cfg: it names no peer 7; start one of 1001, 1002, 1003, or add"):
        row_of(ROWS, 7)


def test_an_unknown_peer_of_a_large_swarm_is_told_some_ids_only() -> None:
    rows = tuple(PeerRow(number, "h", 1, False) for number in range(1000))
    with pytest.raises(ConfigError) as caught:
        row_of(rows, 5000)
    assert len(str(caught.value)) < 120


# ---- any text at all

WORDS = st.sampled_from(
    ["1", "0", "-1", "6008", "1001", "x", "FileSize", "PieceSize", "FileName", "nan", "\ufeff", "#"]
)
LINES = st.lists(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=5).map(" ".join), max_size=6)
TEXTS = st.one_of(st.text(max_size=200), LINES.map("\n".join))


@fuzz
@given(TEXTS, st.integers(0, 6))
def test_any_text_is_a_common_or_one_error(text: str, line: int) -> None:
    lines = CLASSIC.splitlines()
    for candidate in (text, "\n".join([*lines[:line], text, *lines[line + 1 :]])):
        try:
            common = parse_common(candidate)
        except ConfigError as error:
            assert str(error).startswith("Common.cfg")
        else:
            assert parse_common(format_common(common)) == common


@fuzz
@given(TEXTS)
def test_any_text_is_peers_or_one_error(text: str) -> None:
    for candidate in (text, PEERS + text):
        try:
            rows = parse_peer_info(candidate)
        except ConfigError as error:
            assert str(error).startswith("PeerInfo.cfg")
        else:
            assert parse_peer_info(format_peer_info(rows)) == rows


SECONDS = st.floats(1e-3, 1e5)
NAMES = st.text("abc ÄÖ._-", min_size=1, max_size=9).filter(
    lambda name: name.strip() == name and name not in (".", "..")
)


@fuzz
@given(
    st.builds(
        Common, st.integers(0, 99), SECONDS, SECONDS, NAMES, st.integers(0, 2**40), st.integers(2**20, 2**31 - 16)
    )
)
def test_common_there_and_back(common: Common) -> None:
    assert parse_common(format_common(common)) == common


HOSTS = st.text("abc019.:-_", min_size=1, max_size=9)
ROW = st.builds(PeerRow, st.integers(0, config.MAX_PEER_ID), HOSTS, st.integers(1, 65535), st.booleans())


@fuzz
@given(st.lists(ROW, min_size=1, max_size=5, unique_by=lambda row: row.peer_id).map(tuple))
def test_peers_there_and_back(rows: Tuple[PeerRow, ...]) -> None:
    assert parse_peer_info(format_peer_info(rows)) == rows
