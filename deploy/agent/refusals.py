"""What an operator is told where a host's system refused a verb something: its words, the place, what to do next."""

from __future__ import annotations

import errno
from typing import Dict, Tuple

from peer.core.errors import system_words

_ELSEWHERE = "or name another `workdir`"
_MORE_TASKS = "this login may have no more processes and threads, or no more memory for them"
_TASKS_REMEDY = "raise its limits there: `ulimit -u` and `ulimit -v`, TasksMax of a service"
_NEXT: Dict[int, str] = {
    errno.ENOSPC: f"make room there (`df -h`, `df -i`), {_ELSEWHERE}",
    errno.EDQUOT: f"make room within its quota, {_ELSEWHERE}",
    errno.EROFS: f"mount it to be written, {_ELSEWHERE}",
    errno.EACCES: f"let this login write there, {_ELSEWHERE}",
    errno.EPERM: f"let this login write there (is it immutable? `lsattr`), {_ELSEWHERE}",
    errno.ENOTDIR: f"move away what stands in the way, {_ELSEWHERE}",
    errno.EEXIST: f"move away what stands in the way, {_ELSEWHERE}",
    errno.ELOOP: f"put right the links in that path, {_ELSEWHERE}",
    errno.ENAMETOOLONG: "name a `workdir` with a shorter path",
    errno.EXDEV: "it can't be renamed there (of an overlay's lower layer?): move it away by hand",
    errno.EBUSY: "something is mounted there or uses it: end that",
    errno.EFBIG: "let this login make larger files there: `ulimit -f`",
    errno.EMFILE: "let this login open more files there: `ulimit -n`",
    errno.ENFILE: "too many files are open on that host",
    errno.EIO: "is that disk sound? (`dmesg` may tell)",
    errno.ESTALE: "is the server of that network disk there?",
}


def told(error: Exception, home: str) -> Tuple[str, str]:
    """(problem, remedy) of what a verb met. `home`: where it worked, which is the place that most errors don't name."""
    if isinstance(error, MemoryError):
        return "its memory isn't enough", "free some there, or raise this login's limit: `ulimit -v`"
    if _lacks_tasks(error):
        return _MORE_TASKS, _TASKS_REMEDY
    if not isinstance(error, OSError):
        return f"the agent failed: {type(error).__name__}: {error}", "please report it: a fault of Weft"
    named = [
        name for name in (error.filename2, error.filename) if name and isinstance(name, str)
    ]  # of a rename, its goal
    return f"{system_words(error)}: {(named or [home])[0]}", _NEXT.get(error.errno or 0, "")


def _lacks_tasks(error: Exception) -> bool:
    if isinstance(error, RuntimeError):
        return "start new thread" in str(error)
    return isinstance(error, OSError) and error.errno in (errno.EAGAIN, errno.ENOMEM) and not error.filename
