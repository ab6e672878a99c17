"""One budget for all threads and peers of a host, through the file that they share."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from peer.core.folder import BUDGET
from peer.edge.capfile import set_caps
from peer.edge.throttle import Budget

RATE = 400_000.0  # bytes a second


def cap(folder: Path, up: "float | None", down: "float | None" = 0.0) -> None:
    handle = os.open(folder / BUDGET, os.O_RDWR | os.O_CREAT, 0o600)
    set_caps(handle, up, down)
    os.close(handle)


def test_two_peers_and_their_threads_share_one_cap(tmp_path: Path) -> None:
    cap(tmp_path, RATE)
    peers = [Budget(str(tmp_path)), Budget(str(tmp_path))]  # as two processes would open it
    sent = [0] * 6
    end = time.monotonic() + 1.0

    def send(number: int) -> None:
        while time.monotonic() < end:
            sent[number] += peers[number % 2].up.take(1 << 20)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(sent))]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begun  # the last portions were waited for
    assert 0.5 * RATE < sum(sent) / seconds < 1.2 * RATE
    assert min(sent) > 0


def test_without_a_cap_nothing_waits_or_is_counted(tmp_path: Path) -> None:
    for budget in (Budget(), Budget(str(tmp_path))):
        assert budget.up.take(1 << 30) == 1 << 30
        assert budget.down.window == 0
    cap(tmp_path, 0.0)
    budget = Budget(str(tmp_path))
    budget.down.pause(1 << 40)
    assert budget.down.most(1 << 30) == 1 << 30


def test_a_cap_that_goes_frees_those_who_wait(tmp_path: Path) -> None:
    cap(tmp_path, None, RATE)
    budget = Budget(str(tmp_path))
    waiting = threading.Thread(target=budget.down.pause, args=(int(50 * RATE),))
    waiting.start()
    cap(tmp_path, None, 0.0)
    waiting.join(20)
    assert not waiting.is_alive()


def test_peers_of_one_machine_don_t_count_what_they_send_each_other(tmp_path: Path) -> None:
    cap(tmp_path, RATE)
    budget = Budget(str(tmp_path), 2, [1001, 1002])
    assert budget.toward(1002).up.rate == 0
    assert budget.toward(1003).up.rate == RATE


def test_a_file_of_somebody_else_is_no_cap(tmp_path: Path) -> None:
    (tmp_path / BUDGET).write_text("my money")
    assert Budget(str(tmp_path)).up.rate == 0
