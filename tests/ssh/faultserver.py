"""An SSH server in this process that misbehaves on demand: silent, hanging, dropping, refusing."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import paramiko

HANG_SECONDS = 60.0


class FaultServer:
    """Listens on loopback; `fault` is what goes wrong: one of the FAULTS."""

    FAULTS = ("silent", "hang up", "refuse", "hang in exec", "drop in exec", "hang in command", "no session", "factor")

    def __init__(self, fault: str) -> None:
        assert fault in self.FAULTS
        self.fault = fault
        self.key = paramiko.ECDSAKey.generate()
        self.callers = 0
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._listen, name="faults", daemon=True)
        self._thread.start()

    def known_hosts_line(self) -> str:
        """What belongs into known_hosts for this server."""
        return f"[127.0.0.1]:{self.port} {self.key.get_name()} {self.key.get_base64()}\n"

    def close(self) -> None:
        """End it, and whatever hangs in it."""
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.callers += 1
            threading.Thread(target=self._serve, args=(caller,), name="fault", daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        if self.fault == "silent":
            self._ended.wait(HANG_SECONDS)
        if self.fault in ("silent", "hang up"):
            caller.close()
            return
        transport = paramiko.Transport(caller)
        transport.add_server_key(self.key)
        with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(server=_Faults(self.fault, transport, self._ended))
        until = time.monotonic() + HANG_SECONDS
        while transport.is_active() and not self._ended.wait(0.1) and time.monotonic() < until:
            pass
        transport.close()


class _Faults(paramiko.ServerInterface):
    def __init__(self, fault: str, transport: paramiko.Transport, ended: threading.Event) -> None:
        self._fault = fault
        self._transport = transport
        self._ended = ended
        self._ways = "publickey"  # to log in

    def get_allowed_auths(self, username: str) -> str:
        return self._ways

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        if self._fault == "factor":
            self._ways = "keyboard-interactive"  # as sshd's AuthenticationMethods has it
            return paramiko.AUTH_PARTIALLY_SUCCESSFUL
        return paramiko.AUTH_FAILED if self._fault == "refuse" else paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self._fault == "no session":
            return paramiko.OPEN_FAILED_RESOURCE_SHORTAGE
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self._fault == "hang in exec":
            self._ended.wait(HANG_SECONDS)
        if self._fault == "drop in exec":
            self._transport.close()
        return True  # "hang in command": nobody ever runs it
