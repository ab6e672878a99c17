"""The system calls that Python lacks before 3.12: entering and leaving namespaces, and mounting in them.

A thread that moves to other namespaces can't be used for anything else afterwards, so each piece of work that needs
to be elsewhere is done in a thread of its own (`elsewhere`). A process that it starts is in those namespaces too,
and still a direct child of ours: no `nsenter` stands between us and its signals and exit code.
"""

from __future__ import annotations

import ctypes
import os
import threading
from typing import Callable, List, Tuple, TypeVar

T = TypeVar("T")

CLONE_FS = 0x00000200
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWPID = 0x20000000

MS_BIND = 0x1000
MS_REC = 0x4000
MS_SLAVE = 0x80000
MS_NOSUID, MS_NODEV = 2, 4
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def enter(descriptor: int) -> None:
    """Moves this thread into the namespace of an open /proc/PID/ns/* or /run/netns/* file."""
    _check(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(0)), "setns")


def sethostname(name: str) -> None:
    data = name.encode()
    _check(_libc.sethostname(data, ctypes.c_size_t(len(data))), "sethostname")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    result = _libc.mount(
        os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode()
    )
    _check(result, f"mount on {target}")


def detach(target: str) -> None:
    """Unmounts what is mounted there, and all that is mounted in it, now for others and later for who uses it."""
    _check(_libc.umount2(os.fsencode(target), ctypes.c_int(MNT_DETACH)), f"unmount {target}")


def elsewhere(work: Callable[[], T]) -> T:
    """What `work` returns or raises, run in a thread of its own that may change its namespaces and then ends."""
    results: List[T] = []
    errors: List[BaseException] = []

    def body() -> None:
        try:
            unshare(CLONE_FS)  # a thread that shares its root directory with others may not change its mounts
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=body, name="lab-elsewhere")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def open_namespaces(pid: int, kinds: Tuple[str, ...] = ("net", "uts", "pid", "mnt")) -> List[int]:
    """Descriptors of the namespaces of a process, in an order that can be entered. Raises OSError if it's gone."""
    opened: List[int] = []
    try:
        for kind in kinds:
            opened.append(os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        close_all(opened)
        raise
    return opened


def close_all(descriptors: List[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
