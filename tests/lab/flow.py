"""Measures what a link carries: run as a program on a lab's hosts, with plain TCP sockets and blocking threads.

flow.py receive PORT FLOWS SECONDS    prints "ready", then the rate in Mbit/s over SECONDS of payload received
flow.py send ADDRESS PORT FLOWS       sends on so many connections until the receiver hangs up
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from typing import List

BLOCK = 1 << 17


def receive(port: int, flows: int, seconds: float) -> None:
    received = [0] * flows
    with socket.create_server(("", port), backlog=flows) as server:
        print("ready", flush=True)
        connections = [server.accept()[0] for _ in range(flows)]
    for number, connection in enumerate(connections):
        threading.Thread(target=_drain, args=(connection, received, number), daemon=True).start()
    time.sleep(seconds / 2)  # slow start and the burst that a shaper had saved up are not what a link carries
    before, began = sum(received), time.monotonic()
    time.sleep(seconds)
    rate = (sum(received) - before) * 8 / 1e6 / (time.monotonic() - began)
    print(f"{rate:.3f}", flush=True)
    os._exit(0)


def _drain(connection: socket.socket, received: List[int], number: int) -> None:
    buffer = bytearray(BLOCK)
    while True:
        received[number] += connection.recv_into(buffer)


def send(address: str, port: int, flows: int) -> None:
    threads = [threading.Thread(target=_fill, args=(address, port)) for _ in range(flows)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _fill(address: str, port: int) -> None:
    with socket.create_connection((address, port)) as connection:
        try:
            while True:
                connection.sendall(bytes(BLOCK))
        except OSError:
            return


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        receive(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    else:
        send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
