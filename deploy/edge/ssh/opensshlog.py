"""Reads what `ssh` has logged of one hop with LogLevel DEBUG1: why it got no further, in the usual words."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import NamedTuple

from deploy.edge.ssh import phrases
from deploy.edge.ssh.settings import Settings


class Why(NamedTuple):
    """Why a hop failed, and what to do. `busy`: trying again may help; `beyond`: the hop itself is fine."""

    problem: str
    remedy: str
    busy: bool = False
    beyond: bool = False


class HopLog:
    """The log of one hop. `words`: the last ones on standard error; `before` and `after`: its neighbours on the way."""

    def __init__(
        self, text: str, hop: Settings, words: str = "", before: Settings | None = None, after: Settings | None = None
    ) -> None:
        lines = [line.strip() for line in text.splitlines()]
        self.hop = hop
        self.words = words  # of a ProxyCommand, or what the host shows to all who log in
        self.before = before
        self.after = after
        self.said = [line for line in lines if line and not line.startswith("debug")]
        self.debug = [line.partition(": ")[2] for line in lines if line.startswith("debug")]

    @property
    def inside(self) -> bool:
        """Whether the login succeeded, or an open connection was used."""
        return self._told(r"Authenticated to .*|mux_client_request_session: .*") is not None

    def why(self) -> Why | None:
        """What went wrong at this hop; None where nothing is known."""
        for pattern, explain in _TROUBLES:
            found = next(filter(None, (pattern.fullmatch(line) for line in self.said)), None)
            if found is not None:
                return explain(self, found)
        return None

    def late(self, seconds: float) -> Why:
        """It got no further within so many seconds."""
        if not self._told(r"Connection established\.|Executing proxy command: .*"):
            return Why(*phrases.NO_ANSWER)
        if not self._told(r"SSH2_MSG_KEXINIT received"):
            return Why(phrases.MUTE, phrases.MUTE_REMEDY)
        if not self.inside:
            problem = f"no answer to the login as {self.hop.user} within {seconds:.0f} s"
            return Why(problem, "does its sshd wait for something (DNS, LDAP), or your key for a touch?")
        return Why(f"no answer after the login as {self.hop.user} within {seconds:.0f} s", "is the host overloaded?")

    @property
    def not_noted(self) -> str:
        """The file in which a new host key couldn't be noted; "" for none."""
        found = re.search(r"Failed to add the host to the list of known hosts \((.*)\)", "\n".join(self.said))
        return found[1] if found else ""

    def _told(self, pattern: str) -> re.Match[str] | None:
        return next(filter(None, (re.fullmatch(pattern, line) for line in self.debug + self.said)), None)

    def hung_up(self, found: re.Match[str]) -> Why:
        if self.hop.proxy_command and self.before is None and not self.inside:
            problem = "its ProxyCommand ended" + (f": {self.words}" if self.words else "")
            return Why(problem, phrases.SEE_PROXY_COMMAND)
        lines = [said[1].strip() for line in self.debug if (said := _BANNER_LINE.fullmatch(line))]
        known = str(found.groupdict().get("words") or next(filter(None, reversed(lines)), ""))
        if self._told(r"SSH2_MSG_NEWKEYS received") and not self.inside:
            problem = f"it closed the connection during the login as {self.hop.user}"
            return Why(f"{problem}: {known}" if known else problem, "see sshd's log there")
        return Why(*phrases.hang_up(known), busy=not known or "MaxStartups" in known)

    def untrusted(self, _: re.Match[str]) -> Why:
        shown = self._told(r"Server host (?:key|certificate): (\S+) (SHA256:[^\s,]+).*")
        kind, key = (shown[1], shown[2]) if shown else ("?", "?")
        said = "\n".join(self.said)
        if "revoked" in said.lower():
            return Why(f"its host key {key} is marked as revoked", phrases.REVOKED_REMEDY)
        offending = re.search(r"Offending \S+ key in (.*):(\d+)", said)
        if offending:
            file, name = offending[1], self.hop.host_key_alias or self.hop.hostname
            name = name if self.hop.port == 22 or self.hop.host_key_alias else f"[{name}]:{self.hop.port}"
            on_file = f"another ({file}:{offending[2]})"
            return Why(*phrases.changed(f"{key} ({kind})", on_file, f"'{name}'", file))
        invalid = re.search(r"Certificate invalid: (.*)", said)
        about = f"; its certificate is invalid: {invalid[1]}" if invalid else ""
        remedy = phrases.NOTE_KEY_BY_HAND if self.hop.strict else phrases.NOTE_KEY
        return Why(f"unknown host key {key} ({kind}){about}", remedy)

    def denied(self, found: re.Match[str]) -> Why:
        left, partly = found[1].split(","), self._told(r"Authenticated using .* with partial success\.") is not None
        user = self.hop.user
        if partly or "publickey" not in left:
            return Why(*phrases.other_login(left, partly))
        notes = [note for line in self.said if (note := _key_note(line))]
        accepted = self._told(r"Server accepts key: (.*?)(?: \S+ SHA256:\S+.*)")
        if accepted:
            notes.append(f"key {accepted[1]}: it can't sign; does it need a passphrase?")
        if not self._tried_a_key():
            problem = f"there is no key to log in with as {user}"
        else:
            problem = f"login as {user} refused" + (f": {self.words}" if self.words else "")
        remedy = phrases.ADD_TO_AGENT if accepted else phrases.NO_LOGIN
        return Why("; ".join((problem, *dict.fromkeys(notes))), remedy)

    def _tried_a_key(self) -> bool:
        """Also those are named that aren't there."""
        untold = [found[1] for line in self.debug if (found := re.fullmatch(r"Trying private key: (.*)", line))]
        return self._told(r"Offering public key: .*") is not None or any(map(os.path.isfile, untold))

    def no_channel(self, found: re.Match[str]) -> Why:
        reason = found[1].removeprefix("connect failed: ").rstrip(": ").lower()
        if self.after is not None:
            return Why(*phrases.no_way_on(self.hop.label, self.after.hostname, self.after.port, reason), beyond=True)
        return Why(f"it refuses a session ({reason})", phrases.SEE_MAX_SESSIONS)

    def mute(self, _: re.Match[str]) -> Why:
        if self.before is not None:
            return Why(f"no answer through its bastion {self.before.label}", phrases.IS_UP)
        return Why(phrases.MUTE, phrases.MUTE_REMEDY)


def _key_note(line: str) -> str:
    if found := re.fullmatch(r'Load key "(.*)": (.*)', line):
        return f"key {found[1]}: {found[2]}"
    if found := re.fullmatch(r"sign_and_send_pubkey: (.*)", line):
        return found[1]
    return ""


def gone(log: HopLog) -> str:
    """Why a connection ended on which we were logged in."""
    silent = any(line.startswith("Timeout, server") for line in log.said)
    return "the connection is gone: no answer any more" if silent else "the connection is gone"


def _bad_config(_: HopLog, found: re.Match[str]) -> Why:
    problem = f"this machine's `ssh` refuses ssh_config: {found[1]}"
    return Why(problem, f"correct it for this version of `ssh`, or leave out {phrases.BY_OPENSSH}")


def _no_algorithm(_: HopLog, found: re.Match[str]) -> Why:
    problem = f"ssh and its sshd have no algorithm in common: as {found[1]} it offers only {_algorithms(found[2])}"
    return Why(problem, "update its sshd, or allow one of them in your ssh_config")


def _algorithms(text: str) -> str:
    return ", ".join(one for one in text.split(",") if not one.startswith(("ext-info-", "kex-strict-")))


_Explain = Callable[[HopLog, "re.Match[str]"], Why]
_BANNER_LINE = re.compile(r"kex_exchange_identification: banner line \d+: (.*)")
_TROUBLES: tuple[tuple[re.Pattern[str], _Explain], ...] = tuple(
    (re.compile(pattern), explain)
    for pattern, explain in (
        (r"(.* line \d+: .*?)\.?", _bad_config),
        (r"(Bad owner or permissions on .*)", _bad_config),
        (r"ssh: Could not resolve hostname .*", lambda log, _: Why(*phrases.unresolved(log.hop.hostname))),
        (r"ssh: connect to host .* port \d+: Connection refused", lambda *_: Why(*phrases.REFUSED)),
        (r"ssh: connect to host .* port \d+: (?:Connection|Operation) timed out", lambda *_: Why(*phrases.NO_ANSWER)),
        (r"ssh: connect to host .* port \d+: (.*)", lambda _, found: Why(found[1].lower(), phrases.IS_UP)),
        (r"Unable to negotiate with .*: no matching (.*?)(?: method| type)? found\. Their offer: (.*)", _no_algorithm),
        (r"Host key verification failed\.", HopLog.untrusted),
        (r".*: Permission denied \((.*)\)\.", HopLog.denied),
        (r"Connection timed out during banner exchange", HopLog.mute),
        (r"banner exchange: .*: invalid format", HopLog.mute),
        (r"channel 0: open failed: (.*)", HopLog.no_channel),
        (r"Received disconnect from .* port \d+:\d+: (?P<words>.*)", HopLog.hung_up),
        (r"kex_exchange_identification: .*", HopLog.hung_up),
        (r"Connection (?:closed|reset) by .*", HopLog.hung_up),
        (r"ssh_dispatch_run_fatal: .*: (?P<words>.*)", HopLog.hung_up),
    )
)
