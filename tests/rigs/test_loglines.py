"""Counting messages in logs agrees with the event log's own texts."""

from __future__ import annotations

from peer.core.eventlog import KINDS, Entry, format_entry
from rigs.benchmark import loopback

MESSAGES = {"unchoked": 1, "choked": 1, "have": 1, "interested": 1, "not interested": 1, "piece": 2}


def line(kind: str) -> bytes:
    entry = Entry(kind, 1001, 1002, 5, 7, "1003, 1004")
    return f"2026-01-01 00:00:00: {format_entry(entry)}\n".encode()


def test_each_kind_of_line_counts_for_its_messages():
    assert {kind: loopback.count([line(kind)]).messages for kind in KINDS} == {
        kind: MESSAGES.get(kind, 0) for kind in KINDS
    }


def test_messages_a_piece_over_all_logs():
    found = loopback.count([line("piece") * 2 + line("have") * 5, line("piece") * 2 + line("unchoked")])
    assert found == (14, 4) and found.a_piece == 3.5
    assert loopback.count([b""]).a_piece == 0
