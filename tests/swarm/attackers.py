"""Callers with bad intent, for tests of real peers: each kind is a function that troubles one port for a while."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
import ssl
import struct
import threading
import time
from random import Random
from typing import Callable, Iterator, List, Optional

from tests.helpers.waiting import DEADLINE
from tests.swarm.foreign import HEADER, INTERESTED, REQUEST

CROWD = 1000  # connections at once
PATIENCE = 5.0  # seconds that an attacker waits for an answer
BREATH = 0.05  # seconds between two rounds: the machine shall have time for the swarm too
AT_ONCE = 40  # of the crowd that come back in one round


class Attack:
    """Threads that attack until `stop`. `rounds`: what each kind has done so far; `complaints`: why one gave up."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.rounds: "dict[str, int]" = {}
        self.complaints: List[str] = []
        self._over = threading.Event()
        self._threads: List[threading.Thread] = []

    def begin(self, name: str, attacker: "Attacker") -> None:
        """Let one kind of attacker loose."""
        self.rounds[name] = 0
        thread = threading.Thread(target=self._run, args=(name, attacker), name=f"attack-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Call all of them back."""
        self._over.set()
        for thread in self._threads:
            thread.join(DEADLINE)

    def _run(self, name: str, attacker: "Attacker") -> None:
        """Round after round. What the peer does to a connection is no complaint."""
        try:
            for _ in attacker(self.port):
                self.rounds[name] += 1
                if self._over.wait(BREATH):
                    return
        except Exception as error:
            self.complaints.append(f"{name}: {error!r}")


Attacker = Callable[[int], Iterator[None]]  # yields after each round


def call(port: int) -> socket.socket:
    """A new connection."""
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def crowd(port: int) -> Iterator[None]:
    """A thousand at once that say nothing; those that were shut come back, some in each round."""
    callers: List[socket.socket] = []
    with more_files(CROWD + 500):
        try:
            while True:
                for _ in range(min(AT_ONCE, CROWD - len(callers))):
                    with contextlib.suppress(OSError):
                        callers.append(call(port))
                yield
                if len(callers) == CROWD:
                    _leave_some(callers)
        finally:
            for caller in callers:
                caller.close()


def _leave_some(callers: List[socket.socket]) -> None:
    """Forget some of those that the peer has shut."""
    poll = select.poll()
    by_number = {caller.fileno(): caller for caller in callers}
    for number in by_number:
        poll.register(number, select.POLLIN)
    for number, _ in poll.poll(0)[:AT_ONCE]:
        callers.remove(by_number[number])
        by_number[number].close()


def drip(port: int) -> Iterator[None]:
    """A good beginning, a byte a round, from twenty at once."""
    said = (HEADER + bytes(14)) * 2
    while True:
        callers: List[socket.socket] = []
        for _ in range(20):
            with contextlib.suppress(OSError):
                callers.append(call(port))
        for byte in said:
            for caller in callers:
                with contextlib.suppress(OSError):
                    caller.sendall(bytes([byte]))
            yield
        for caller in callers:
            caller.close()


def once(what: Callable[[socket.socket], None]) -> Attacker:
    """A caller a round, who does one thing and goes when it is answered, or shut."""

    def attacker(port: int) -> Iterator[None]:
        while True:
            with contextlib.suppress(OSError), call(port) as sock:
                what(sock)
            yield

    return attacker


def noise(rng: Random) -> Attacker:
    """Bytes of any kind, now and then in the middle of a good handshake."""

    def say(sock: socket.socket) -> None:
        sock.sendall(HEADER[: rng.randrange(0, 19)] + rng.randbytes(rng.randrange(1, 2000)))
        sock.recv(1)

    return once(say)


def half_a_handshake(sock: socket.socket) -> None:
    """Says half of it and goes."""
    sock.sendall(HEADER[:9])


def greeted(me: int, then: Callable[[socket.socket], None], secure: Optional[ssl.SSLContext] = None) -> Attacker:
    """A caller who says that it is peer `me`, and goes on once it has been answered."""

    def say(sock: socket.socket) -> None:
        with secure.wrap_socket(sock) if secure else sock as spoken:
            spoken.settimeout(PATIENCE)
            spoken.sendall(HEADER + bytes(10) + struct.pack(">I", me))
            if spoken.recv(1):
                then(spoken)

    return once(say)


def again_and_again(me: int) -> Attacker:
    """Says that it is peer `me` on twenty connections a round, each of which takes the place of the one before."""

    def attacker(port: int) -> Iterator[None]:
        callers: List[socket.socket] = []
        try:
            while True:
                for _ in range(20):
                    with contextlib.suppress(OSError):
                        callers.append(call(port))
                        callers[-1].sendall(HEADER + bytes(10) + struct.pack(">I", me))
                for caller in callers[:-40]:
                    caller.close()
                callers = callers[-40:]
                yield
        finally:
            for caller in callers:
                caller.close()

    return attacker


def huge(sock: socket.socket) -> None:
    """A piece of four gigabytes."""
    sock.sendall(b"\xff\xff\xff\xff\x07" + bytes(100))
    drain(sock)


def everything_at_once(pieces: int) -> Callable[[socket.socket], None]:
    """Asks for every piece, again and again, and never reads."""
    requests = b"".join(struct.pack(">IBI", 5, REQUEST, index) for index in range(pieces)) * 20

    def ask(sock: socket.socket) -> None:
        sock.sendall(struct.pack(">IB", 1, INTERESTED))
        for _ in range(50):
            sock.sendall(requests)
            time.sleep(BREATH)  # it is choked at first, and then what it asks for counts for nothing

    return ask


def never_reads(pieces: int) -> Callable[[socket.socket], None]:
    """Asks for as much as it may, and reads none of it for a while."""

    def ask(sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(struct.pack(">IB", 1, INTERESTED))
        for index in range(40):
            sock.sendall(struct.pack(">IBI", 5, REQUEST, index % pieces))
            time.sleep(BREATH)

    return ask


def drain(sock: socket.socket) -> None:
    """Read until the other end hangs up."""
    while sock.recv(65536):
        pass


@contextlib.contextmanager
def more_files(count: int) -> Iterator[None]:
    """While the block runs, this process may have so many files open, if the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, count if hard == resource.RLIM_INFINITY else min(count, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
