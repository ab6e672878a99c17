"""Identity files and the agent: which keys there are to log in with, and why others can't be used."""

from __future__ import annotations

import base64
import binascii
import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from paramiko.agent import AgentSSH
from paramiko.pkey import UnknownKeyType

from deploy.edge.ssh.plainfile import refuse_pipe
from peer.core.errors import system_words

_AGENT_SECONDS = 30.0  # an agent may ask its user before it signs
_MAGIC = b"openssh-key-v1\0"


class UnusableKey(Exception):
    """Why a file holds no key for us; `locked` where it only needs a passphrase, `beyond` where Paramiko lacks it."""

    def __init__(self, problem: str, locked: bool = False, beyond: bool = False) -> None:
        super().__init__(problem)
        self.locked = locked
        self.beyond = beyond


class KeyAgent(AgentSSH):
    """The agent at a socket; its keys sign as long as it is open. Raises OSError, paramiko.SSHException."""

    def __init__(self, path: str) -> None:
        super().__init__()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_AGENT_SECONDS)
        try:
            connection.connect(path)
            self._connect(connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Hang up."""
        self._close()


def load(path: str, passphrase: str | None) -> paramiko.PKey:
    """The private key in a file, with its certificate if there is one next to it. Raises UnusableKey."""
    if path.endswith(".pub"):
        raise UnusableKey("a public key; its private one isn't in the agent")
    words = [passphrase, None] if passphrase else [None]  # a passphrase is refused by a key that has none
    problem = UnusableKey("not a private key")
    for word in words:
        try:
            refuse_pipe(path)
            return paramiko.PKey.from_path(path, word and word.encode())
        except OSError as error:
            raise UnusableKey(system_words(error)) from None
        except (paramiko.PasswordRequiredException, TypeError):
            problem = UnusableKey("needs a passphrase", locked=True) if word is None else problem
        except (UnsupportedAlgorithm, UnknownKeyType):
            problem = UnusableKey("of a kind that Paramiko can't use", beyond=True)
        except (ValueError, paramiko.SSHException) as error:
            wrong = word is not None and public_blob(path) != b""
            problem = UnusableKey("the passphrase is wrong" if wrong else _reason(error), locked=wrong)
            if wrong:
                break
    raise problem


def certify(key: paramiko.PKey, files: Sequence[str]) -> paramiko.PKey:
    """The key, with the first of these certificates that is about it; those that can't be read are skipped."""
    for path in files:
        with contextlib.suppress(OSError, ValueError, paramiko.SSHException):
            certificate = paramiko.pkey.PublicBlob.from_file(path)
            if key.public_blob is None and _is_about(certificate.key_blob, key.asbytes()):
                key.load_certificate(path)
    return key


def _is_about(certificate: bytes, key: bytes) -> bool:
    """A certificate is its kind, a nonce, and then the fields of the key."""
    held, shown = paramiko.Message(certificate), paramiko.Message(key)
    kind = shown.get_string()
    if not held.get_string().startswith(kind):
        return False
    held.get_string()
    return bytes(held.get_remainder()).startswith(shown.get_remainder())


def public_blob(path: str) -> bytes:
    """The public part of the key in a file, locked or not; b"" where it can't be told."""
    for name in (path, f"{path}.pub"):
        if name.endswith(".pub"):
            with contextlib.suppress(OSError, binascii.Error, IndexError):
                refuse_pipe(name)
                return base64.b64decode(Path(name).read_text("utf-8", errors="replace").split()[1], validate=True)
    with contextlib.suppress(OSError, binascii.Error, ValueError, IndexError):
        refuse_pipe(path)
        return _public_part(Path(path).read_bytes())
    return b""


def _public_part(data: bytes) -> bytes:
    lines = [line for line in data.splitlines() if line and not line.startswith(b"-----")]
    decoded = base64.b64decode(b"".join(lines), validate=True)
    if not decoded.startswith(_MAGIC):
        return b""
    message = paramiko.Message(decoded[len(_MAGIC) :])
    for _ in range(3):  # cipher, key derivation, its options
        message.get_string()
    return bytes(message.get_string()) if message.get_int() else b""


def _reason(error: Exception) -> str:
    return "not a private key that Paramiko can read" if isinstance(error, ValueError) else str(error).lower()
