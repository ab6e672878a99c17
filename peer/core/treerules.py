"""What of a tree a payload carries, and what stays out: the rules, as JSON, and which paths they exclude."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Tuple

from peer.core.errors import ConfigError
from peer.core.tuples import NamedTuple

KEEP, FOLLOW, KEEP_ALL = "keep", "follow", "keep-all"  # links inside the tree; what they point to; all of them
REFUSE, SKIP = "refuse", "skip"  # devices, pipes and sockets
_FOLDER = "ps_d"  # the group of a translated pattern that a folder's slash matches


class Excluding(NamedTuple):
    """One of gitignore's patterns as a regular expression for `re.match`. `out`: it excludes; else it re-includes."""

    pattern: str
    out: bool


class TreeRules(NamedTuple):
    """The inventory's keys of these names below `payload`. `times`: of change; `owner`: user and group."""

    links: str = KEEP
    special: str = REFUSE
    times: bool = True
    setuid: bool = False
    owner: bool = False
    xattrs: bool = False
    exclude: Tuple[Excluding, ...] = ()


USUAL = TreeRules()


def to_json(rules: TreeRules) -> Dict[str, Any]:
    """The rules as a JSON object."""
    return {**rules._asdict(), "exclude": [list(one) for one in rules.exclude]}


def from_json(fields: Any, source: str) -> TreeRules:
    """The rules in a JSON object, with every field checked. Raises ConfigError."""
    try:
        exclude = tuple(Excluding(str(pattern), out is True) for pattern, out in fields["exclude"])
        rules = TreeRules(**{**{name: fields[name] for name in TreeRules._fields}, "exclude": exclude})
        flags = (rules.times, rules.setuid, rules.owner, rules.xattrs)
        if rules.links not in (KEEP, FOLLOW, KEEP_ALL) or rules.special not in (REFUSE, SKIP):
            raise ValueError(f"links {rules.links!r}, special {rules.special!r}")
        if any(type(flag) is not bool for flag in flags):
            raise TypeError("a flag is neither true nor false")
        for one in exclude:
            re.compile(one.pattern)
    except (KeyError, TypeError, ValueError, re.error, RecursionError) as error:
        problem = f"the rules of its tree are damaged ({type(error).__name__}: {error})"
        raise ConfigError(source, problem, "deploy again to rewrite it") from None
    return rules


class Excluder:
    """Which entries stay out, by gitignore's rules: the last pattern that matches an entry itself decides.

    It is asked from the top down and never about what is in an excluded folder, so that nothing in there comes back.
    """

    def __init__(self, patterns: Tuple[Excluding, ...]) -> None:
        self._patterns: List[Tuple["re.Pattern[str]", bool]] = [
            (re.compile(one.pattern, re.DOTALL), one.out) for one in reversed(patterns)
        ]

    def excludes(self, path: str, folder: bool) -> bool:
        """Whether the entry at `path`, below the top, stays out."""
        for pattern, out in self._patterns:
            if _matches_itself(pattern, path, folder):
                return out
        return False


def _matches_itself(pattern: "re.Pattern[str]", path: str, folder: bool) -> bool:
    """Whether a pattern matches an entry, and not only a folder above it, which has been decided already."""
    if _FOLDER not in pattern.groupindex:  # "everything", or "everything below"
        return pattern.match(path) is not None
    text = f"{path}/" if folder else path
    match = pattern.match(text)
    if match is None:
        return False
    return match.end(_FOLDER) == (len(text) if folder else -1)
