"""Fills links: run as a program on a lab's hosts, with plain TCP sockets and blocking threads, until it is killed.

flow.py receive PORT FLOWS        prints "ready", and "flowing" once all connections are there
flow.py send ADDRESS PORT FLOWS   sends on so many connections
"""

from __future__ import annotations

import socket
import sys
import threading
from typing import Any, Callable, List, Tuple

BLOCK = 1 << 17


def receive(port: int, flows: int) -> None:
    with socket.create_server(("", port), backlog=flows) as server:
        print("ready", flush=True)
        connections = [server.accept()[0] for _ in range(flows)]
    print("flowing", flush=True)
    _in_parallel(_drain, [(connection,) for connection in connections])


def _drain(connection: socket.socket) -> None:
    buffer = bytearray(BLOCK)
    while connection.recv_into(buffer):
        pass


def send(address: str, port: int, flows: int) -> None:
    _in_parallel(_fill, [(address, port)] * flows)


def _fill(address: str, port: int) -> None:
    with socket.create_connection((address, port)) as connection:
        while True:
            connection.sendall(bytes(BLOCK))


def _in_parallel(work: Callable[..., None], arguments: List[Tuple[Any, ...]]) -> None:
    threads = [threading.Thread(target=work, args=each) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        receive(int(sys.argv[2]), int(sys.argv[3]))
    else:
        send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
