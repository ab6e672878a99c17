"""A small HTTP server that misbehaves: each answer is the next of a script."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import ssl
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

RIGHT, CUT, STALL, NO_RANGE = "right", "cut", "stall", "no range"
BUSY, MISSING, REDIRECT = "busy", "missing", "redirect"


class Web:
    """What the server has and does. `script`: for each request, then `RIGHT`; `asked`: the ranges that came."""

    def __init__(self, data: bytes) -> None:
        self.data, self.tag = data, '"v1"'
        self.script: List[str] = []
        self.asked: List[Tuple[str, str]] = []
        self.to = ""
        self.url = ""
        self.over = threading.Event()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        what = self.script.pop(0) if self.script else RIGHT
        asked, condition = handler.headers.get("Range", ""), handler.headers.get("If-Range", "")
        self.asked.append((asked, condition))
        if what in (BUSY, MISSING):
            handler.send_error(503 if what == BUSY else 404)
            return
        if what == REDIRECT:
            handler.send_response(302)
            handler.send_header("Location", self.to)
            handler.end_headers()
            return
        if self.tag and handler.headers.get("If-None-Match") == self.tag:
            handler.send_response(304)
            handler.end_headers()
            return
        begin = int(asked[6:-1]) if asked and what != NO_RANGE and condition in ("", self.tag) else 0
        if begin >= len(self.data):
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(self.data)}")
            handler.end_headers()
            return
        self._send(handler, begin, what)

    def _send(self, handler: BaseHTTPRequestHandler, begin: int, what: str) -> None:
        rest = self.data[begin:]
        handler.send_response(206 if begin else 200)
        if begin:
            handler.send_header("Content-Range", f"bytes {begin}-{len(self.data) - 1}/{len(self.data)}")
        if self.tag:
            handler.send_header("ETag", self.tag)
        handler.send_header("Content-Length", str(len(rest)))
        handler.end_headers()
        handler.wfile.write(rest if what in (RIGHT, NO_RANGE) else rest[: len(rest) // 2])
        handler.wfile.flush()
        if what == STALL:
            self.over.wait(60)


@contextlib.contextmanager
def serving(data: bytes, context: Optional[ssl.SSLContext] = None) -> Iterator[Web]:
    """A server on loopback, with TLS where there is a context."""
    web = Web(data)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/model.bin"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield web
    finally:
        web.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def own_certificate(folder: Path) -> Tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server whose certificate nobody knows, and of somebody who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "own.pem").write_bytes(pem + secret)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "own.pem")
    return server, ssl.create_default_context(cadata=pem.decode())
