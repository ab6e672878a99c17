"""What ssh_config says of a host: asks the installed `ssh`, or reads the files where there is none that can answer."""

from __future__ import annotations

import getpass
import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import threading
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from deploy.edge.hosts.errors import HostError, unreachable
from deploy.edge.ssh.alike import is_plain, names_alike
from deploy.edge.ssh.sshconfig import ConfigTrouble, Values, values_of
from deploy.edge.ssh.words import BadWords, fill, fill_path, seconds

USER_FILE = Path("~/.ssh/config")
SYSTEM_FILE = Path("/etc/ssh/ssh_config")
_DEFAULT_KEYS = ("~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519")
_ASK_SECONDS = 30  # `Match exec` runs commands
_MOST_ASKED = 8  # at the same time
_LISTS = ("identityfile", "certificatefile")
_YES, _NO = ("yes", "true"), ("no", "false")
PKCS11 = "PKCS11Provider"
_BEYOND = (PKCS11, "GSSAPIAuthentication", "HostbasedAuthentication")
_USUAL = {"SessionType": "default", "StdinNull": "no", "ForkAfterAuthentication": "no"}


class Settings(NamedTuple):
    """How a host is reached. Paths are filled in; commands too."""

    name: str  # as it was asked for
    words: tuple[str, ...]  # what `ssh` must be told so that it finds the same; the name follows
    hostname: str
    user: str
    port: int
    identity_files: tuple[str, ...]
    certificate_files: tuple[str, ...]
    identities_only: bool
    identity_agent: str | None  # a socket's path; None for no agent
    proxy_command: str  # "" for none
    proxy_jump: str  # "" for none
    host_key_alias: str
    connect_timeout: float | None
    address_family: str  # any, inet or inet6
    bind_address: str  # ours, or ""
    alive_interval: float  # seconds of silence after which ssh asks whether the host is still there; 0 for never
    alive_count: int  # questions without an answer after which it gives up
    strict: bool  # an unknown host key is never noted, whatever the inventory says
    known_hosts: tuple[str, ...]  # () for the usual ones
    system_known_hosts: tuple[str, ...]
    revoked_keys: str  # a file, or ""
    beyond: tuple[str, ...]  # options that help to log in, and that Paramiko lacks
    unfit: tuple[str, ...]  # options in the way of a command, as `ssh -o` takes their opposite

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.name if self.port == 22 else f"{self.name}:{self.port}"


class SshConfig:
    """All of ssh_config, for many threads. `path` stands for the user's and the system's file (Fabric's -S)."""

    def __init__(self, path: str | None = None, program: str | None = shutil.which("ssh")) -> None:
        self._path = path
        self._program = program
        self._lock = threading.Lock()
        self._asking = threading.Semaphore(_MOST_ASKED)
        self._asking_for_all = threading.Lock()
        self._found: dict[tuple[str, str | None, int | None], Settings | HostError] = {}
        self._for_all: dict[tuple[str | None, int | None], Values] = {}  # what holds for any name

    def settings(self, name: str, user: str | None = None, port: int | None = None) -> Settings:
        """What holds for `name`, asked once; `user` and `port` come before what is written. Raises HostError."""
        key = (name, user, port)
        with self._lock:
            found = self._found.get(key)
        if found is None:
            with self._asking:
                found = self._read(name, user, port)
            with self._lock:
                self._found[key] = found
        if isinstance(found, HostError):
            raise found
        return found

    def _read(self, name: str, user: str | None, port: int | None) -> Settings | HostError:
        try:
            values = self._asked(name, user, port) if self._program else None
            if values is None:
                values = self._own(name, user, port)
            return _settings(values, name, tuple(self._words(user, port)), user or _local_user())
        except ConfigTrouble as error:
            return unreachable(str(error), error.remedy)
        except BadWords as error:
            return unreachable(f"ssh_config's {error}", "write it out there, or name it in the inventory")

    def _asked(self, name: str, user: str | None, port: int | None) -> Values | None:
        """What the `ssh` here says, which is asked once where it says the same of all names."""
        if not (is_plain(name) and self._names_alike):
            return self._answer(name, user, port)
        with self._asking_for_all:
            known = self._for_all.get((user, port)) or self._answer(name, user, port)
            if known is not None:
                self._for_all[user, port] = known
        return None if known is None else {**known, "hostname": [name]}

    @cached_property
    def _names_alike(self) -> bool:
        home = _home_on_file()
        usual = [Path(home, ".ssh/config"), SYSTEM_FILE]
        return names_alike([Path(self._path)] if self._path is not None else usual, home)

    def _answer(self, name: str, user: str | None, port: int | None) -> Values | None:
        """What the `ssh` here says; None where it refuses the file, which may be meant for a newer one."""
        command = [str(self._program), "-T", "-G", *self._words(user, port), "--", name]
        try:
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_ASK_SECONDS)
        except subprocess.TimeoutExpired:
            remedy = "does a `Match exec` there wait for something?"
            raise ConfigTrouble("ssh_config", f"`ssh -G` doesn't end within {_ASK_SECONDS} s", remedy) from None
        except OSError:
            return None
        words = ended.stderr.decode(errors="replace").strip().splitlines()
        if ended.returncode == 0:
            return _parsed(os.fsdecode(ended.stdout))
        if words and words[-1].startswith("Bad owner or permissions"):
            raise ConfigTrouble("ssh", words[-1], "make it yours, and writable for nobody else: chmod 600")
        return None

    def _words(self, user: str | None, port: int | None) -> list[str]:
        words = ["-F", self._path] if self._path is not None else []
        words += ["-l", user] if user is not None else []
        return [*words, "-p", str(port)] if port is not None else words

    def _own(self, name: str, user: str | None, port: int | None) -> Values:
        files = [Path(self._path)] if self._path is not None else [USER_FILE.expanduser(), SYSTEM_FILE]
        values = values_of(files, name, user, port, _local_user())
        tokens = {"h": name, "n": name}
        values["hostname"] = [fill(values.get("hostname", ["%h"])[0], tokens)]
        return values


def _parsed(text: str) -> Values:
    values: Values = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key in _LISTS:
            values.setdefault(key, []).append(value)
        elif key in ("userknownhostsfile", "globalknownhostsfile"):
            values[key] = _files(value)
        else:
            values.setdefault(key, [value])
    return values


def _files(text: str) -> list[str]:
    """`ssh -G` writes several files with blanks between them, whatever is in their names."""
    if os.path.exists(os.path.expanduser(text)):
        return [text]
    words = text.split()
    home = _home_on_file()
    usual = [f"{home}/.ssh/known_hosts", f"{home}/.ssh/known_hosts2"]
    return [] if words == usual else words  # the usual ones are found by $HOME, as Fabric and Paramiko do


def _settings(values: Values, name: str, words: tuple[str, ...], local_user: str) -> Settings:
    hostname, user = values["hostname"][0], values.get("user", [local_user])[0]
    port = values.get("port", ["22"])[0]
    jump, command = (_unless_none(values.get(key, [""])[0]) for key in ("proxyjump", "proxycommand"))
    alias = values.get("hostkeyalias", [""])[0]
    tokens = _tokens(name, hostname, port, user, jump, alias)

    def paths(key: str) -> tuple[str, ...]:
        return tuple(_path_in(key, text, tokens) for text in values.get(key, []) if text.lower() != "none")

    identities = values.get("identityfile") or list(_DEFAULT_KEYS)
    return Settings(
        name=name,
        words=words,
        hostname=hostname,
        user=user,
        port=int(port),
        identity_files=tuple(_path_in("IdentityFile", one, tokens) for one in identities if one.lower() != "none"),
        certificate_files=paths("certificatefile"),
        identities_only=_said(values, "identitiesonly") in _YES,
        identity_agent=_agent(values.get("identityagent", ["SSH_AUTH_SOCK"])[0], tokens),
        proxy_command=_filled("ProxyCommand", command, tokens),
        proxy_jump=jump,
        host_key_alias=alias,
        connect_timeout=_timeout(values.get("connecttimeout", ["none"])[0]),
        address_family=_said(values, "addressfamily") or "any",
        bind_address=_unless_none(values.get("bindaddress", [""])[0]).strip("*"),
        alive_interval=_timeout(values.get("serveraliveinterval", ["none"])[0]) or 0.0,
        alive_count=int(values.get("serveralivecountmax", ["3"])[0]),
        strict=_said(values, "stricthostkeychecking") in _YES,
        known_hosts=paths("userknownhostsfile"),
        system_known_hosts=paths("globalknownhostsfile"),
        revoked_keys=_path_in("RevokedHostKeys", _unless_none(values.get("revokedhostkeys", [""])[0]), tokens),
        beyond=_beyond(values),
        unfit=_unfit(values),
    )


def _said(values: Values, key: str) -> str:
    return values.get(key, [""])[0].lower()


def _beyond(values: Values) -> tuple[str, ...]:
    return tuple(name for name in _BEYOND if _said(values, name.lower()) not in ("", "none", *_NO))


def _unfit(values: Values) -> tuple[str, ...]:
    found = [f"{name}={usual}" for name, usual in _USUAL.items() if _said(values, name.lower()) not in ("", usual)]
    if _said(values, "controlmaster") not in ("", *_NO) and _said(values, "controlpersist") in ("", *_NO):
        found.append("ControlMaster=no")  # ours would end with one of our agents, under all others
    return tuple(found)


def _tokens(name: str, hostname: str, port: str, user: str, jump: str, alias: str) -> dict[str, str]:
    local = socket.gethostname()
    tokens = {"h": hostname, "n": name, "p": port, "r": user, "j": jump, "k": alias or name, "l": local, "%": "%"}
    tokens |= {"L": local.partition(".")[0], "u": _local_user(), "i": str(os.getuid()), "d": os.path.expanduser("~")}
    tokens["C"] = hashlib.sha1((local + hostname + port + user + jump).encode()).hexdigest()  # ssh's own recipe
    return tokens


def _unless_none(text: str) -> str:
    return "" if text.lower() == "none" else text


def _timeout(text: str) -> float | None:
    found = seconds(text)
    return found if found else None


def _agent(text: str, tokens: dict[str, str]) -> str | None:
    """The agent's socket: IdentityAgent names it, or the variable that holds it."""
    if text.lower() == "none":
        return None
    if text == "SSH_AUTH_SOCK" or (text.startswith("$") and not text.startswith("${")):
        return os.environ.get(text.lstrip("$")) or None
    return _path_in("IdentityAgent", text, tokens)


def _path_in(key: str, text: str, tokens: dict[str, str]) -> str:
    try:
        return fill_path(text, tokens)
    except BadWords as error:
        raise BadWords(f"{key} {text}: {error}") from None


def _filled(key: str, text: str, tokens: dict[str, str]) -> str:
    try:
        return fill(text, tokens)
    except BadWords as error:
        raise BadWords(f"{key} {text}: {error}") from None


def _local_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in containers
        return str(os.getuid())


def _home_on_file() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return os.path.expanduser("~")
