"""The lock that tells whether a peer lives."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from deploy.agent import locks
from peer.core.errors import BusyError, StoreError
from peer.edge import lock
from peer.edge.lock import Lock

HOLD = "import sys; from peer.edge.lock import Lock; l = Lock(sys.argv[1], 1001); print('held', flush=True); input()"


@pytest.fixture
def holder_elsewhere(tmp_path: Path) -> "subprocess.Popen[str]":
    """Another process that holds the lock of peer 1001."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_a_second_peer_is_refused_and_the_first_named(
    tmp_path: Path, holder_elsewhere: "subprocess.Popen[str]"
) -> None:
    with pytest.raises(BusyError) as caught:
        Lock(str(tmp_path), 1001)
    end(holder_elsewhere)
    expected = f"{tmp_path}/lock_1001: peer 1001 runs here already (pid {holder_elsewhere.pid}); stop that one first"
    assert str(caught.value) == expected


def test_the_holder_is_known_while_it_lives(tmp_path: Path, holder_elsewhere: "subprocess.Popen[str]") -> None:
    assert lock.holder(str(tmp_path), 1001) == holder_elsewhere.pid
    assert lock.holder(str(tmp_path), 1002) is None
    end(holder_elsewhere)
    assert lock.holder(str(tmp_path), 1001) is None, "the file is still there, but nobody holds it"
    assert (tmp_path / "lock_1001").read_text() == f"{holder_elsewhere.pid}\n"


def test_a_killed_peers_lock_can_be_taken_at_once(tmp_path: Path, holder_elsewhere: "subprocess.Popen[str]") -> None:
    end(holder_elsewhere)
    taken = Lock(str(tmp_path), 1001)
    assert lock.holder(str(tmp_path), 1001) is not None
    taken.release()
    assert lock.holder(str(tmp_path), 1001) is None


def test_peers_of_one_folder_have_locks_of_their_own(tmp_path: Path) -> None:
    first, second = Lock(str(tmp_path), 1001), Lock(str(tmp_path), 1002)
    first.release()
    assert lock.holder(str(tmp_path), 1001) is None
    assert lock.holder(str(tmp_path), 1002) is not None
    second.release()


def test_whoever_asks_for_the_holder_doesnt_keep_a_peer_out(tmp_path: Path) -> None:
    """Asking holds the lock for a moment; a peer that starts in that moment tries again."""
    Lock(str(tmp_path), 1001).release()
    asking = os.open(tmp_path / "lock_1001", os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    done = threading.Timer(0.2, os.close, (asking,))
    done.start()
    Lock(str(tmp_path), 1001).release()
    done.join()


def test_a_folder_that_isnt_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere/lock_1001: No such file or directory; "):
        Lock(str(tmp_path / "nowhere"), 1001)


REFUSALS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF, errno.EACCES, errno.EIO)


def refuse_flock(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Work on a file system that can't lock."""
    monkeypatch.setattr(fcntl, "flock", Mock(side_effect=OSError(number, os.strerror(number))))


def holders(folder: Path, peer: int) -> "tuple[int | None, int | None]":
    """Who holds a peer's lock, as a peer and as the agent have it."""
    return lock.holder(str(folder), peer), locks.holder(str(folder), peer)


@pytest.mark.parametrize("number", REFUSALS, ids=lambda number: errno.errorcode[number])
def test_without_flock_the_text_is_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    refuse_flock(monkeypatch, number)
    held = Lock(str(tmp_path), 1001)
    assert holders(tmp_path, 1001) == (os.getpid(), os.getpid())
    with pytest.raises(BusyError, match=rf"peer 1001 runs here already \(pid {os.getpid()}\)"):
        Lock(str(tmp_path), 1001)
    held.release()
    assert holders(tmp_path, 1001) == (None, None)
    Lock(str(tmp_path), 1001).release()


@pytest.mark.parametrize("proc", [True, False])
def test_without_flock_the_dead_hold_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proc: bool) -> None:
    """The same process ID again, another boot, a process that nobody has waited for, half a text: nobody lives."""
    refuse_flock(monkeypatch, errno.ENOSYS)
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    pid, start, boot = lock._mark(ended.pid).split()
    ended.kill()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    ours = lock._mark(os.getpid()).split()
    texts = [
        "",
        "0",
        "x y z",
        f"{pid} {start} {boot}",
        f"{ours[0]} {int(ours[1]) + 1} {boot}",
        f"{ours[0]} {ours[1]} b",
    ]
    if not proc:
        ended.wait()
        monkeypatch.setattr(lock, "_mark", lambda pid: str(pid) if lock._answers(pid) else "")
        texts = ["", "x", pid]
    for text in texts:
        (tmp_path / "lock_1001").write_text(text)
        assert holders(tmp_path, 1001) == (None, None), text
    ended.communicate()
    Lock(str(tmp_path), 1001).release()
