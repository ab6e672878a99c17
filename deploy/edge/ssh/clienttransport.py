"""Paramiko's transport, which keeps what the other end writes before the handshake and as it hangs up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import paramiko

from deploy.edge.ssh.readahead import ReadAhead

WAKE_SECONDS = 5.0  # of the reader of a connection where nothing comes
_MOST_LINES = 20  # kept of what is said before the handshake


class ClientTransport(paramiko.Transport):
    """The client's end of a connection; the host is first asked for a key of `kinds`, those that are on file."""

    def __init__(self, sock: Any, kinds: Sequence[str], seconds: float, **options: Any) -> None:
        super().__init__(ReadAhead(sock), **options)
        self.handshake_timeout = seconds
        self.offered: dict[str, list[str]] = {}  # algorithms of the other end
        self._said: list[str] = []
        self._farewell = ""
        self._prefer(kinds)

    def rest(self, alive_interval: float) -> None:
        """Logged in: the reader looks less often than each 0.1 s whether it is time to say something.

        Of a thousand hosts that look would be most of the operator's work.
        """
        self.sock.settimeout(min(WAKE_SECONDS, alive_interval / 2) if alive_interval else WAKE_SECONDS)

    def words(self) -> str:
        """What the other end said last: as it hung up, or instead of the handshake; "" if nothing."""
        return self._farewell or (self._said[-1] if self._said else "")

    def banner_words(self) -> str:
        """The last line of what the host shows to everybody who logs in; "" if nothing."""
        banner = self.get_banner() or b""
        lines = banner.decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def lacking(self) -> str:
        """The kind of algorithm of which the two ends have none in common, and the other end's; "" if there is none."""
        mine = {
            "key exchange": ("kex_algo_list", self.preferred_kex),
            "host key": ("server_key_algo_list", self.preferred_keys),
            "cipher": ("server_encrypt_algo_list", self.preferred_ciphers),
            "MAC": ("server_mac_algo_list", self.preferred_macs),
        }
        for what, (name, known) in mine.items():
            theirs = [one for one in self.offered.get(name, []) if not one.startswith(("ext-info-", "kex-strict-"))]
            if theirs and not set(theirs) & set(known):
                return f"as {what} it offers only {', '.join(theirs)}"
        return ""

    def _prefer(self, kinds: Sequence[str]) -> None:
        signed = {"ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]}
        options = self.get_security_options()
        wanted = [one for kind in kinds for one in signed.get(kind, [kind]) if one in options.key_types]
        options.key_types = tuple(dict.fromkeys([*wanted, *options.key_types]))
        # Those that need no MAC beside them, of which Paramiko compares each byte in Python.
        options.ciphers = tuple(sorted(options.ciphers, key=lambda name: "gcm" not in name))

    def _check_banner(self) -> None:
        read = self.packetizer.readline

        def noted(timeout: float) -> str:
            line = str(read(timeout))
            if not line.startswith("SSH-") and line.strip() and len(self._said) < _MOST_LINES:
                self._said.append(line.strip()[:200])
            return line

        self.packetizer.readline = noted
        super()._check_banner()

    def _really_parse_kex_init(self, message: Any, ignore_first_byte: bool = False) -> Any:
        parsed = super()._really_parse_kex_init(message, ignore_first_byte)
        self.offered = {name: list(value) for name, value in parsed.items() if isinstance(value, list)}
        return parsed

    def _parse_disconnect(self, message: Any) -> None:
        message.get_int()
        self._farewell = str(message.get_text()).strip()[:200]
