"""A real sshd on loopback for one test run: its own port, host key, user key and known_hosts; needs no root."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

BINARY = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def free_port(address: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def make_key(path: Path, kind: str = "ed25519") -> Path:
    """A new key pair at `path` and `path`.pub."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True)
    return path


class Sshd:
    """One running server. `key` is the path of a private key that may log in."""

    def __init__(
        self, folder: Path, key: Path, address: str = "127.0.0.1", extra: str = "", level: str = "VERBOSE"
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.address = address
        self.port = free_port(address)
        self.user = getpass.getuser()
        self.key = key
        self.host_key = make_key(folder / "host_key") if not (folder / "host_key").exists() else folder / "host_key"
        self._log = folder / "sshd.log"
        config = folder / "sshd_config"
        fields = {"folder": folder, "server": self, "authorized": key.with_suffix(".pub"), "extra": extra}
        fields["path"] = os.environ.get("PATH", os.defpath)
        config.write_text(_CONFIG.format(level=level, **fields))
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Sshd:
        """Listen; returns once a connection was answered."""
        assert BINARY is not None
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where root's sshd locks its unprivileged half in
        command = [BINARY, "-D", "-f", str(self._config), "-E", str(self._log)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not self._answers():
            assert time.monotonic() < until and self._process.poll() is None, self._log.read_text()
        return self

    def stop(self) -> None:
        """End the server; sessions that are open stay."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def log(self) -> str:
        """What the server has logged so far."""
        return self._log.read_text()

    def known_hosts_line(self) -> str:
        """What belongs into known_hosts for this server."""
        kind, key = self.host_key.with_suffix(".pub").read_text().split()[:2]
        return f"[{self.address}]:{self.port} {kind} {key}\n"

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.address, self.port), 1) as caller:
                return caller.recv(4) == b"SSH-"
        except OSError:
            return False


# The quickest key exchange, and no start-up script of the account: either takes as long as the rest of a login.
_CONFIG = """\
Port {server.port}
ListenAddress {server.address}
HostKey {server.host_key}
AuthorizedKeysFile {authorized}
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
LogLevel {level}
{extra}
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org
SetEnv HOME={folder} PATH={path}
"""
