"""Serves the page of a run on this machine: to whoever has its address, with nothing that could be changed.

The address holds a token. Requests under another name of this machine, or from another page, are refused, so that no
site that a browser shows beside it can read it (DNS rebinding).
"""

from __future__ import annotations

import hmac
import secrets
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any

from deploy.edge.web.feed import Feed

ADDRESS = "127.0.0.1"
MOST_WATCHERS = 32
MOST_CONNECTIONS = 64
SECONDS = 20.0  # that a watcher may take to send a request, or to take a state
_BEAT_SECONDS = 5.0  # a line that says nothing finds out who has left
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class LiveServer(ThreadingMixIn, HTTPServer):
    """`page` gives the page as it is now, and its policy. `address` is what to open."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, page: Callable[[], "tuple[str, str]"]) -> None:
        self.page = page
        self.feed = Feed()
        self.token = secrets.token_urlsafe(24)
        self._room = threading.Semaphore(MOST_CONNECTIONS)
        super().__init__((ADDRESS, 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="web", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The page's address, which only its reader should know."""
        return f"http://{ADDRESS}:{self.server_port}/{self.token}/"

    @property
    def names(self) -> "tuple[str, ...]":
        """What a browser may call this server."""
        return tuple(f"{name}:{self.server_port}" for name in (ADDRESS, "localhost"))

    def end(self, seconds: float) -> None:
        """Let watchers take the last state, then stop."""
        self.feed.part(seconds)
        self.shutdown()
        self.server_close()
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Refuse a connection where there are too many."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A watcher that left, or one that talks nonsense: nobody needs to know."""


class _Handler(BaseHTTPRequestHandler):
    """One connection, one request."""

    server: LiveServer
    timeout = SECONDS
    server_version, sys_version = "weft", ""

    def do_GET(self) -> None:
        refusal = self._refusal()
        if refusal:
            self._answer(*refusal)
        elif self.path.endswith("/events"):
            self._events()
        else:
            text, policy = self.server.page()
            self._answer(200, text, "text/html", f"{policy}; frame-ancestors 'none'")

    def _refusal(self) -> "tuple[int, str] | None":
        """Why this request isn't answered."""
        origin = self.headers.get("Origin")
        if self.headers.get("Host") not in self.server.names:
            return 403, "this page has another name"
        if origin is not None and origin.removeprefix("http://") not in self.server.names:
            return 403, "another page asked for this one"
        if self.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return 403, "another page asked for this one"
        root = f"/{self.server.token}/"
        known = [hmac.compare_digest(self.path.encode(), name.encode()) for name in (root, root + "events")]
        return None if any(known) else (404, "nothing is here; the address that was printed holds a token")

    def _answer(self, code: int, text: str, kind: str = "text/plain", policy: str = "default-src 'none'") -> None:
        data = text.encode()
        self._head(code, kind, policy)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _head(self, code: int, kind: str, policy: str) -> None:
        self.send_response_only(code)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Security-Policy", policy)
        self.send_header("Connection", "close")
        self.close_connection = True

    def _events(self) -> None:
        feed = self.server.feed
        if not feed.join(MOST_WATCHERS):
            self._answer(503, "too many watch already")
            return
        try:
            self._head(200, "text/event-stream", "default-src 'none'")
            self.end_headers()
            self._push(feed)
        finally:
            feed.leave()

    def _push(self, feed: Feed) -> None:
        """Each state as an event, the latest alone, until the run is over or this watcher has left."""
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seen = 0
        while True:
            number, state = feed.wait(seen, _BEAT_SECONDS)
            over = feed.over
            self.wfile.write(b"event: state\ndata: " + state + b"\n\n" if number > seen else b":\n\n")
            seen = number
            if over:
                self.wfile.write(b"event: over\ndata:\n\n")
                return

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""
