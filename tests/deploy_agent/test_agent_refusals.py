"""What a host's system refuses is told with its place and the next step, whatever the verb was."""

from __future__ import annotations

import errno
import os

import pytest

from deploy.agent.refusals import told

TOLD = [
    (OSError(errno.ENOSPC, "No space left on device"), "no space left on device: ~/w/t", "df -i"),
    (OSError(errno.EACCES, "Permission denied", "/home/x/.weft"), "permission denied: /home/x/.weft", "`workdir`"),
    (OSError(errno.EPERM, "Operation not permitted", "/w/.weft-1/new", None, "/w/big"), "permitted: /w/big", "lsattr"),
    (OSError(errno.ENOTDIR, "Not a directory", "/x/.weft/t"), "not a directory: /x/.weft/t", "in the way"),
    (OSError(errno.EFBIG, "File too large"), "file too large: ~/w/t", "ulimit -f"),
    (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "no more processes and threads", "ulimit -u"),
    (RuntimeError("can't start new thread"), "no more processes and threads", "ulimit -u"),
    (MemoryError(), "memory isn't enough", "ulimit -v"),
    (KeyError("x"), "the agent failed: KeyError: 'x'", "report it"),
]


@pytest.mark.parametrize(("error", "problem", "remedy"), TOLD)
def test_what_the_system_refuses_is_told_with_place_and_next_step(error: Exception, problem: str, remedy: str) -> None:
    words, following = told(error, "~/w/t")
    assert problem in words and remedy in following


@pytest.mark.parametrize(
    "name", ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "ENOTDIR", "EEXIST", "EFBIG", "EMFILE"]
)
def test_no_refusal_is_without_a_next_step(name: str) -> None:
    number = getattr(errno, name)
    assert all(told(OSError(number, os.strerror(number)), "/w"))
