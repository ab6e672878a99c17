"""Owners and extended attributes of files: read on the seed, given to a copy, and compared."""

from __future__ import annotations

import binascii
import contextlib
import functools
import os
from typing import Dict, Tuple

from peer.core.treeparts import Owner, Trait
from peer.core.treerules import TreeRules
from peer.edge.trial import Trial

_CARRIED = ("user.", "system.posix_acl_", "security.capability")  # the others are the system's own


def trait_of(path: str, info: os.stat_result, rules: TreeRules, follow: bool) -> Trait:
    """What the rules carry of one entry. Raises OSError."""
    owner = Owner(info.st_uid, info.st_gid, _user(info.st_uid), _group(info.st_gid)) if rules.owner else Owner(0, 0)
    return Trait(owner, _xattrs_of(path, follow) if rules.xattrs else ())


def give_owner(path: str, owner: Owner) -> None:
    """Give a file, folder or link its owner: by name where this host knows it. Raises OSError."""
    os.chown(path, *_numbers(owner), follow_symlinks=False)


def give_xattrs(path: str, trait: Trait) -> None:
    """Give it these of the attributes that are carried, and no others, as far as this host can."""
    wanted, found = dict(trait.xattrs), _all_xattrs(path)
    for name in found.keys() - wanted.keys():
        with contextlib.suppress(OSError):
            os.removexattr(path, name, follow_symlinks=False)
    for name, value in wanted.items():
        if found.get(name) != value:
            with contextlib.suppress(OSError, AttributeError):
                os.setxattr(path, name, binascii.a2b_base64(value), follow_symlinks=False)


def has_owner(info: os.stat_result, owner: Owner) -> bool:
    """Whether a file has this owner."""
    return (info.st_uid, info.st_gid) == _numbers(owner)


def has_xattrs(path: str, trait: Trait, trial: Trial) -> bool:
    """Whether `path` has these of the attributes that are carried, but for those that it can't have, and no others."""
    wanted, found = dict(trait.xattrs), _all_xattrs(path)
    is_folder = bool(wanted) and os.path.isdir(path) and not os.path.islink(path)
    return wanted.keys() >= found.keys() and not any(
        found.get(name) != value and trial.keeps_xattr(name, binascii.a2b_base64(value), is_folder)
        for name, value in wanted.items()
    )


def _all_xattrs(path: str) -> Dict[str, str]:
    try:
        return dict(_xattrs_of(path, False))
    except OSError:
        return {}


def _xattrs_of(path: str, follow: bool) -> Tuple[Tuple[str, str], ...]:
    if not hasattr(os, "listxattr"):
        return ()
    try:
        names = [name for name in os.listxattr(path, follow_symlinks=follow) if name.startswith(_CARRIED)]
    except OSError:  # this file system has none
        return ()
    values = ((name, os.getxattr(path, name, follow_symlinks=follow)) for name in sorted(names))
    return tuple((name, binascii.b2a_base64(value, newline=False).decode()) for name, value in values)


def _numbers(owner: Owner) -> Tuple[int, int]:
    return _uid(owner.user, owner.uid), _gid(owner.group, owner.gid)


@functools.lru_cache(maxsize=None)
def _user(uid: int) -> str:
    import pwd

    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return ""


@functools.lru_cache(maxsize=None)
def _group(gid: int) -> str:
    import grp

    with contextlib.suppress(KeyError):
        return grp.getgrgid(gid).gr_name
    return ""


@functools.lru_cache(maxsize=None)
def _uid(user: str, uid: int) -> int:
    import pwd

    with contextlib.suppress(KeyError):
        return pwd.getpwnam(user).pw_uid
    return uid


@functools.lru_cache(maxsize=None)
def _gid(group: str, gid: int) -> int:
    import grp

    with contextlib.suppress(KeyError):
        return grp.getgrnam(group).gr_gid
    return gid
