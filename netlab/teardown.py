"""Takes a lab down, complete or not: its parts are found by their names, not by a file that lists them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Iterator, Optional

from netlab import addresses, labfile, labhost, neighbours, network, processes, statedir
from netlab.errors import LabError
from netlab.labfile import Plan


def down(directory: "str | os.PathLike[str]" = "lab") -> bool:
    """Takes down whatever there is of this directory's lab. Says whether there was any. Raises LabError."""
    need_root()
    path = os.path.realpath(directory)
    with holding(path):
        return take_down(path, labfile.load(path))


def take_down(directory: str, made: Optional[Plan]) -> bool:
    """Ends its processes, then removes its network, then its files: in this order nothing can come back."""
    tag = addresses.tag_of(directory)
    spaces = network.namespaces(tag)
    found = bool(spaces) or network.leg_exists(tag) or made is not None
    processes.end_all(spaces, labhost.reap)
    with network.locked():
        network.destroy(tag)
        if found and (made is None or made.made_namespace_folder):
            network.remove_folder()
        if made is not None and not network.is_any_lab_up():
            neighbours.give_back(made.neighbours_before)
    if made is not None:
        statedir.remove(made)
    return found


def need_root() -> None:
    if os.geteuid() != 0:
        raise LabError("network namespaces need root: run it with sudo")


@contextmanager
def holding(directory: str) -> Iterator[None]:
    """One at a time works on the lab of a directory; a lab that is being made when its maker dies is waited for.

    The processes that a dying maker leaves hold the lock until they are a host's first process.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield  # there may still be a network to take down
        return
    except OSError as error:
        raise LabError(f"{directory}: {error.strerror}") from None
    try:
        network.lock(descriptor, f"{directory}: another makes or takes down this lab, for a minute now")
        yield
    finally:
        os.close(descriptor)
