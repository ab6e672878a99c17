"""A thousand hosts in one process: scripted agents behind a Unix socket; python -m rigs.benchmark.fakehosts ...

Arguments: the socket, the number of hosts, the seconds of each peer's life, the payload's bytes. A channel begins with
a host's name and a line end, then speaks as an agent does. Each peer that is followed tells its news twice a second.
It says "started TIME" when all peers were started, "over TIME" when all have told their end, and "left TIME" when the
operator asks for something else then: it has taken in all that it was told.
"""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import socket
import sys
import time
from typing import Dict, List, Optional

from rigs.benchmark.scriptedagent import Conversation, FakeHost

NEWS_SECONDS = 0.5
STARTED, OVER, LEFT = WORDS = ("started", "over", "left")
_BLOCK = 256 * 1024


def host_names(hosts: int) -> List[str]:
    return [f"node{number:04}" for number in range(1, hosts + 1)]


class Channel:
    """One connection. What the operator doesn't take yet waits, and no more news is made meanwhile."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.waiting = bytearray()
        self.talk: Optional[Conversation] = None
        self.name = bytearray()


class FakeHosts:
    """All hosts, one loop."""

    def __init__(self, path: str, hosts: int, seconds: float, size: int) -> None:
        self._hosts: Dict[str, FakeHost] = {
            name: FakeHost(number, seconds, size) for number, name in enumerate(host_names(hosts))
        }
        self._channels: Dict[int, Channel] = {}
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1024)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._over = 0
        self._told: List[str] = []

    def run(self) -> None:
        """For ever."""
        news = time.monotonic()
        while True:
            for key, _ in self._selector.select(max(0.0, news - time.monotonic())):
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._move(self._channels[key.fd])
            if time.monotonic() >= news:
                news += NEWS_SECONDS
                self._tell_news()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        self._channels[connection.fileno()] = Channel(connection)
        self._selector.register(connection, selectors.EVENT_READ)

    def _move(self, channel: Channel) -> None:
        """Read what has come, and send what can be sent."""
        data: Optional[bytes] = None
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            data = channel.connection.recv(_BLOCK)
        if data == b"":
            self._drop(channel)
            return
        if data:
            self._hear(channel, data)
        self._send(channel)

    def _hear(self, channel: Channel, data: bytes) -> None:
        if channel.talk is None:
            channel.name += data
            name, end, data = bytes(channel.name).partition(b"\n")
            if not end:
                return
            channel.talk = Conversation(self._hosts[name.decode()])
        channel.waiting += channel.talk.take(data, time.time())
        self._say(LEFT, OVER in self._told and bool(data.strip()))
        self._say(STARTED, all(host.life for host in self._hosts.values()))

    def _tell_news(self) -> None:
        now = time.time()
        for channel in list(self._channels.values()):
            stream = channel.talk.stream if channel.talk else None
            if stream is None or stream.over or channel.waiting:
                continue
            channel.waiting += channel.talk.news(now) if channel.talk else b""
            self._over += stream.over
            self._send(channel)
        self._say(OVER, self._over >= len(self._hosts))

    def _say(self, word: str, is_so: bool) -> None:
        if is_so and word not in self._told:
            self._told.append(word)
            print(f"{word} {time.time():.3f}", flush=True)

    def _send(self, channel: Channel) -> None:
        with contextlib.suppress(BlockingIOError):
            while channel.waiting:
                sent = channel.connection.send(channel.waiting)
                del channel.waiting[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if channel.waiting else 0)
        self._selector.modify(channel.connection, wanted)

    def _drop(self, channel: Channel) -> None:
        self._selector.unregister(channel.connection)
        del self._channels[channel.connection.fileno()]
        channel.connection.close()


def main(path: str, hosts: str, seconds: str, size: str) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    part = FakeHosts(path + ".part", int(hosts), float(seconds), int(size))
    os.rename(path + ".part", path)  # whoever sees it can connect
    part.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
