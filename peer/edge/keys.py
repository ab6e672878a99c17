"""A swarm's keys: TLS 1.3 for both sides of a connection, and which peer a certificate belongs to.

`keys_<id>/` holds the swarm's throw-away CA (ca.pem) and this peer's own certificate and key (cert.pem, key.pem), put
there over SSH. A peer without a certificate of this CA gets nothing; a certificate is valid for one peer ID only.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from datetime import datetime, timezone
from typing import Any, Optional, Tuple

from peer.core import folder as names
from peer.core.certificate import common_name
from peer.core.errors import ConfigError, ProtocolError, system_words
from peer.edge.tlssession import Session

_ONE = rb"(?:\x17\x0d|\x18\x0f)(\d{12,14})Z"  # a UTCTime, or a GeneralizedTime with all four digits of the year
_TIMES = re.compile(_ONE + _ONE)


class Keys:
    """The two TLS contexts of one peer. Raises ConfigError when its key files are missing, unfit or open to others."""

    def __init__(self, folder: str, peer: int) -> None:
        self._folder = os.path.join(folder, names.keys(peer))
        self._check_private()
        self._check_clock()
        try:
            self._server = self._context(ssl.PROTOCOL_TLS_SERVER)
            self._client = self._context(ssl.PROTOCOL_TLS_CLIENT)
        except (OSError, ssl.SSLError) as error:
            problem = f"its keys can't be used ({error})"
            raise ConfigError(self._folder, problem, "deploy again, or write tls: false in the inventory") from None

    def handshake(self, sock: socket.socket, server: bool, seconds: float) -> Session:
        """TLS over a connected socket; both sides authenticate. Raises ProtocolError, OSError."""
        session = Session(sock, self._server if server else self._client, server)
        try:
            session.handshake(seconds)
        except ssl.SSLError as error:
            reason = (error.reason or str(error)).lower().replace("_", " ")
            raise ProtocolError(f"its TLS handshake failed: {reason}") from None
        return session

    def check_owner(self, session: Session, peer: int) -> None:
        """The certificate at the other end must be this peer's. Raises ProtocolError."""
        name = _common_name(session)
        if name != common_name(peer):
            raise ProtocolError(f"its handshake names peer {peer}, and its certificate {name!r}")

    def _check_private(self) -> None:
        key = os.path.join(self._folder, "key.pem")
        try:
            mode = os.stat(key).st_mode
        except OSError as error:
            problem = f"{system_words(error)}, but swarm.json requires TLS"
            raise ConfigError(key, problem, "deploy again, or write tls: false in the inventory") from None
        if mode & 0o077:
            raise ConfigError(key, "other users may read it", "deploy again to replace the key")

    def _check_clock(self) -> None:
        """Refuse a clock outside our certificate's validity: all certificates of the swarm were made together."""
        times = _validity(os.path.join(self._folder, "cert.pem"))
        now = datetime.now(timezone.utc)
        if times is None or times[0] <= now <= times[1]:
            return
        first, last = (f"{time:%Y-%m-%d %H:%M}" for time in times)
        problem = f"this machine's clock reads {now:%Y-%m-%d %H:%M} UTC, and its keys are valid from {first} to {last}"
        remedy = "set the clock" if now < times[0] else "set the clock, or deploy again where it is right"
        raise ConfigError(self._folder, problem, f"{remedy}, or write tls: false in the inventory")

    def _context(self, protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.check_hostname = False  # addresses change, IDs don't: see `check_owner`
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(os.path.join(self._folder, "ca.pem"))
        context.load_cert_chain(os.path.join(self._folder, "cert.pem"), os.path.join(self._folder, "key.pem"))
        if protocol == ssl.PROTOCOL_TLS_SERVER:
            context.num_tickets = 0  # sessions are never resumed
        return context


def _validity(path: str) -> Optional[Tuple[datetime, datetime]]:
    """The two times between which a certificate is valid; None if they can't be found.

    `ssl` checks the times, but can't report those of our own certificate. In DER the two follow one another.
    """
    try:
        with open(path, encoding="ascii") as file:
            found = _TIMES.search(ssl.PEM_cert_to_DER_cert(file.read()))
    except (OSError, ValueError):
        return None  # loading it will report what is wrong
    if found is None:
        return None
    first, last = (_time(text.decode()) for text in found.groups())
    return first, last


def _time(digits: str) -> datetime:
    """A time of a certificate; a year of two digits is in the last century from 50 on."""
    century = "" if len(digits) == 14 else "19" if digits[:2] >= "50" else "20"
    month, day, hour, minute, second = (int(digits[at : at + 2 or None]) for at in range(-10, 0, 2))
    # Not `strptime`, which loads four modules first: a tenth of what a peer takes to begin.
    return datetime(int((century + digits)[:4]), month, day, hour, minute, second, tzinfo=timezone.utc)


def _common_name(session: Session) -> str:
    """The name in the certificate of the other side; "nobody" without one."""
    certificate: Any = session.tls.getpeercert()
    pairs = dict(pair for part in (certificate or {}).get("subject", ()) for pair in part)
    return str(pairs.get("commonName", "nobody"))
