"""What `push` was told -> the text of the inventory that it means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from posixpath import basename
from typing import NamedTuple

from deploy.core.hostlists.hostword import HostWord, read_word
from deploy.core.inventory import FIRST_PORT, Inventory, InventoryError, parse_inventory, scalar
from deploy.core.inventory.groups import select
from deploy.core.inventory.listed import Key, Listed, ListedHost
from deploy.core.inventory.names import is_loopback
from deploy.core.inventory.ranges import expand, fold
from peer.core.errors import EXIT_USAGE, WeftError

HEAD = "# Made by `weft push`."  # begins every inventory that `push` writes: it replaces no other file
_NO_TARGET = "where to? weft push ./model USER@HOST:/folder, or ./folder on this machine"
_MIXED = (
    "hosts elsewhere can't fetch from folders of this machine without its address; push to these by themselves, or "
    "write an inventory with peer_address"
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


class Wish(NamedTuple):
    """The words of a `push`. Paths on this machine are absolute, or begin with `~/`."""

    payload: str = ""  # a file or folder on this machine; "" with a seed
    targets: Sequence[str] = ()  # USER@HOST:/folder, /folder on this machine, or :/folder for the hosts of the list
    listed: Listed = Listed(())
    seed: str = ""  # USER@HOST:/path, where the payload is already
    replace: bool = False
    accept_new: bool = False
    peer_port: int = FIRST_PORT  # of the first peer
    hostnames: Mapping[str, str] = {}  # by host: what ssh_config calls it, which its peers use
    limit: str = ""  # of all these hosts and groups; the seed stays


class PushError(WeftError):
    """What `push` was told makes no inventory."""

    code = EXIT_USAGE


def push_inventory(wish: Wish, source: str) -> tuple[Inventory, str]:
    """The inventory and its text; `source` is the file that keeps it. Raises PushError."""
    try:
        text = _text(wish)
        return parse_inventory(text, source), text
    except InventoryError as error:
        lines = (f"{one.key}: {one.text}" if one.key else one.text for one in error.problems)
        raise PushError("\n".join(f"push: {line}" for line in lines)) from None
    except ValueError as error:
        raise PushError(f"push: {error}") from None


def swarm_name(payload: str) -> str:
    """The swarm of a payload that is pushed: its folder on each host, and the name of the kept inventory."""
    return f"push-{_UNSAFE.sub('-', basename(payload.rstrip('/')))[:90]}"


def is_remote(target: str) -> bool:
    """Whether a target is on a host, as scp and rsync decide: its first ':' comes before its first '/'.

    Raises PushError for a word with neither, which may be meant as either.
    """
    if ":" not in target and "/" not in target and target not in (".", "..", "~"):
        raise PushError(f"push: '{target}' names no folder; write {target}:/folder for a host, ./{target} for one here")
    return ":" in target.partition("/")[0]


def _text(wish: Wish) -> str:
    seeds = [_placed(wish.seed)] if wish.seed else []
    hosts = _limited(_hosts(wish), wish)
    if seeds:
        hosts = [*_seed_hosts(seeds[0], wish.seed), *_without(hosts, seeds[0])]
    _check_twins(hosts)
    _check_listed_here(hosts)
    hosts = [one for host in hosts for one in _addressed(host, wish.hostnames)]
    first = expand(hosts[0].name)[0]
    defaults = [f"{key}: true" for key in ("replace", "accept_new") if getattr(wish, key)]
    defaults += [f"peer_port: {wish.peer_port}"] if wish.peer_port != FIRST_PORT else []
    path = seeds[0].folder if seeds else wish.payload
    kind = "path" if seeds else "upload"
    lines = [
        f"{HEAD} Every key: docs/inventory.md",
        "swarm:",
        f"  name: {swarm_name(path)}",
        f"  payload: {{{kind}: {scalar(path)}}}",
        *([f"defaults: {{{', '.join(defaults)}}}"] if defaults else []),
        "hosts:",
        *(f"  {scalar(host.name)}: {{{_keys(host.keys)}}}" for host in hosts),
        f"seeds: [{scalar(first)}]",
    ]
    return "\n".join(lines) + "\n"


def _hosts(wish: Wish) -> list[ListedHost]:
    """The hosts of the targets and of the list, each with its folder. Raises ValueError."""
    folders = [target[1:] for target in wish.targets if target.startswith(":")]
    if len(folders) > 1:
        raise ValueError(f"':{folders[0]}' and ':{folders[1]}' are both the folder for the list's hosts; write one")
    here = [target for target in wish.targets if not is_remote(target)]
    found = [
        ListedHost(f"here{number}", {"connection": "local", "destination": target})
        for number, target in enumerate(here, 1)
    ]
    for target in wish.targets:
        if is_remote(target) and not target.startswith(":"):
            word = _placed(target)
            found += [host._replace(keys={**host.keys, "destination": word.folder}) for host in word.hosts]
    for host in wish.listed.hosts:
        if folders:
            host = host._replace(keys={"destination": folders[0], **host.keys})
        if "destination" not in host.keys:
            raise ValueError(f"{host.name}: into which folder? add it to its line, or for all: --to FILE :/folder")
        found.append(host)
    if not found:
        raise ValueError(_NO_TARGET)
    if here:
        _check_here(here, found, wish.seed)
    return found


def _check_here(here: Sequence[str], found: Sequence[ListedHost], seed: str) -> None:
    """Folders of this machine are for a push within it. Raises ValueError."""
    if seed:
        raise ValueError(f"'{here[0]}' is on this machine: with --seed, which has the payload, name HOST:/folder alone")
    if len(here) < len(found):
        raise ValueError(_MIXED)


def _limited(hosts: Sequence[ListedHost], wish: Wish) -> list[ListedHost]:
    """The hosts that `--limit` leaves, so that no other gets the upload. Raises ValueError."""
    if not wish.limit:
        return list(hosts)
    every = [name for host in hosts for name in expand(host.name)]
    chosen = set(select(wish.limit, dict.fromkeys(every), wish.listed.groups))
    if not chosen:
        raise ValueError(f"--limit: '{wish.limit}' leaves no host; name at least one")
    return [
        host._replace(name=name)
        for host in hosts
        for names in [expand(host.name)]
        for name in ([host.name] if chosen.issuperset(names) else _folded(one for one in names if one in chosen))
    ]


def _placed(word: str) -> HostWord:
    """A host with a folder. Raises ValueError."""
    if word.startswith(("/", "~", "./", "../")):
        raise ValueError(f"'{word}' is on this machine, and no host: weft push {word} TARGET")
    read = read_word(word, ports=False)
    if not read.folder:
        raise ValueError(f"'{word}' names no folder; write {word.rstrip(':')}:/folder")
    return read


def _seed_hosts(seed: HostWord, word: str) -> tuple[ListedHost, ...]:
    if len(seed.hosts) > 1 or len(expand(seed.hosts[0].name)) > 1:
        raise ValueError(f"'{word}' is several hosts; name one that has the payload")
    return seed.hosts


def _without(hosts: Iterable[ListedHost], seed: HostWord) -> list[ListedHost]:
    """The other hosts. The seed may be among the targets if its copy is at the path that it would get."""
    name = seed.hosts[0].name
    kept = []
    for host in hosts:
        names = expand(host.name)
        if name not in names:
            kept.append(host)
            continue
        folder = str(host.keys["destination"])
        if f"{folder.rstrip('/')}/{basename(seed.folder.rstrip('/'))}" != seed.folder.rstrip("/"):
            raise ValueError(f"{name} has the payload at {seed.folder}, which stays there; leave it out of the targets")
        kept += [host._replace(name=other) for other in _folded(one for one in names if one != name)]
    if not kept:
        raise ValueError(f"{name} has the payload already; name the hosts that are to get it")
    return kept


def _addressed(host: ListedHost, hostnames: Mapping[str, str]) -> list[ListedHost]:
    """The host, or each of its range, with the address that its name stands for in ssh_config."""
    every = expand(host.name)
    if host.keys.keys() & {"address", "peer_address"} or all(hostnames.get(name, name) == name for name in every):
        return [host]
    return [
        host._replace(name=name, keys={**host.keys, **({} if is_loopback(to) else {"peer_address": to})})
        for name in every
        for to in [hostnames.get(name, name)]
    ]


def _folded(names: Iterable[str]) -> list[str]:
    return [text for text in fold(names).split(", ") if text]


def _check_twins(hosts: Sequence[ListedHost]) -> None:
    found: dict[str, Mapping[str, Key]] = {}
    for host in hosts:
        for name in expand(host.name):
            if name in found:
                raise ValueError(f"{name} is named twice; each host gets one copy, in one folder")
            found[name] = host.keys


def _check_listed_here(hosts: Sequence[ListedHost]) -> None:
    """Lists of Ansible often name this machine beside others, which can't reach it as localhost."""
    here = [host.name for host in hosts if host.keys.get("connection") == "local"]
    if here and len(here) < len(hosts):
        raise ValueError(f"{here[0]} is this machine; leave it out with --limit '!{here[0]}', or choose a group")


def _keys(keys: Mapping[str, Key]) -> str:
    return ", ".join(f"{key}: {_value(value)}" for key, value in keys.items())


def _value(value: Key) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(scalar, value))}]"
    return str(value) if isinstance(value, int) else scalar(value)
