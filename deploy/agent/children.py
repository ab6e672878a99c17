"""Child processes that live no longer than their request: run while they go forward, killed with the agent."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
from typing import Callable, List, Tuple

from deploy.agent import clocks, wards
from deploy.agent.meter import Meter
from deploy.agent.wire import AgentError
from peer.core.mark import parse_sign, stalled
from peer.core.tuples import NamedTuple

DEAD_DISK = "is a disk there dead, or a network disk cut off? (`dmesg` may tell)"
_BLOCK = 256 * 1024
KILL_SECONDS = 2.0
# Nothing of a user's settings, and no packages of the site: to find them takes 4 ms.
ISOLATED = ("-I", "-S", "-X", "utf8")


class Ended(NamedTuple):
    """A child's exit code and what it wrote."""

    code: int
    out: bytes
    err: str

    @property
    def last_words(self) -> str:
        """The last line of its standard error, which holds a program's reason."""
        lines = self.err.strip().splitlines()
        return lines[-1] if lines else f"exit code {self.code}"


def interpreter() -> List[str]:
    """The command of this very Python, isolated."""
    return [_path(), *ISOLATED]


def _path() -> str:
    """Where it lies; one that is started without PATH may not know it by itself."""
    if sys.executable:
        return sys.executable
    with contextlib.suppress(OSError):
        return os.readlink("/proc/self/exe")
    raise AgentError("this Python doesn't know where it lies", "name it with its path: `python: /usr/bin/python3`")


def python(arguments: List[str], folder: str, meter: Meter) -> Ended:
    """Run this very interpreter, isolated, in `folder`; see `run`."""
    return run([*interpreter(), *arguments], folder, meter)


def run(command: List[str], folder: str, meter: Meter) -> Ended:
    """Run a program in `folder` to its end; `meter` counts the bytes that it tells of on standard error.

    Raises AgentError where nothing comes from it for `clocks.STANDSTILL`.
    """
    with wards.lock:
        child = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        wards.adopt(child)
    try:
        out, err = _listen(child, meter)
        return Ended(child.wait(clocks.STANDSTILL), out, err)
    except (TimeoutError, subprocess.TimeoutExpired):
        raise AgentError(stalled(meter.mark, clocks.STANDSTILL), DEAD_DISK) from None
    finally:
        _end(child)


def start_beside(arguments: List[str], folder: str, output: int) -> None:
    """Run this very interpreter, isolated, in `folder`, and let it go: it may outlive the agent, and nobody waits.

    `output`: the descriptor that it writes to; complaints go nowhere.
    """
    subprocess.Popen(
        [*interpreter(), *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).returncode = 0  # or Python would complain that it still runs


def _listen(child: "subprocess.Popen[bytes]", meter: Meter) -> Tuple[bytes, str]:
    """What it writes to its pipes until it closes both, less the signs of how far it is. Raises TimeoutError."""
    assert child.stdout is not None and child.stderr is not None
    out, words = bytearray(), _Words(meter.part())
    with selectors.DefaultSelector() as pipes:
        pipes.register(child.stdout, selectors.EVENT_READ, out.extend)
        pipes.register(child.stderr, selectors.EVENT_READ, words.feed)
        while pipes.get_map():
            ready = pipes.select(clocks.STANDSTILL)
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                data = os.read(key.fd, _BLOCK)
                key.data(data)
                if not data:
                    pipes.unregister(key.fileobj)
    return bytes(out), words.text


class _Words:
    """A child's standard error, without the lines by which it tells how far it is."""

    def __init__(self, reach: Callable[[int, int], None]) -> None:
        self._reach = reach
        self._begun = ""  # a line whose end hasn't come yet
        self._lines: List[str] = []

    def feed(self, data: bytes) -> None:
        """Some bytes of it."""
        *lines, self._begun = (self._begun + data.decode(errors="replace")).split("\n")
        for line in lines:
            sign = parse_sign(line)
            if sign is None:
                self._lines.append(line)
            else:
                self._reach(*sign)

    @property
    def text(self) -> str:
        """The words so far."""
        return "\n".join([*self._lines, self._begun])


def _end(child: "subprocess.Popen[bytes]") -> None:
    with wards.lock:  # in one step: between two of them `leave` would find no process to end
        wards.disown(child)
        if child.poll() is None:
            wards.kill(child)
    with contextlib.suppress(subprocess.TimeoutExpired):  # one that waits for a dead disk can't even be killed
        child.wait(KILL_SECONDS)
    for pipe in filter(None, (child.stdout, child.stderr)):
        pipe.close()
